"""What can go wrong with the disk, as one sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltmlc.disk.files import nearest_folder
from ltmlc.errors import InputError, one_line

MENDABLE = {
    errno.ENOSPC: "the disk is full: free space",
    errno.EDQUOT: "your quota of the disk is used up: free space",
    errno.EROFS: "the file system is read-only: make it writable, or choose another place",
    errno.EACCES: "no permission: make it readable and writable for you, or choose another place",
    errno.EPERM: "no permission: make it readable and writable for you, or choose another place",
    **dict.fromkeys(
        (errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO),
        "the disk, or the server it is on, does not answer as it should: mend it, or choose another place",
    ),
    errno.ENOENT: "it is not there and cannot be made there, or was taken away meanwhile: choose another place",
    errno.EINVAL: "it is a pipe or a device, which may have no end, or no name for a file there: choose another place",
    errno.EFBIG: "it is larger than the file system takes: choose another place",
    **dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
        "something else lies where this is to be written, or the name is too long: move it, or choose another place",
    ),
}
"""What the operating system refuses and a user can mend -> what it is and how."""


def mendable(error: OSError) -> str | None:
    """The sentence for what a user can mend; None for another trouble."""
    where = f"{one_line(str(error.filename))}: " if error.filename else ""
    problem = MENDABLE.get(error.errno)
    return problem and f"{where}{problem}; what is finished is safe, run the same again then"


@contextmanager
def disk_errors(
    path: Path, then: str = "run the same again then, or set data.root to another folder"
) -> Iterator[None]:
    """Turn what the file system says while ``path`` is written into an InputError, which ends with ``then``."""
    try:
        yield
    except OSError as error:
        problem = MENDABLE.get(error.errno) or error.strerror or error
        raise InputError(f"{error.filename or path}: {problem}; {then}") from error


def require_space(folder: Path, needed: int) -> None:
    """Raise InputError if fewer than ``needed`` bytes are free where ``folder`` is, or will be made."""
    free, there = free_bytes(folder), nearest_folder(folder)
    if free < needed:
        raise InputError(
            f"{there} has {size_text(free)} free, but {size_text(needed)} are needed (archives while they "
            "are extracted included); free space, or set data.root to a larger disk"
        )


def free_bytes(folder: Path) -> int:
    """Free where ``folder`` is, or will be made."""
    return shutil.disk_usage(nearest_folder(folder)).free


def size_text(size: float | None) -> str:
    """``"2.0 GB"``; units of 1000, as disks and servers count."""
    if size is None:
        return "size unknown"
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
