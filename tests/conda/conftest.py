"""A conda, a channel and a home of their own for these tests; nothing outside of pytest's folder is written."""

import os
import shutil
import subprocess
import sys

import pytest
from conda.channel import build_channel, find_python
from conda.installation import install_conda
from workflow.project_copy import Project

PYTHON = "3.12"  # what envs/*.yaml ask for
CONDARC = """
channels: [conda-forge]
default_channels: []
custom_multichannels: {{conda-forge: ["file://{channel}"]}}
channel_priority: strict
solver: classic
report_errors: false
"""
TINY = """
extends: digits20-lt
source: {pool: 400, test: 80}
subset: {maximum: 60}
model: {weights: null}
thresholds: {head: 30, medium: 6}
samplers: {class_aware: {reduce: 100}}
recipes:
  dr: {epochs: 2, steps: [1], warmup_iterations: 2}
"""
TABLE = """
title: Tiny
kind: table
caption: One run.
rows:
  - {label: DR, origin: own, run: {loss: [{name: dr, gamma2: 7}]}}
"""
CONFIG = """
datasets: [tiny]
tables: [tiny]
training: {device: cpu, precision: float32, threads: 1}
"""


@pytest.fixture(scope="session")
def conda_environment(tmp_path_factory):
    """Variables with which conda is found, and finds `conda-forge` in a local channel."""
    folder = tmp_path_factory.mktemp("conda")
    build_channel(folder / "channel", find_python(PYTHON))
    command = install_conda(folder / "conda")
    home = folder / "home"
    home.mkdir()
    (home / ".condarc").write_text(CONDARC.format(channel=folder / "channel"))
    cache = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    # PYTHONPATH would let the package be found in any environment: what is tested is that the workflow sees to it.
    inherited = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    yield inherited | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "CONDA_PKGS_DIRS": str(folder / "packages"),
        "PIP_CACHE_DIR": cache,  # wheels that are there already are not downloaded again
        "PATH": os.pathsep.join([str(command), os.environ["PATH"]]),
        "PIP_NO_COMPILE": "1",  # half of the time
        "OMP_NUM_THREADS": "1",
    }
    shutil.rmtree(folder)  # pytest keeps the folders of its last three sessions: too much for environments with torch


@pytest.fixture(scope="session")
def tiny_project(tmp_path_factory):
    """The workflow with one small run on the embedded digits."""
    project = Project(tmp_path_factory.mktemp("project"))
    (project.root / "config" / "datasets" / "tiny.yaml").write_text(TINY)
    (project.root / "config" / "tables" / "tiny.yaml").write_text(TABLE)
    (project.root / "config.yaml").write_text(CONFIG)
    yield project
    shutil.rmtree(project.root)
