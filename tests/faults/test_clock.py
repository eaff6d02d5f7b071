"""A clock that goes backwards: what was made before then has dates in the future.

Clocks cannot be turned for one program alone (libfaketime breaks short sleeps on a busy machine), dates of files can:
a clock set back by a day and files dated a day later are the same to Snakemake, which compares the two.
"""

import os
import time

from faults.configuration import RUNS


def set_back_a_day(pipeline) -> None:
    """As if the clock had been a day ahead when the data were made."""
    tomorrow = time.time() + 86400
    for path in pipeline.pack.parent.rglob("*"):
        os.utime(path, (tomorrow, tomorrow))


def test_a_clock_set_back_a_day_in_the_middle_of_a_training(half, undisturbed):
    first = half.start()
    first.wait_until(half.checkpointed, "a checkpoint")
    set_back_a_day(half)
    # Snakemake deletes results that are older than their input; the training is not lost to that.
    assert "could indicate a clock skew problem" in first.ends(1)
    trained = (half.folder() / "finished" / "metrics.json").read_bytes()
    assert "the clock stands before the date of the data: Snakemake will refuse this result" in half.log()
    assert "files dated in the future (first: results/faulty/data/faulty/" in half.run()
    assert (half.folder() / "metrics.json").read_bytes() == trained
    assert half.evidence() == undisturbed.evidence()
    assert half.planned_trainings() == 0


def test_data_from_the_future_are_used_and_nothing_is_trained_twice(half, undisturbed):
    set_back_a_day(half)
    other = (half.folder(RUNS[1]) / "metrics.json").read_bytes()
    assert "files dated in the future (first: results/faulty/data/faulty/" in half.run()
    assert (half.folder(RUNS[1]) / "metrics.json").read_bytes() == other
    assert half.evidence() == undisturbed.evidence()
    assert half.planned_trainings() == 0
