"""A clock that goes backwards, and files from the future: what a reset clock or a file server's own clock leave."""

import os
import time
from pathlib import Path

import pytest
from faults.configuration import DATASET, RUNS

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.skipif(FAKETIME is None, reason="the clock cannot be turned: Debian's package faketime is not installed")
def test_a_clock_set_back_a_day_in_the_middle_of_a_training(half, undisturbed, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    turned = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    # Clocks that only count go on as they do, and files keep the times that the kernel gives them.
    turned |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "FAKE_UTIME": "0"}
    first = half.start(**turned)
    first.wait_until(half.checkpointed, "a checkpoint")
    clock.write_text("-1d")
    # Snakemake refuses outputs that are older than their input; the training is not lost to that.
    assert "could indicate a clock skew problem" in first.ends(1)
    kept = half.folder() / "finished" / "metrics.json"
    trained = kept.read_bytes()
    assert "the clock stands before the date of the data" in half.log()
    assert "were dated in the future" in half.run(**turned)
    assert (half.folder() / "metrics.json").read_bytes() == trained
    assert half.evidence() == undisturbed.evidence()
    assert half.planned_trainings() == 0


def test_data_from_the_future_are_used_and_nothing_is_trained_twice(half, undisturbed):
    tomorrow = time.time() + 86400
    for path in (half.results / "data" / DATASET).rglob("*"):
        os.utime(path, (tomorrow, tomorrow))
    other = (half.folder(RUNS[1]) / "metrics.json").read_bytes()
    assert "files were dated in the future (first: results/faulty/data/faulty/" in half.run()
    assert (half.folder(RUNS[1]) / "metrics.json").read_bytes() == other
    assert half.evidence() == undisturbed.evidence()
    assert half.planned_trainings() == 0
