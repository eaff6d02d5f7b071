import json
import os
import signal
import subprocess
import sys
import time

from ltmlc.plan import environment
from ltmlc.workflow import jobs


def test_jobs_find_the_package_and_this_python(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv(jobs.TRAINING_VARIABLE, "{}")
    monkeypatch.setenv(jobs.DATA_ROOT_VARIABLE, "elsewhere")
    jobs.set_environment({"device": "cpu"}, "/photographs")
    jobs.set_environment({"device": "cpu"}, "/photographs")  # twice changes nothing
    python = os.path.dirname(sys.executable)  # noqa: PTH120
    assert os.environ["PATH"] == os.pathsep.join([python, "/usr/bin"])
    assert os.path.isdir(os.path.join(os.environ["PYTHONPATH"], "ltmlc"))  # noqa: PTH112, PTH118
    assert json.loads(environment.training_settings()) == {"device": "cpu"}
    assert environment.data_root() == "/photographs"


def test_a_shell_that_is_asked_to_stop_waits_for_its_command_and_passes_its_code_on(tmp_path):
    """As Slurm does it: the signal goes to all processes of a job, and the training needs a moment to save."""
    saves = "import signal, sys, time; signal.signal({0}, lambda *_: (time.sleep(0.5), sys.exit(75))); "
    saves += "open({1!r}, 'w').close(); time.sleep(60)"
    before = signal.getsignal(signal.SIGUSR1)
    try:
        jobs.leave_signals_to_jobs()
        for number in (signal.SIGTERM, signal.SIGUSR1):
            ready = tmp_path / number.name
            program = f'{sys.executable} -c "{saves.format(int(number), str(ready))}"'
            command = ["bash", "-c", f"set -euo pipefail; {jobs.shell_prefix().format()} {program}; echo never"]
            with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as shell:
                while not ready.exists():
                    assert shell.poll() is None
                    time.sleep(0.01)
                os.killpg(shell.pid, number)
                os.kill(os.getpid(), signal.SIGUSR1)  # this process, which stands for Snakemake, is deaf to it
                told = shell.communicate(timeout=60)[0]
            assert (shell.returncode, told) == (75, b"")
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_shell_without_the_path_finds_the_package():
    """Snakemake takes PYTHONPATH from the environment of a job that runs in a conda environment."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = jobs.shell_prefix().format() + f"{sys.executable} -c 'import ltmlc; print(ltmlc.__file__)'"
    command = f"set -euo pipefail; {command}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{jobs.SOURCE}/ltmlc/__init__.py\n"
