import json
import os
import subprocess
import sys

from ltmlc import jobs


def test_jobs_find_the_package_and_this_python(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv(jobs.TRAINING, "{}")
    monkeypatch.setenv(jobs.DATA_ROOT, "elsewhere")
    jobs.set_environment({"device": "cpu"}, "/photographs")
    jobs.set_environment({"device": "cpu"}, "/photographs")  # twice changes nothing
    python = os.path.dirname(sys.executable)  # noqa: PTH120
    assert os.environ["PATH"] == os.pathsep.join([python, "/usr/bin"])
    assert os.path.isdir(os.path.join(os.environ["PYTHONPATH"], "ltmlc"))  # noqa: PTH112, PTH118
    assert json.loads(jobs.training_settings()) == {"device": "cpu"}
    assert jobs.data_root() == "/photographs"


def test_a_shell_without_the_path_finds_the_package_and_keeps_a_folder_with_spaces_in_one_piece():
    """Snakemake takes PYTHONPATH from the environment of a job that runs in a conda environment."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = "import ltmlc, sys; print(ltmlc.__file__, sys.argv[1:])"
    command = jobs.shell_prefix().format() + f"{sys.executable} -c '{code}' $(dirname 'my results/split.json')"
    command = f"set -euo pipefail; {command}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{jobs.SOURCE}/ltmlc/__init__.py ['my results']\n"
