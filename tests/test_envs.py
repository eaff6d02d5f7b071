"""The conda environments install what the lock file pins, through pip, so that a GPU machine gets a GPU build."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from scripts import load_script

ROOT = Path(__file__).parents[1]
NAMES = ["data", "train", "analysis"]
SYSTEM = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "extra": ""}


def load_make():
    return load_script("envs/make.py")


@pytest.fixture(scope="module")
def make():
    return load_make()


def pinned(lines, python: str) -> dict[str, str]:
    """Package -> version on Linux with this Python."""
    requirements = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    system = {**SYSTEM, "python_version": python, "python_full_version": f"{python}.0"}
    applying = [each for each in requirements if each.marker is None or each.marker.evaluate(system)]
    return {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in applying}


def needs(packages: list[str], python: str) -> set[str]:
    """The packages and all that they need, by what is installed here."""
    system = {**SYSTEM, "python_version": python, "python_full_version": f"{python}.0"}
    found: set[str] = set()
    waiting = [(name, "") for name in packages]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        found.add(name)
        try:
            requirements = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue  # not installed here: of another system, or of another Python
        for each in requirements:
            if each.marker is None or each.marker.evaluate({**system, "extra": extra}):
                more = {(canonicalize_name(each.name), inner) for inner in each.extras or {""}} - seen
                seen |= more
                waiting += more
    return found


@pytest.mark.parametrize("name", NAMES)
def test_environment_agrees_with_the_lock(make, name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    assert environment["channels"] == ["conda-forge"]
    python, pip, packages = environment["dependencies"]
    assert python == f"python={make.PYTHON}" and pip == "pip"
    lock = pinned((ROOT / "requirements.lock").read_text().splitlines(), make.PYTHON)
    versions = pinned(packages["pip"], make.PYTHON)
    assert versions == {package: lock[package] for package in versions}


@pytest.mark.parametrize("name", NAMES)
def test_environment_has_what_its_packages_need_so_that_nothing_floats(make, name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    versions = pinned(environment["dependencies"][2]["pip"], make.PYTHON)
    wanted = needs(make.ENVIRONMENTS[name][1], make.PYTHON)
    assert set(make.ENVIRONMENTS[name][1]) <= set(versions)
    assert wanted <= set(versions), f"python envs/make.py: {sorted(wanted - set(versions))}"


def test_the_environments_together_have_all_that_the_package_needs_and_training_has_it_alone(make):
    """And timm: a backbone of it is a key of the configuration, which no environment can know."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    assert set(make.ENVIRONMENTS["train"][1]) == dependencies | {"timm"}


def test_only_the_training_environment_carries_torch():
    lines = {name: (ROOT / "envs" / f"{name}.yaml").read_text() for name in NAMES}
    assert "torch==" in lines["train"] and "torch==" not in lines["data"] + lines["analysis"]


def test_on_linux_it_is_torch_with_its_cuda_libraries():
    lines = (ROOT / "envs" / "train.yaml").read_text()
    assert re.search(r"- nvidia-cudnn-cu\d+==\S+ ; sys_platform == 'linux'", lines)
    assert "+cpu" not in lines


def test_no_committed_requirement_names_an_index():
    for path in [ROOT / "requirements.lock", *(ROOT / "envs").glob("*.yaml")]:
        assert not re.search(r"https?://|index-url|find-links", path.read_text()), path
