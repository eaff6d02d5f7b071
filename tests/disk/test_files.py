import json
import math
import os

import pytest

from ltmlc.disk.files import canonical_json, sha256_file, sha256_text, write_atomically


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


def test_written_files_can_be_read_by_others(tmp_path):
    write_atomically(tmp_path / "a", "x")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


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
