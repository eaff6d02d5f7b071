import os

import numpy as np
import pytest

from ltmlc.disk import arrays
from ltmlc.disk.arrays import DAMAGED_ARRAYS, read_arrays


def test_the_arrays_that_are_asked_for_come_back(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", logits=np.ones((3, 2)), other=np.zeros(1))
    assert read_arrays(tmp_path / "a.npz", ["logits"])["logits"].tolist() == np.ones((3, 2)).tolist()
    with pytest.raises(KeyError):
        read_arrays(tmp_path / "a.npz", ["labels"])
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "b.npz", ["labels"])


def test_a_small_file_that_unpacks_to_much_is_refused_unread(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", logits=np.zeros(10**6))
    np.savez(tmp_path / "stored.npz", logits=np.zeros(10**6))
    monkeypatch.setattr(arrays, "UNPACKED", 10**6)
    assert len(read_arrays(tmp_path / "stored.npz", ["logits"])["logits"]) == 10**6, "what is stored bounds itself"
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(ValueError, match=r"it unpacks to 8\d+ bytes, more than the 1000000 that are read"):
        read_arrays(tmp_path / "a.npz", ["logits"])


def test_what_is_no_such_file_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", logits=np.random.default_rng(0).random(100))
    whole = (tmp_path / "whole.npz").read_bytes()
    for content in (b"", b"PK", whole[:300], whole[:200] + b"\0" * 100 + whole[300:]):
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(DAMAGED_ARRAYS):
            read_arrays(tmp_path / "a.npz", ["logits"])
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ValueError, match="it is a pipe or a device"):
        read_arrays(tmp_path / "pipe.npz", ["logits"])
