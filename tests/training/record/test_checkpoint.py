import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ltmlc.training.record import checkpoint
from ltmlc.training.record.checkpoint import load_checkpoint, remove_checkpoints, save_checkpoint
from ltmlc.training.sgd import SGD

STAMP = {"spec": {"recipe": {"lr": 0.02}, "loss": ["dr"]}, "seed": 0, "code": "abc"}


KILLED_WHILE_WRITING = """
import os, signal, sys
sys.path[:0] = PATH
from ltmlc.training.record import checkpoint
os.fsync = lambda handle: (os.ftruncate(handle, 500), os.kill(os.getpid(), signal.SIGKILL))
checkpoint.save_checkpoint(sys.argv[1], {"iteration": 9}, {})
""".replace("PATH", repr(sys.path))


def state(iteration):
    return {
        "iteration": iteration,
        "weights": {"w": torch.full((50,), float(iteration))},
        "sampler": (3, tuple(range(625)), None),
        "history": [{"loss": 0.5, "done": True}],
    }


def load(directory, stamp=STAMP):
    found, message = load_checkpoint(directory, stamp)
    return (None if found is None else found["iteration"]), message


@pytest.fixture
def two(tmp_path):
    assert save_checkpoint(tmp_path, state(1), STAMP) is None
    assert save_checkpoint(tmp_path, state(2), STAMP) is None
    return tmp_path


def test_a_saved_state_comes_back_whole(tmp_path):
    save_checkpoint(tmp_path / "made", state(4), STAMP)
    found, message = load_checkpoint(tmp_path / "made", STAMP)
    assert torch.equal(found["weights"].pop("w"), state(4)["weights"].pop("w"))
    assert found["sampler"] == state(4)["sampler"]
    assert found["history"] == state(4)["history"]
    assert message == f"continuing from {tmp_path / 'made' / 'last.pt'}"


def test_the_last_two_are_kept_and_nothing_else(two):
    save_checkpoint(two, state(3), STAMP)
    assert sorted(path.name for path in two.iterdir()) == ["last.pt", "previous.pt"]
    assert load(two)[0] == 3
    (two / "last.pt").unlink()
    assert load(two)[0] == 2


def test_the_dropout_and_optimiser_states_of_torch_survive(tmp_path):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = SGD([weight], lr=0.1, momentum=0.9)
    weight.sum().backward()
    optimizer.step()
    generator = torch.Generator().manual_seed(3)
    saved = {"optimizer": optimizer.state_dict(), "dropout": generator.get_state()}
    save_checkpoint(tmp_path, saved, STAMP)
    found, _ = load_checkpoint(tmp_path, STAMP)
    assert torch.equal(found["dropout"], generator.get_state())
    assert torch.equal(found["optimizer"]["state"][0]["momentum_buffer"], torch.ones(3))


def test_no_checkpoint_says_so(tmp_path):
    assert load(tmp_path / "none") == (None, f"no checkpoint in {tmp_path / 'none'}: starting anew")


def flip(content):
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (flip, "does not fit its checksum"),
        (lambda content: content[:-1], r"is damaged: \d+ bytes of \d+"),
        (lambda content: content[:60], "is damaged"),
        (lambda content: b"", "not a checkpoint of this format"),
        (lambda content: b"\0" * len(content), "not a checkpoint of this format"),
        (lambda content: checkpoint.FORMAT + b"[]\n", "is damaged"),
        (lambda content: checkpoint.FORMAT + b"\xff\xfe\n", "is damaged"),
    ],
)
def test_a_damaged_file_falls_back_to_the_one_before_and_then_to_a_new_start(two, damage, reason):
    last, previous = two / "last.pt", two / "previous.pt"
    last.write_bytes(damage(last.read_bytes()))
    iteration, message = load(two)
    assert iteration == 1
    assert message.startswith(f"{last} ")
    assert re.search(reason, message)
    assert message.endswith(f"; continuing from {previous}")
    previous.write_bytes(damage(previous.read_bytes()))
    iteration, message = load(two)
    assert iteration is None
    assert len(re.findall(reason, message)) >= 2
    assert message.endswith("; starting anew")


def test_another_runs_checkpoint_is_not_used_and_the_differences_are_named(two):
    other = {"spec": {"recipe": {"lr": 0.01}, "loss": ["dr"]}, "seed": 0, "code": "abc", "torch": "2.14"}
    iteration, message = load(two, other)
    assert iteration is None
    assert 'last.pt belongs to another run (spec.recipe.lr: 0.02, now 0.01, torch: null, now "2.14")' in message
    assert message.endswith("starting anew")


