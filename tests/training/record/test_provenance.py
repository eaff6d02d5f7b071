import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from ltmlc.training.record import provenance

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def forget_the_commit():
    provenance.git_commit.cache_clear()
    yield
    provenance.git_commit.cache_clear()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one committed file, in which training/record/provenance.py seems to lie."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    module = tmp_path / "src" / "ltmlc" / "training/record/provenance.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "first"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    monkeypatch.setattr(provenance, "__file__", str(module))
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    return module, commit


def test_the_environment_says_versions_device_and_commit_and_fits_into_json():
    environment = provenance.environment(CPU)
    assert environment["torch"] == version("torch")
    assert environment["device"] == "cpu"
    assert environment["cpus"] >= 1
    assert {"python", "numpy", "git_commit", "platform", "slurm_job_id"} <= set(environment)
    json.dumps(environment, allow_nan=False)


def test_the_processor_has_the_name_that_linux_gives_it(tmp_path, monkeypatch):
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(provenance, "Path", lambda _: cpuinfo)
    monkeypatch.setattr(provenance.platform, "processor", lambda: "arm")
    assert provenance.processor() == "arm"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A 9: fast\nprocessor\t: 1\nmodel name\t: A 9: fast\n")
    assert provenance.processor() == "A 9: fast"


def test_a_package_that_is_not_installed_is_null(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("torch", "no-such-package-of-ltmlc"))
    assert provenance.environment(CPU)["no-such-package-of-ltmlc"] is None


def test_the_commit_is_the_full_hash_of_the_source_tree(repository):
    assert provenance.git_commit() == repository[1]
    assert len(repository[1]) == 40


def test_uncommitted_edits_are_marked(repository):
    module, commit = repository
    module.write_text("# edited\n")
    assert provenance.git_commit() == f"{commit}-dirty"


def test_outside_a_repository_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "src" / "ltmlc" / "training/record/provenance.py"))
    assert provenance.git_commit() is None


def test_a_machine_without_git_is_no_error(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(repository[0]).parent))
    assert provenance.git_commit() is None


def test_peak_memory_is_in_bytes_and_has_no_device_part_on_the_cpu():
    memory = provenance.peak_memory(CPU)
    assert 10 * 2**20 < memory["host_bytes"] < 2**45
    assert memory["device_bytes"] is None
