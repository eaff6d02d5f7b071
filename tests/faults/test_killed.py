"""SIGKILL of a training, of Snakemake, of both."""

import os
import signal

from faults.pipeline import wait_for

SAME_FILES = "metrics.json", "predictions.npz"


def test_a_killed_training_is_tried_again_and_continues(half, undisturbed):
    snakemake = half.start()
    snakemake.wait_until(half.checkpointed, "a checkpoint")
    os.kill(half.trainer(), signal.SIGKILL)
    if snakemake.process.wait():  # where the profile tries again by itself, that was it
        half.run()
    assert "continuing from" in half.log()
    assert half.evidence() == undisturbed.evidence()


def test_snakemake_and_training_killed_together_continue_with_the_same_command(half, undisturbed):
    snakemake = half.start()
    snakemake.wait_until(half.checkpointed, "a checkpoint")
    snakemake.kill_with_its_children()
    assert "removed the lock of a Snakemake that was killed" in half.run()
    assert "continuing from" in half.log()
    assert half.evidence() == undisturbed.evidence()


def test_a_training_that_outlives_its_snakemake_is_waited_for_not_doubled(half, undisturbed):
    first = half.start()
    first.wait_until(half.checkpointed, "a checkpoint")
    orphan = half.trainer()
    os.kill(orphan, signal.SIGSTOP)  # so that it surely still trains when the next begins
    first.kill()
    second = half.start()
    second.wait_until(lambda: "waiting for it" in half.log(), "the second training")
    os.kill(orphan, signal.SIGCONT)
    assert "removed the lock of a Snakemake that was killed" in second.ends()
    assert f"process {orphan} on " in half.log()
    assert half.log().endswith("this run is finished already: its result is kept\n")
    assert half.evidence() == undisturbed.evidence()


def test_a_run_that_finished_after_its_snakemake_was_killed_is_not_trained_again(half, undisturbed):
    first = half.start()
    first.wait_until(half.checkpointed, "a checkpoint")
    orphan = half.trainer()
    os.kill(orphan, signal.SIGSTOP)  # so that it surely has not finished before
    first.kill()
    os.kill(orphan, signal.SIGCONT)
    wait_for((half.folder() / "SHA256SUMS").exists, "the end of the training")
    before = {name: (half.folder() / name).read_bytes() for name in SAME_FILES}
    assert "finished after its Snakemake was killed: kept, not trained again" in half.run()
    assert {name: (half.folder() / name).read_bytes() for name in SAME_FILES} == before
    assert half.evidence() == undisturbed.evidence()
    assert half.planned_trainings() == 0
