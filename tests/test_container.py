"""The container recipes: the lock's versions, and all files that the workflow needs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_envs import load_make

ROOT = Path(__file__).parents[1]
DOCKER = (ROOT / "container" / "Dockerfile").read_text()
APPTAINER = (ROOT / "container" / "ltmlc.def").read_text()
COPIED = {
    "docker": [name for line in re.findall(r"^COPY (.+) /ltmlc\S*$", DOCKER, flags=re.M) for name in line.split()],
    "apptainer": re.findall(r"^    (\S+) /ltmlc/\1$", APPTAINER, flags=re.M),
}


@pytest.mark.parametrize("recipe", [DOCKER, APPTAINER], ids=COPIED)
def test_all_that_is_installed_is_the_lock_and_the_package_itself(recipe):
    installs = re.findall(r"pip install (.+)$", recipe, flags=re.M)
    assert installs == [
        "--no-cache-dir --requirement /ltmlc/requirements.lock",
        "--no-cache-dir --no-deps --editable /ltmlc",
    ]
    assert "apt-get" not in recipe and "://" not in recipe


def test_their_python_is_that_of_the_environments():
    wanted = f"python:{load_make().PYTHON}-slim"
    assert re.findall(r"^FROM (.+)$", DOCKER, flags=re.M) == [wanted]
    assert re.findall(r"^From: (.+)$", APPTAINER, flags=re.M) == [wanted]


def test_both_copy_the_same_and_docker_does_not_ignore_it():
    assert sorted(COPIED["docker"]) == sorted(COPIED["apptainer"])
    kept = re.findall(r"^!(.+)$", (ROOT / "container" / "Dockerfile.dockerignore").read_text(), flags=re.M)
    assert sorted(kept) == sorted(COPIED["docker"])


def test_what_is_copied_is_enough_to_plan_the_demo_from_another_folder(tmp_path):
    """The command of the recipes, in a folder with nothing in it."""
    inside, work = tmp_path / "ltmlc", tmp_path / "work"
    work.mkdir()
    for name in COPIED["docker"]:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, inside / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            inside.mkdir(exist_ok=True)
            shutil.copy(source, inside / name)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(inside / "workflow/Snakefile"), "--dry-run"]
    command += ["--cores", "1", "--nocolor", "--configfile", str(inside / "config/demo.yaml")]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert re.search(r"^train +92$", done.stdout + done.stderr, flags=re.M)
