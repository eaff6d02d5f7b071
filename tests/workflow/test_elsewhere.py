"""The workflow used from a folder of one's own, as `snakedeploy deploy-workflow` sets it up."""

import os
import shutil
import subprocess
import sys

import pytest
from workflow.project_copy import Plan, Project

MODULE = """
configfile: "config/config.yaml"


module ltmlc:
    snakefile:
        {snakefile}
    config:
        config


use rule * from ltmlc{names}
"""
CONFIG = """
datasets: [mine]
tables: [mine]
training: {device: cpu, precision: float32, threads: 1}
"""
DATASET = """
extends: digits20-lt
title: Mine
source: {pool: 300, test: 60}
subset: {maximum: 40}
"""
TABLE = """
title: My table
kind: table
caption: A row of one's own.
rows:
  - {label: DR, origin: own, run: {loss: [{name: dr, gamma2: 7}]}}
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of the project, somewhere, committed and tagged; its path has a space in it."""
    root = Project(tmp_path_factory.mktemp("a clone")).root
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-C", str(root)]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    return root


@pytest.fixture
def folder(tmp_path):
    for file, text in {"config.yaml": CONFIG, "datasets/mine.yaml": DATASET, "tables/mine.yaml": TABLE}.items():
        path = tmp_path / "config" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def snakemake(folder, snakefile: str, *arguments: str, names: str = "") -> str:
    """Snakemake's output in ``folder``; the package is on no path there, and nothing is asked of the network."""
    (folder / "workflow").mkdir(exist_ok=True)
    (folder / "workflow" / "Snakefile").write_text(MODULE.format(snakefile=snakefile, names=names))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout + done.stderr


def test_a_clone_serves_a_folder_with_a_configuration_of_its_own(clone, folder):
    """Its own data set and table; recipes, claims and the data set that is extended come from the clone."""
    snakefile = f'"{clone}/workflow/Snakefile"'
    plan = Plan(snakemake(folder, snakefile, "--dry-run"))
    assert plan.trainings == [("mine", "dr_gamma1-5_gamma2-7", "0")]
    assert {"tabulate": 1, "claims": 1, "audit": 1, "summary": 1, "all": 1}.items() <= plan.jobs.items()
    snakemake(folder, snakefile, "results/data/mine/split.json", "results/plan.md", "results/audit.md")
    assert (folder / "results/data/mine/split.json").is_file()
    assert "My table" in (folder / "results/plan.md").read_text()
    assert "contradiction" in (folder / "results/audit.md").read_text()
    assert not (clone / "results").exists()


def test_its_rules_may_be_renamed(clone, folder):
    output = snakemake(folder, f'"{clone}/workflow/Snakefile"', "--dry-run", names=" as paper_*")
    assert Plan(output).jobs["paper_train"] == 1
    assert "localrules" not in output, "a warning that rules are not there under their old names"


def test_a_repository_on_a_hosting_site_serves_it_at_a_tag(clone, folder):
    """What snakedeploy writes. Snakemake keeps a clone in its cache; here it lies there before, so none is fetched."""
    cached = folder / "cache/snakemake/snakemake/source-cache/snakemake-git-cache/github.com/owner/ltmlc"
    subprocess.run(["git", "clone", "--quiet", "--bare", clone, cached], check=True)
    snakefile = 'github("owner/ltmlc", path="workflow/Snakefile", tag="v1")'
    assert len(Plan(snakemake(folder, snakefile, "--dry-run")).trainings) == 1
    shutil.rmtree(folder / ".snakemake" / "ltmlc")
    snakemake(folder, snakefile, "results/data/mine/split.json")
    (exported,) = (folder / ".snakemake" / "ltmlc").iterdir()
    assert (exported / "src/ltmlc/cli.py").is_file()
    assert (folder / "results/data/mine/split.json").is_file()
