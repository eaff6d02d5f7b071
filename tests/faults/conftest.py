"""Real faults on the real pipeline in small. Minutes, so only on demand: ``make test-faults``."""

import subprocess
from pathlib import Path

import pytest
from faults.configuration import RUNS, write_configuration, write_images
from faults.pipeline import Pipeline
from workflow.project_copy import Project

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Everything here has the marker ``fault``, and is left out where ``-m`` does not ask for it."""
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.fault)
    if "fault" not in config.option.markexpr and here:
        items[:] = [item for item in items if item not in here]
        config.hook.pytest_deselected(items=here)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Pipeline:
    """The pipeline after a whole run that nothing disturbed. Tests work on copies."""
    root = tmp_path_factory.mktemp("undisturbed") / "project"
    root.mkdir()
    project = Project(root)
    write_images(project.root / "data")
    write_configuration(project.root)
    pipeline = Pipeline(project.root)
    pipeline.run()
    assert len(pipeline.evidence()) == 3 + 2 + 2
    return pipeline


@pytest.fixture
def whole(undisturbed, tmp_path) -> Pipeline:
    """A copy of its own, everything done."""
    return undisturbed.copy(tmp_path / "project")


@pytest.fixture
def half(whole) -> Pipeline:
    """A copy in which the first run has yet to be trained, and the tables to be made anew."""
    whole.forget(RUNS[0])
    return whole


@pytest.fixture
def mount():
    """``mount(path, "-t", "tmpfs", ...)``; what it mounted is unmounted after the test."""
    mounted: list[Path] = []

    def do(path: Path, *arguments: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", *arguments, str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"file systems cannot be mounted here, which this fault needs ({done.stderr.strip()})")
        mounted.append(path)

    yield do
    for path in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(path)], check=True)
