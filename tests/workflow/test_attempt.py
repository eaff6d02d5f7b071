import json
import os

import pytest
from filelock import FileLock

from ltmlc.data.sources.digits import DigitsSource
from ltmlc.data.split import load_split, make_split, save_split
from ltmlc.disk.checksums import RUN_SUMS, changed_files, write_sums
from ltmlc.errors import InputError
from ltmlc.workflow.attempt import attempt_run
from ltmlc.workflow.kept import FINISHED

RESULT = {"dataset": "tiny", "run": "dr", "seed": 0, "spec": {"batch_size": 32}, "code": "c0de"}


@pytest.fixture
def split(tmp_path):
    path = tmp_path / "data" / "split.json"
    save_split(make_split("tiny", DigitsSource(inks=1, pool=60, test=10), {}), path)
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def finish(out, split):
    """``finish(folder)`` leaves there what a training leaves."""

    def do(folder=out, **changes) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        content = {**RESULT, "split_sha256": load_split(split).sha256, **changes}
        (folder / "metrics.json").write_text(json.dumps(content))
        (folder / "predictions.npz").write_bytes(b"predictions")
        write_sums(folder / RUN_SUMS, [folder / "metrics.json", folder / "predictions.npz"])
        return 0

    return do


def never() -> int:
    raise AssertionError("it was trained again")


def test_a_finished_run_has_checksums_and_an_interrupted_one_none(out, split, finish):
    assert attempt_run(finish, out, split=split, **RESULT) == 0
    assert len((out / RUN_SUMS).read_text().splitlines()) == 2
    assert changed_files(out / RUN_SUMS) == []
    assert attempt_run(lambda: 75, out, split=split, **RESULT) == 75
    assert not (out / RUN_SUMS).exists()


def test_weights_of_an_earlier_result_get_no_checksum_beside_the_next(out, split, finish):
    """Of a run whose network is not kept this time, or that diverged: they would be taken for its own."""
    finish()
    (out / "weights.pt").write_bytes(b"earlier")
    assert attempt_run(finish, out, split=split, **RESULT) == 0
    assert not (out / "weights.pt").exists() and "weights.pt" not in (out / RUN_SUMS).read_text()


def test_what_snakemake_deletes_for_its_date_is_there_for_the_next_attempt(out, split, finish):
    tomorrow = split.stat().st_mtime_ns + 86400 * 10**9
    os.utime(split, ns=(tomorrow, tomorrow))
    attempt_run(finish, out, split=split, **RESULT)
    for _ in range(2):
        for path in (out / "metrics.json", out / "predictions.npz"):
            path.unlink()
        assert attempt_run(never, out, split=split, **RESULT) == 0
        assert changed_files(out / RUN_SUMS) == []
        assert (out / "metrics.json").exists()


def finish_while_waited_for(monkeypatch, out, finish, **changes):
    """Another process holds the run, and finishes it as soon as this one says that it waits."""
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    lock.acquire()

    def say(sentence):
        if "waiting for it" in sentence:
            finish(**changes)
            lock.release()

    monkeypatch.setattr("ltmlc.workflow.attempt._say", say)


def test_what_another_process_finished_meanwhile_is_not_trained_again(monkeypatch, out, split, finish):
    finish_while_waited_for(monkeypatch, out, finish)
    assert attempt_run(never, out, split=split, **RESULT) == 0


def test_what_another_process_made_of_other_code_is_trained_again(monkeypatch, out, split, finish):
    finish_while_waited_for(monkeypatch, out, finish, code="older")
    assert attempt_run(finish, out, split=split, **RESULT) == 0
    assert json.loads((out / "metrics.json").read_text())["code"] == "c0de"


@pytest.mark.parametrize(("changes", "kept"), [({}, True), ({"code": "older"}, False), ({"split_sha256": "0"}, False)])
def test_a_result_in_safety_comes_back_if_it_is_what_is_asked_for(out, split, finish, changes, kept):
    finish(out / FINISHED, **changes)
    trained = []
    attempt_run(lambda: trained.append(1) or finish(), out, split=split, **RESULT)
    assert bool(trained) != kept
    assert (out / "metrics.json").exists()
    assert (out / FINISHED).exists() == kept, "planning removes it, when the run is known to be in its place"


def test_a_file_that_another_job_moves_into_place_meanwhile_fails_no_finished_training(out, split, finish):
    """Between the listing and the look at its date; in its place a link that leads nowhere."""
    (split.parent / ".features.npz.0a1b2c3d.unfinished").symlink_to("features.npz")
    assert attempt_run(finish, out, split=split, **RESULT) == 0
    assert changed_files(out / RUN_SUMS) == []


@pytest.mark.parametrize("damage", ["no checksums", "predictions cut", "predictions gone"])
def test_what_is_in_safety_without_a_checksum_that_fits_does_not_come_back(out, split, finish, damage):
    finish(out / FINISHED)
    if damage == "no checksums":
        (out / FINISHED / RUN_SUMS).unlink()
    elif damage == "predictions cut":
        (out / FINISHED / "predictions.npz").write_bytes(b"pred")
    else:
        (out / FINISHED / "predictions.npz").unlink()
    trained = []
    attempt_run(lambda: trained.append(1) or finish(), out, split=split, **RESULT)
    assert trained and (out / "predictions.npz").read_bytes() == b"predictions"


def test_a_lost_gpu_is_one_sentence_and_other_errors_stay_what_they_are(out, split):
    def lose():
        raise RuntimeError("CUDA error: unspecified launch failure\nCompile with ...")

    def fail():
        raise RuntimeError("shapes do not fit")

    with pytest.raises(InputError, match=r"GPU was lost or failed \(CUDA error: unspecified launch failure\)") as told:
        attempt_run(lose, out, split=split, **RESULT)
    assert "\n" not in str(told.value)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        attempt_run(fail, out, split=split, **RESULT)
