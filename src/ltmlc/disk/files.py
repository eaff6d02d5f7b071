"""Small file helpers: canonical JSON, hashes, and writes that are whole or not at all."""

import errno
import hashlib
import itertools
import json
import os
import secrets
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

UNFINISHED = ".unfinished"
"""How the names end under which files are written before they are moved into place."""
WRITING = 60
"""Seconds that a file may take to be written."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def differences(first: Any, second: Any, key: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted names of the entries in which two nested mappings differ -> both values, None where there is none."""
    if isinstance(first, dict) and isinstance(second, dict):
        found = {}
        for name in sorted(first.keys() | second.keys()):
            found |= differences(first.get(name), second.get(name), f"{key}.{name}" if key else name)
        return found
    return {} if first == second else {key: (first, second)}


def sha256_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def open_regular(path: str | Path) -> BinaryIO:
    """A file to be read. Raises OSError; also for a pipe or a device, which may have no end."""
    mode = Path(path).stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, which may have no end", str(path))
    return Path(path).open("rb")


def sha256_file(path: str | Path) -> str:
    """Raises OSError as :func:`open_regular`."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, and beside them their own checksum: what is edited or cut short later is noticed."""
    return {**fields, "sha256": sha256_text(canonical_json(fields))}


def unsealed(content: bytes) -> dict[str, Any] | None:
    """The fields of a JSON text that :func:`sealed` made, checksum included; None where it does not fit them."""
    try:
        fields = json.loads(content)
        return fields if sealed({key: value for key, value in fields.items() if key != "sha256"}) == fields else None
    except (ValueError, AttributeError, TypeError, RecursionError):  # not JSON, not a mapping
        return None


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write beside ``path``, flush to disk, then move into place: no reader and no crash ever sees half a file.

    Who may read the file is as the umask says. What a kill leaves beside it is for :func:`remove_unfinished`.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.is_char_device() or path.is_block_device() or (path.is_symlink() and path.is_fifo()):
            raise FileExistsError(errno.EEXIST, "is a device")  # which a root would replace by a file, for all
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_beside(path, data)
    except OSError as error:
        error.filename = str(path)  # what the caller asked for; a full disk comes without a name
        raise


def write_texts(directory: str | Path, texts: Mapping[str, str]) -> list[Path]:
    """Write each text into the file of its name; returns their paths."""
    paths = [Path(directory) / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_atomically(path, text)
    return paths


def _write_beside(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path) -> None:
    """Remove what :func:`write_atomically` began in this folder and was killed over, not what is being written now."""
    for path in folder.glob(f".*{UNFINISHED}"):
        try:
            if time.time() - path.stat().st_mtime > WRITING:
                path.unlink()
        except FileNotFoundError:  # moved into place, or removed by another
            continue


def nearest_folder(path: Path) -> Path:
    """The folder itself, or where it is not there yet the one above it that is; absolute."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def make_room(path: Path) -> Path | None:
    """Set aside what stands where a file is to be written and is none (a folder, a pipe); returns where it is."""
    return path.rename(name_aside(path)) if os.path.lexists(path) and not path.is_file() else None


def name_aside(path: Path) -> Path:
    """``NAME.damaged``, or ``NAME.damaged-2`` and so on, the first that is free: what was kept before stays."""
    names = (path.with_name(f"{path.name}.damaged{'' if k == 1 else f'-{k}'}") for k in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name))