def test_code_in_a_checkpoint_is_never_run(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_check_plain", lambda *_: None)
    save_checkpoint(tmp_path, {"path": Path("/")}, STAMP)
    iteration, message = load(tmp_path)
    assert iteration is None
    assert "is damaged: it is no file of a checkpoint" in message


def test_a_value_that_could_not_be_loaded_is_refused_when_saving(two):
    with pytest.raises(TypeError, match=r"state\['a'\]\[1\] is a ndarray"):
        save_checkpoint(two, {"a": [1, np.zeros(2)]}, STAMP)
    with pytest.raises(TypeError, match=r"state\['lr'\] is a float64"):
        save_checkpoint(two, {"lr": np.float64(1)}, STAMP)
    assert load(two)[0] == 2


def test_a_full_disk_leaves_both_and_says_so(two, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    warning = save_checkpoint(two, state(3), STAMP)
    assert warning.startswith(f"checkpoint not saved in {two}: No space left on device")
    assert not (two / "partial.pt").exists(), "half a file would keep the disk full"
    assert load(two)[0] == 2
    (two / "last.pt").unlink()
    assert load(two)[0] == 1
    monkeypatch.undo()
    assert save_checkpoint(two, state(4), STAMP) is None
    assert load(two)[0] == 4


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_killed_between_two_renames_a_good_checkpoint_is_left(two, monkeypatch, moved):
    replace, calls = Path.replace, []

    def die(self, target):
        if len(calls) == moved:
            raise KeyboardInterrupt
        calls.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", die)
    if moved < 2:
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(two, state(3), STAMP)
    else:
        save_checkpoint(two, state(3), STAMP)
    monkeypatch.undo()
    assert load(two)[0] == 3, "what was written in full is used wherever it stands"
    save_checkpoint(two, state(4), STAMP)
    assert load(two)[0] == 4
    assert not (two / "partial.pt").exists()


def test_killed_while_writing_the_next_start_continues_and_the_rest_is_overwritten(two):
    assert subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, two], check=False).returncode == -signal.SIGKILL
    assert (two / "partial.pt").stat().st_size == 500
    assert load(two) == (2, f"continuing from {two / 'last.pt'}")
    save_checkpoint(two, state(4), STAMP)
    assert sorted(path.name for path in two.iterdir()) == ["last.pt", "previous.pt"]
    assert load(two)[0] == 4


def test_resuming_past_a_damaged_file_never_leaves_fewer_than_one_good(two, monkeypatch):
    (two / "last.pt").write_bytes(b"damaged")
    replace = Path.replace

    def die_before_the_second(self, target):
        if self.name == "partial.pt":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", die_before_the_second)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(two, state(3), STAMP)  # the damaged file has just replaced the good previous one
    monkeypatch.undo()
    assert load(two)[0] == 3


@pytest.mark.parametrize("damaged", [(), ("last.pt",), ("last.pt", "previous.pt")])
def test_a_second_kill_does_not_lose_what_the_first_left_in_the_partial_file(two, monkeypatch, damaged):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        save_checkpoint(two, state(3), STAMP)
    for name in damaged:
        (two / name).write_bytes(b"damaged")
    assert load(two) == (3, f"continuing from {two / 'partial.pt'}")
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, two], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert load(two)[0] == 3
    (two / "last.pt").write_bytes(b"damaged too")
    assert load(two)[0] == {0: 2, 1: 1, 2: None}[len(damaged)], "the better of the two that were there is kept"


def test_a_partial_file_is_used_where_nothing_can_be_written(two, monkeypatch):
    (two / "last.pt").rename(two / "partial.pt")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "Read-only")))
    assert load(two)[0] == 2


def test_a_folder_in_the_place_of_a_checkpoint_is_set_aside_with_a_sentence(two):
    for _ in range(2):  # a second time beside what was kept the first
        (two / "last.pt").unlink()
        (two / "last.pt").mkdir()
        iteration, message = load(two)
        assert iteration == 1
        assert message.startswith(f"{two / 'last.pt'} is no file: kept as last.pt.damaged")
        assert save_checkpoint(two, state(1), STAMP) is None
        assert save_checkpoint(two, state(1), STAMP) is None
    assert (two / "last.pt.damaged-2").is_dir()
    remove_checkpoints(two)
    assert sorted(path.name for path in two.iterdir()) == ["last.pt.damaged", "last.pt.damaged-2"]


def test_a_finished_run_leaves_no_checkpoint(two):
    (two / "partial.pt").write_bytes(b"")
    remove_checkpoints(two)
    assert not list(two.iterdir())
