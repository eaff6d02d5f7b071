"""What can go wrong with the disk, as one sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltmlc.errors import InputError


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says while ``path`` is written into an InputError."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"{path}: the disk is full; free space or set data.root to a larger disk, and run again"
        elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
            message = f"{where}: no permission to write; make it writable for you, or set data.root to another folder"
        else:
            message = f"{where}: {error.strerror or error}"
        raise InputError(message) from error


def require_space(folder: Path, needed: int) -> None:
    """Raise InputError if fewer than ``needed`` bytes are free where ``folder`` is, or will be made."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"{folder.absolute()} has {size_text(free)} free, but {size_text(needed)} are needed (archives while they "
            "are extracted included); free space, or set data.root to a larger disk"
        )


def size_text(size: float | None) -> str:
    """``"2.0 GB"``; units of 1000, as disks and servers count."""
    if size is None:
        return "size unknown"
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
