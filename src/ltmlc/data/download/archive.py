"""Extracting downloaded archives: nothing leaves the target, and nothing half-extracted stays."""

import fnmatch
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from ltmlc.disk.files import open_regular
from ltmlc.disk.trouble import disk_errors
from ltmlc.errors import InputError

CONTENTS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".xml", ".json", ".txt", ".csv"}
"""How names of what is extracted end: photographs and annotations, nothing that a program would run."""
ROOM, PACKED = 100_000_000, 100
"""An archive may become so many bytes, and so many times its own."""

COMPRESSED = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
"""How compressed files begin."""
DAMAGED_ARCHIVE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)


def extract(archive: Path, into: Path, *, members: Sequence[str]) -> None:
    """Extract the members that match one of the patterns from a tar or zip archive into the folder ``into``.

    They are extracted beside and then moved into place file by file. A file that is already there stays as it is.

    Args:
        members: patterns of paths in the archive, such as ``VOCdevkit/VOC2007/JPEGImages/*``.

    Raises:
        InputError: the archive is damaged; a member would leave the folder, is a link or a device, or has no name of
            a photograph or annotation (then nothing is extracted); no member matches; or the disk refuses.
    """
    aside = into / f".{archive.name}.extracting"
    with disk_errors(into):
        open_regular(archive).close()
        into.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)  # of an interrupted extraction
        try:
            unpack = _unpack_zip if archive.suffix == ".zip" else _unpack_tar
            unpack(archive, aside, members)
            if not aside.exists():
                raise InputError(f"{archive} has no member {' or '.join(members)}; it is another archive")
            _move(aside, into)
        except DAMAGED_ARCHIVE as error:
            raise InputError(f"{archive} is damaged ({error}); delete it and run again") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _refuse_bomb(archive: Path, unpacked: int) -> None:
    """Nothing that is downloaded here packs better than 1 : 30; a few kilobytes of zeros can be gigabytes."""
    if unpacked > ROOM + PACKED * archive.stat().st_size:
        raise InputError(
            f"{archive} is not extracted: its {archive.stat().st_size} bytes would become more than {unpacked}, as no "
            "archive of data does; delete it, and download it from another place"
        )


def _unpack_tar(archive: Path, aside: Path, members: Sequence[str]) -> None:
    unpacked = 0
    # Left to itself tarfile tries every compression, and looks for the beginning of one through gigabytes of zeros.
    with archive.open("rb") as file:
        begins = file.read(max(map(len, COMPRESSED)))
    kind = next((kind for magic, kind in COMPRESSED.items() if begins.startswith(magic)), "")
    with tarfile.open(archive, f"r:{kind}") as tar:
        for member in tar:
            _refuse_outside(archive, member.name)
            if not (member.isreg() or member.isdir()):
                raise _refusal(archive, member.name, "is a link or a device")
            unpacked += member.size  # what is passed over is unpacked too
            _refuse_bomb(archive, unpacked)
            if member.isreg() and _matches(member.name, members):
                _refuse_code(archive, member.name)
                tar.extract(member, aside, filter="data")


def _unpack_zip(archive: Path, aside: Path, members: Sequence[str]) -> None:
    with zipfile.ZipFile(archive) as file:
        _refuse_bomb(archive, sum(member.file_size for member in file.infolist()))
        for member in file.infolist():
            _refuse_outside(archive, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the archive was not made on Unix
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refusal(archive, member.filename, "is a link or a device")
            if member.filename and not member.is_dir() and _matches(member.filename, members):
                _refuse_code(archive, member.filename)
                file.extract(member, aside)


def _refuse_outside(archive: Path, name: str) -> None:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise _refusal(archive, name, "would be written outside of the folder")


def _refusal(archive: Path, name: str, why: str) -> InputError:
    return InputError(
        f"{archive} is not extracted: its member {name!r} {why}, which no archive of this project needs; delete it, "
        "and download it from another place"
    )


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.removeprefix("./"), pattern) for pattern in patterns)


def _refuse_code(archive: Path, name: str) -> None:
    if PurePosixPath(name).suffix.lower() not in CONTENTS:
        raise _refusal(archive, name, "is neither a photograph nor an annotation")


def _move(aside: Path, into: Path) -> None:
    for path in sorted(aside.rglob("*")):
        target = into / path.relative_to(aside)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        elif not target.exists():
            path.replace(target)
