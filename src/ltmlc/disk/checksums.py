"""Checksums beside results, as ``sha256sum`` writes and checks them: what was edited or cut short later is noticed.

They can be damaged themselves. A file of other content has another hash in nearly every digit, so a hash that stands
there but for a few digits is that of the file, and the checksums are what was damaged.
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from ltmlc.disk.files import open_regular, sha256_file, write_atomically
from ltmlc.errors import InputError

RUN_SUMS = "SHA256SUMS"
SMALL_FILE = 100_000
"""Bytes. Larger files are read again only if they are younger than their checksums: planning must stay instant."""
LARGEST_SUMS = 10_000
"""Bytes of checksums that are read; those of a run have 400."""
HASH = 64
"""Digits of a hash."""
DAMAGED_DIGITS = 8
"""So many may differ: of two contents that happens once in 10^60."""


def write_sums(sums: str | Path, files: Iterable[str | Path]) -> None:
    """One line a file, names relative to the folder of ``sums``."""
    lines = (f"{sha256_file(file)}  {Path(file).name}\n" for file in files)
    write_atomically(sums, "".join(lines))


def changed_files(sums: str | Path, *, only: str | None = None) -> list[Path]:
    """The files whose content is no longer what ``sums`` says; with ``only``, the file of that name alone.

    Absent files, and an absent ``sums``, are no change.

    Raises:
        InputError: the disk does not let a file be read; it may be whole.
    """
    sums = Path(sums)
    text, written = _read(sums)
    names = [name for _, _, name in (line.partition("  ") for line in text.split("\n")) if _is_plain(name)]
    return [sums.with_name(name) for name in names if only in (None, name) and _changed(sums, name, text, written)]


def has_checksum(sums: str | Path, file: str | Path) -> bool:
    """Whether the content of ``file`` is one that ``sums`` knows. Raises InputError as :func:`changed_files`."""
    return _knows(_read(Path(sums))[0], Path(file))


def mend_sums(sums: str | Path, files: Iterable[str | Path]) -> bool:
    """Write damaged checksums anew if all they are of, the ``files`` that are there, is whole. Whether it did."""
    sums, named = Path(sums), [Path(file) for file in files]
    text, _ = _read(sums)
    files = [file for file in named if file.is_file()]
    if any(file.name in text for file in named if file not in files):
        return False
    small = [file for file in files if file.stat().st_size <= SMALL_FILE]
    lines = text.split("\n")[:-1]
    right = sorted(line[HASH:] for line in lines) == sorted(f"  {file.name}" for file in files)
    if not text or (right and all(f"{sha256_file(file)}  {file.name}" in lines for file in small)):
        return False
    whole = all(_knows(text, file) for file in files)
    if whole:
        write_sums(sums, files)
    return whole


def _read(sums: Path) -> tuple[str, int]:
    """Its text and date; an empty one where there is none."""
    try:
        with open_regular(sums) as file:
            return file.read(LARGEST_SUMS).decode(errors="replace"), sums.stat().st_mtime_ns
    except OSError as error:
        if _is_no_file(error):
            return "", 0
        raise _unreadable(sums, error) from None


def _is_plain(name: str) -> bool:
    """Whether this is the name of a file beside the checksums, as no damaged one can lead elsewhere."""
    return 0 < len(os.fsencode(name)) < 256 and not set(name) & set("/\\\0") and name not in (".", "..")


def _changed(sums: Path, name: str, text: str, written: int) -> bool:
    path = sums.with_name(name)
    try:
        state = path.stat()
        return (state.st_size <= SMALL_FILE or state.st_mtime_ns > written) and not _knows(text, path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unreadable(path, error) from None


def _knows(text: str, file: Path) -> bool:
    try:
        sha256 = sha256_file(file)
    except OSError as error:
        if _is_no_file(error):
            return False
        raise _unreadable(file, error) from None
    windows = (text[start : start + HASH] for start in range(len(text) - HASH + 1))
    return sha256 in text or any(_nearly_equal(sha256, window) for window in windows)


def _nearly_equal(sha256: str, other: str) -> bool:
    return sum(a != b for a, b in zip(sha256, other, strict=True)) <= DAMAGED_DIGITS


def _is_no_file(error: OSError) -> bool:
    """Whether what has the name is none, or no regular one; else the disk may be at fault."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.ELOOP)


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be read ({error.strerror or error}): it may be whole, so nothing is made in its place; "
        "mend the disk or the permission, and run the same again"
    )
