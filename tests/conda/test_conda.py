"""`snakemake --use-conda` with a real conda and the project's own environment files, from a local channel.

Opt in with `make test-conda`: pip takes this project's wheels, torch with CUDA among them, from its cache or the
package index, and the environments need 8 GB of disk until the tests have ended.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.conda


def environments(root: Path) -> dict[str, Path]:
    """Name of the file under envs/ -> the environment that Snakemake made of it."""
    made = {}
    for file in sorted(root.glob(".snakemake/conda/*_.yaml")):
        name = next(path.stem for path in (root / "envs").glob("*.yaml") if path.read_text() == file.read_text())
        made[name] = file.with_suffix("")
    return made


def snakemake(root: Path, environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", "--use-conda", "--show-failed-logs"]
    done = subprocess.run(
        [*command, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-8000:]
    return output


def python_of(environment: Path, code: str) -> str:
    command = [environment / "bin" / "python", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def prepared(tiny_project, conda_environment):
    """The two environments without torch, made by jobs that ran in them."""
    snakemake(tiny_project.root, conda_environment, "results/data/tiny/pack/index.json", "results/plan.md")
    return tiny_project.root


@pytest.fixture(scope="module")
def trained(prepared, conda_environment):
    """All three, and everything that the workflow makes."""
    snakemake(prepared, conda_environment)
    return prepared


def test_data_rules_and_analysis_run_in_environments_of_their_own(prepared):
    made = environments(prepared)
    assert set(made) == {"data", "analysis"}
    index = json.loads((prepared / "results/data/tiny/pack/index.json").read_text())
    split = json.loads((prepared / "results/data/tiny/split.json").read_text())
    assert len(index["ids"]) == len(split["train_ids"]) + len(split["test_ids"])
    assert "tiny" in (prepared / "results/plan.md").read_text()


def test_they_hold_what_their_files_pin_and_not_this_package(prepared):
    list_packages = (
        "import json; from importlib.metadata import distributions as d;"
        "print(json.dumps({x.name.lower().replace('_', '-'): x.version for x in d()}))"
    )
    for name, folder in environments(prepared).items():
        installed = json.loads(python_of(folder, list_packages))
        lines = (prepared / "envs" / f"{name}.yaml").read_text().splitlines()
        pins = dict(line.strip(" -").split("==") for line in lines if "==" in line and ";" not in line)
        assert len(pins) > 20
        assert {package: installed.get(package) for package in pins} == pins
        assert "ltmlc" not in installed


def test_a_training_runs_in_the_environment_with_torch(trained):
    """The job's record says which versions it found: those of its environment's file, under its Python."""
    metrics = json.loads(next((trained / "results/runs/tiny").glob("*/seed0/metrics.json")).read_text())
    assert metrics["status"] == "finished"
    environment = metrics["environment"]
    pins = (trained / "envs" / "train.yaml").read_text()
    assert f"torch=={environment['torch']}".split("+")[0] in pins
    assert f"numpy=={environment['numpy']}" in pins
    assert environment["python"].startswith("3.12.")
    assert environment["snakemake"] is None, "Snakemake is not in the environments: the job did not run outside of one"
    assert "DR" in (trained / "results/tables/tiny.md").read_text()


def test_every_rule_ran_in_its_environment_to_the_last_page(trained):
    assert set(environments(trained)) == {"data", "train", "analysis"}
    made = {path.relative_to(trained).as_posix() for path in trained.rglob("*.*")}
    assert {"results/diff.csv", "results/claims.md", "results/audit.md", "results/REPRODUCTION.md"} <= made
    assert {"figures/fig3.pdf", "figures/images_tiny.png"} <= made


def test_its_torch_is_built_for_gpus(trained):
    assert int(python_of(environments(trained)["train"], "import torch; print(torch.version.cuda)").split(".")[0]) >= 12


def test_the_environments_are_kept_for_the_next_run(trained, conda_environment):
    output = snakemake(trained, conda_environment, "tables", "--forcerun", "tabulate")
    assert "Creating conda environment" not in output
    assert "1 of 1 steps (100%) done" in output or "tabulate" in output
