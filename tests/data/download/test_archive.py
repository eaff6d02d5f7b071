import errno
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from ltmlc.data.download.archive import extract
from ltmlc.errors import InputError

EVERYTHING = ["*"]


def tar_with(path, *members, compression=""):
    """A member is a name and its content, or a TarInfo."""
    with tarfile.open(path, f"w:{compression}") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return path


def zip_with(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def files_under(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("make, name", [(tar_with, "a.tar"), (zip_with, "a.zip")])
def test_only_the_wanted_members_are_extracted(tmp_path, make, name):
    archive = make(tmp_path / name, ("top/wanted/1.txt", b"one"), ("top/other/2.txt", b"two"), ("3.txt", b"three"))
    extract(archive, tmp_path / "out", members=["top/wanted/*", "3.txt"])
    assert files_under(tmp_path / "out") == ["3.txt", "top", "top/wanted", "top/wanted/1.txt"]
    assert (tmp_path / "out/top/wanted/1.txt").read_bytes() == b"one"


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz"])
def test_an_archive_that_would_become_a_thousand_times_as_large_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr("ltmlc.data.download.archive.ROOM", 100_000)
    zeros = ("wanted/zeros.txt", bytes(10_000_000))
    if name.endswith("zip"):
        archive = zip_with(tmp_path / name, zeros)
    else:
        archive = tar_with(tmp_path / name, zeros, compression=name[-2:])
    with pytest.raises(InputError, match=rf"{name} is not extracted: its \d+ bytes would become more than \d+"):
        extract(archive, tmp_path / "out", members=EVERYTHING)
    assert files_under(tmp_path / "out") == []


@pytest.mark.parametrize("compression", ["gz", "xz"])
def test_compressed_tar_is_extracted(tmp_path, compression):
    archive = tar_with(tmp_path / "a.tar", ("1.txt", b"one"), compression=compression)
    extract(archive, tmp_path / "out", members=EVERYTHING)
    assert files_under(tmp_path / "out") == ["1.txt"]


def test_leading_dot_of_member_names_does_not_hide_them(tmp_path):
    extract(tar_with(tmp_path / "a.tar", ("./top/1.txt", b"one")), tmp_path / "out", members=["top/*"])
    assert files_under(tmp_path / "out") == ["top", "top/1.txt"]


def test_what_is_there_stays_and_what_is_missing_comes_beside_it(tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "top/mine.txt").write_text("mine")
    (tmp_path / "top/1.txt").write_text("mine too")
    archive = tar_with(tmp_path / "a.tar", ("top/1.txt", b"one"), ("top/2.txt", b"two"))
    extract(archive, tmp_path, members=["top/*"])
    assert {path.name: path.read_text() for path in (tmp_path / "top").iterdir()} == {
        "mine.txt": "mine",
        "1.txt": "mine too",
        "2.txt": "two",
    }


def test_leftovers_of_an_interrupted_extraction_go(tmp_path):
    aside = tmp_path / "out" / ".a.tar.extracting"
    aside.mkdir(parents=True)
    (aside / "half.txt").write_text("ha")
    extract(tar_with(tmp_path / "a.tar", ("1.txt", b"one")), tmp_path / "out", members=EVERYTHING)
    assert files_under(tmp_path / "out") == ["1.txt"]


HOSTILE = {
    "traversal": ("../evil.txt", b""),
    "traversal inside": ("top/../../evil.txt", b""),
    "absolute": ("/tmp/ltmlc-evil.txt", b""),
    "windows drive": ("C:/evil.txt", b""),
    "backslashes": ("top\\..\\..\\evil.txt", b""),
}


@pytest.mark.parametrize("member", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("make, name", [(tar_with, "a.tar"), (zip_with, "a.zip")])
def test_archive_with_a_member_that_leaves_the_folder_is_refused_whole(tmp_path, make, name, member):
    archive = make(tmp_path / name, ("good.txt", b"good"), member)
    with pytest.raises(InputError, match=r"is not extracted: its member .* would be written outside of the folder"):
        extract(archive, tmp_path / "out", members=["*.txt"])
    assert files_under(tmp_path / "out") == []
    assert files_under(tmp_path) == [name, "out"]


SPECIAL = {
    "symbolic link out": special("link", tarfile.SYMTYPE, "/etc/passwd"),
    "symbolic link inside": special("link", tarfile.SYMTYPE, "good.txt"),
    "hard link": special("link", tarfile.LNKTYPE, "good.txt"),
    "character device": special("device", tarfile.CHRTYPE),
    "block device": special("device", tarfile.BLKTYPE),
    "pipe": special("pipe", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("member", SPECIAL.values(), ids=SPECIAL)
def test_tar_with_a_link_or_a_device_is_refused_whole(tmp_path, member):
    archive = tar_with(tmp_path / "a.tar", ("good.txt", b"good"), member)
    with pytest.raises(InputError, match=f"its member '{member.name}' is a link or a device"):
        extract(archive, tmp_path / "out", members=["good.txt"])
    assert files_under(tmp_path / "out") == []


def test_zip_with_a_symbolic_link_is_refused_whole(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = zip_with(tmp_path / "a.zip", ("good.txt", b"good"), (link, b"/etc/passwd"))
    with pytest.raises(InputError, match="its member 'link' is a link or a device"):
        extract(archive, tmp_path / "out", members=EVERYTHING)
    assert files_under(tmp_path / "out") == []


def test_file_modes_of_an_archive_are_not_trusted(tmp_path):
    info = tarfile.TarInfo("1.txt")
    info.mode = 0o4777
    extract(tar_with(tmp_path / "a.tar", info), tmp_path / "out", members=EVERYTHING)
    assert (tmp_path / "out/1.txt").stat().st_mode & 0o7022 == 0


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_damaged_archive_is_one_sentence_and_leaves_nothing(tmp_path, name):
    make = tar_with if name == "a.tar" else zip_with
    archive = make(tmp_path / name, ("1.txt", bytes(9000)), ("2.txt", bytes(9000)))
    archive.write_bytes(archive.read_bytes()[:-12_000] if name == "a.tar" else archive.read_bytes()[:-20])
    with pytest.raises(InputError, match=rf"{name} is damaged .*; delete it and run again"):
        extract(archive, tmp_path / "out", members=EVERYTHING)
    assert files_under(tmp_path / "out") == []


def test_something_else_than_an_archive_is_one_sentence(tmp_path):
    (tmp_path / "a.tar").write_text("<html>")
    with pytest.raises(InputError, match="is damaged"):
        extract(tmp_path / "a.tar", tmp_path / "out", members=EVERYTHING)


def test_archive_without_the_wanted_members_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.tar has no member top/\* or rest/\*; it is another archive"):
        extract(tar_with(tmp_path / "a.tar", ("1.txt", b"")), tmp_path / "out", members=["top/*", "rest/*"])


def test_full_disk_is_one_sentence_and_leaves_nothing_half(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    archive = tar_with(tmp_path / "a.tar", ("1.txt", b"one"))
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match="the disk is full"):
        extract(archive, tmp_path / "out", members=EVERYTHING)
    assert files_under(tmp_path / "out") == []
