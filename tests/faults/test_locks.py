"""Two at once, and locks of the dead."""

import subprocess
import sys

from faults.configuration import RUNS

from ltmlc.training.device import lease_device


def test_a_second_snakemake_is_refused_and_the_first_is_not_disturbed(half, undisturbed):
    first = half.start()
    first.wait_until(half.checkpointed, "a checkpoint")
    assert "Directory cannot be locked" in half.run(code=1)
    first.ends()
    assert half.evidence() == undisturbed.evidence()


def test_two_that_do_not_see_each_others_locks_end_in_the_same_tables(whole, undisturbed):
    """As on a file system without locks, or begun in the same instant."""
    whole.forget(*RUNS)
    for each in [whole.start("--nolock", "tables") for _ in range(2)]:
        each.process.wait()
    assert all((whole.folder(run) / "metrics.json").exists() for run in RUNS)
    assert any("waiting for it" in whole.log(run) for run in RUNS)
    assert whole.planned_trainings() == 0
    whole.run()
    assert whole.evidence() == undisturbed.evidence()


def test_locks_of_a_snakemake_that_is_gone_are_removed_and_said(whole, undisturbed):
    locks = whole.root / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text(f"{whole.results.relative_to(whole.root)}/tables/faulty.csv\n")
    assert ".snakemake/locks: removed the lock of a Snakemake that was killed; going on from there" in whole.run()
    assert whole.evidence() == undisturbed.evidence()


def test_the_gpu_lease_of_a_killed_process_is_free_at_once(tmp_path):
    holder = (
        "import os, signal; from ltmlc.training.device import lease_device\n"
        f"with lease_device(['0'], {str(tmp_path)!r}): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", holder], check=False).returncode == -9
    assert list(tmp_path.glob("gpu-0-*.lock"))
    with lease_device(["0"], tmp_path, timeout=0) as device:
        assert device == "cuda:0"
