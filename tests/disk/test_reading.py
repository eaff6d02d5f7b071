import os
from pathlib import Path

import pytest

from ltmlc.disk.reading import read_json, read_regular, read_text
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
    with pytest.raises(InputError, match=r"has 1000000000000 bytes, more than the 100 that are read"):
        read_regular(tmp_path / "a", limit=100)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff", b"[" * 100_000, b"NaN", b'{"a": -Infinity}', b"[1e400]", b'"\\ud800"', b'{"\\udfff": 1}',
        b"1" * 5000,
    ],
)  # fmt: skip
def test_json_that_could_not_be_written_again_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json is not readable JSON \(") as caught:
        read_json(tmp_path / "a.json")
    assert "\n" not in str(caught.value)


def test_json_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, 2.5, null, "\\ud83d\\ude00"]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, 2.5, None, "\U0001f600"]}
