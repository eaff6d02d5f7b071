import json
import os
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
