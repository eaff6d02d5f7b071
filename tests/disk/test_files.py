import json
import math
import os
import subprocess
import sys

import pytest

from ltmlc.disk.files import (
    canonical_json,
    name_aside,
    remove_unfinished,
    sha256_file,
    sha256_text,
    write_atomically,
)


def test_equal_values_give_equal_text_whatever_the_order_of_their_keys():
    assert canonical_json({"b": [1, 2], "a": "γ"}) == canonical_json({"a": "γ", "b": (1, 2)}) == '{"a":"γ","b":[1,2]}'


def test_numbers_that_json_does_not_have_are_refused():
    with pytest.raises(ValueError):
        canonical_json({"loss": math.nan})


def test_file_and_text_with_the_same_bytes_have_the_same_checksum(tmp_path):
    (tmp_path / "a").write_bytes("γ\n".encode())
    assert sha256_file(tmp_path / "a") == sha256_text("γ\n")
    assert sha256_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_writing_makes_the_folder_and_leaves_nothing_else_in_it(tmp_path):
    target = tmp_path / "new" / "metrics.json"
    write_atomically(target, "first")
    write_atomically(target, b"second")
    assert target.read_text() == "second"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_who_may_read_a_written_file_is_as_the_umask_says(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_what_a_kill_left_beside_a_file_is_removed_and_what_is_being_written_is_not(tmp_path):
    code = """
import os, signal, sys
sys.path[:0] = PATH
from ltmlc.disk import files
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
files.write_atomically(sys.argv[1], "{}")
""".replace("PATH", repr(sys.path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, tmp_path / "running.json"], check=False)
    old, young = tmp_path.iterdir()
    os.utime(old, (1_000_000_000, 1_000_000_000))
    (tmp_path / ".lock").write_text("")
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".lock", young.name])


def test_a_second_damaged_file_does_not_replace_the_first(tmp_path):
    for content in ("first", "second", "third"):
        (tmp_path / "metrics.json").write_text(content)
        (tmp_path / "metrics.json").rename(name_aside(tmp_path / "metrics.json"))
    names = [f"metrics.json.damaged{number}" for number in ("", "-2", "-3")]
    assert [(tmp_path / name).read_text() for name in names] == ["first", "second", "third"]


def test_a_failure_while_writing_keeps_the_old_file_and_removes_the_new_one(tmp_path, monkeypatch):
    target = tmp_path / "metrics.json"
    write_atomically(target, json.dumps({"status": "finished"}))

    def full_disk(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space") as told:
        write_atomically(target, "half")
    assert told.value.filename == str(target), "the system names no file when the disk is full"
    assert json.loads(target.read_text()) == {"status": "finished"}
    assert list(tmp_path.iterdir()) == [target]


def test_a_device_is_never_replaced_by_a_file(tmp_path):
    path = tmp_path / "out"
    path.symlink_to("/dev/null")
    with pytest.raises(FileExistsError):
        write_atomically(path, "text")
    assert path.is_char_device() and path.is_symlink()
