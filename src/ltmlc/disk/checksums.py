"""Checksums beside results, as ``sha256sum`` writes and checks them: what was edited or cut short later is noticed."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ltmlc.disk.files import sha256_file, write_atomically

RUN_SUMS = "SHA256SUMS"
SMALL = 100_000
"""Bytes. Larger files are read again only if they are younger than their checksums: planning must stay instant."""


def write_sums(sums: str | Path, files: Iterable[str | Path]) -> None:
    """One line a file, names relative to the folder of ``sums``. A full disk is no error here: without checksums files
    are believed.
    """
    sums = Path(sums)
    with suppress(OSError):
        write_atomically(sums, "".join(f"{sha256_file(file)}  {Path(file).name}\n" for file in files))


def changed_files(sums: str | Path, *, only: str | None = None) -> list[Path]:
    """The files whose content is no longer what ``sums`` says.

    Absent files, and an absent ``sums``, are no change.

    Args:
        only: look at the file of this name alone.
    """
    sums = Path(sums)
    try:
        lines, written = sums.read_text(encoding="utf-8").splitlines(), sums.stat().st_mtime_ns
    except (OSError, UnicodeDecodeError):
        return []
    named = ((sums.with_name(name), sha256) for sha256, _, name in (line.partition("  ") for line in lines) if name)
    return [path for path, sha256 in named if only in (None, path.name) and _changed(path, sha256, written)]


def _changed(path: Path, sha256: str, written: int) -> bool:
    try:
        state = path.stat()
        return (state.st_size <= SMALL or state.st_mtime_ns > written) and sha256_file(path) != sha256
    except FileNotFoundError:
        return False
