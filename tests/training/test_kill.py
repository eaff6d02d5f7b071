"""Real processes and real SIGKILLs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from training import killed_jobs, tiny

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def jobs(data, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("jobs")
    command = [sys.executable, killed_jobs.__file__, str(data), str(scratch)]
    return scratch, json.loads(subprocess.check_output(command, env=ENVIRONMENT, timeout=1800))


def test_ten_sigkills_at_random_instants_change_no_bit(jobs):
    scratch, told = jobs
    assert set(told["codes"]) == {0}
    whole = tiny.results(scratch / "whole")
    attempts = [tiny.results(scratch / f"killed{kill}") for kill in range(killed_jobs.KILLS)]
    for attempt in attempts:
        tiny.assert_same_bits(whole, attempt)
    resumed = [attempt.metrics["resumed_from"] for attempt in attempts if attempt.metrics["resumed_from"]]
    assert len(set(resumed)) >= 3, "the instants must differ, and most lie after the first checkpoint"


def test_jobs_beside_each_other_give_the_bits_of_one_alone(jobs):
    scratch, _ = jobs
    whole = tiny.results(scratch / "whole")
    for number in range(3):
        tiny.assert_same_bits(whole, tiny.results(scratch / f"beside{number}"))


def test_another_process_gives_the_same_bits_as_this_one(jobs, whole):
    tiny.assert_same_bits(whole, tiny.results(jobs[0] / "whole"))


def test_a_job_never_imports_torchs_compiler(jobs):
    """It takes longer than an embedded run trains; torchvision and torch.optim's decorators both bring it in."""
    assert jobs[1]["compiler"] is False


def test_the_command_line_continues_after_sigkill(data, whole, tmp_path):
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-m", "ltmlc", "train", "tiny", "run", "--code", "code"),
        *("--spec", json.dumps(tiny.SPEC), "--settings", json.dumps(tiny.SETTINGS)),
        *("--data", str(data), "--out", str(out)),
    ]
    repository = Path(__file__).parents[2]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, cwd=repository) as process:
        for line in process.stderr:
            if "epoch 1/4" in line:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    told = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, cwd=repository, timeout=1800)
    assert told.returncode == 0, told.stderr
    assert "continuing from" in told.stderr
    resumed = tiny.results(out)
    assert resumed.metrics["resumed_from"] >= 4, "the checkpoint of the fifth iteration may just not have been written"
    assert resumed.metrics["seconds"]["start"] > 0
    tiny.assert_same_bits(whole, resumed)
