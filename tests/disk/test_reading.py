import os
from pathlib import Path

import pytest

from ltmlc.disk.reading import read_regular, read_text
from ltmlc.errors import InputError


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfa.jpg\n")
    assert read_text(tmp_path / "a.txt", limit=100) == "a.jpg\n"


def test_another_encoding_is_named_with_its_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\nb\xe9c\n")
    with pytest.raises(InputError, match=r"a\.txt, line 2 is not in UTF-8: byte 0xe9; .*'béc'; save it as UTF-8"):
        read_text(tmp_path / "a.txt", limit=100)


def test_what_may_have_no_end_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/stdin")):
        if path.exists() and not path.resolve().is_file():
            with pytest.raises(InputError, match="is a pipe or a device"):
                read_regular(path, limit=100)


def test_a_folder_a_missing_file_and_an_impossible_name_are_said(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_regular(tmp_path, limit=100)
    with pytest.raises(InputError, match=r"none\.txt cannot be read: No such file"):
        read_regular(tmp_path / "none.txt", limit=100)
    with pytest.raises(InputError, match=r"cannot be read: .*null"):
        read_regular(tmp_path / "a\x00b", limit=100)


def test_a_file_larger_than_the_limit_is_not_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(10**12)  # sparse: nothing lies on the disk
    with pytest.raises(InputError, match=r"has 1000000000000 bytes; at most 100 are read"):
        read_regular(tmp_path / "a", limit=100)
