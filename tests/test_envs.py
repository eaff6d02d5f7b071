"""The conda environments install what the lock file pins, through pip, so that a GPU machine gets a GPU build."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_environments", ROOT / "envs" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["data", "train", "analysis"])
def test_environment_agrees_with_the_lock(make, name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    assert environment["channels"] == ["conda-forge"]
    python, pip, packages = environment["dependencies"]
    assert python == f"python={make.PYTHON}" and pip == "pip"
    versions = make.locked_versions()
    assert packages["pip"] == [f"{package}=={versions[package]}" for package in make.ENVIRONMENTS[name][1]]


def test_only_the_training_environment_carries_torch():
    lines = {name: (ROOT / "envs" / f"{name}.yaml").read_text() for name in ("data", "train", "analysis")}
    assert "torch==" in lines["train"] and "torch==" not in lines["data"] + lines["analysis"]


def test_no_committed_requirement_names_an_index():
    for path in [ROOT / "requirements.lock", *(ROOT / "envs").glob("*.yaml")]:
        assert not re.search(r"https?://|index-url|find-links", path.read_text()), path
