"""A copy of the project that a test may edit and run Snakemake in."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from project_copy import copy_parts

from workflow import warm_snakemake

PARTS = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "envs", "src")
JOB = re.compile(r"^(?:local)?rule (\w+):(.*?)(?=^\S|\Z)", flags=re.M | re.S)
WILDCARDS = re.compile(r"^    wildcards: (.*)$", flags=re.M)


class Project:
    """The parts of the repository that the workflow needs, in a folder of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_parts(root, PARTS)

    @property
    def environment(self) -> dict[str, str]:
        source = str(self.root / "src")
        return os.environ | {"PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}

    def run(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        arguments = ("--cores", "2", "--nocolor", *arguments)
        return warm_snakemake.call([*arguments], folder=self.root, environment=self.environment)

    def plan(self, *arguments: str) -> "Plan":
        """What Snakemake would do; the test fails if it cannot say."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return Plan(done.stdout + done.stderr)


class Plan:
    """The jobs of a dry run: how many of each rule, and which trainings (data set, run, seed)."""

    def __init__(self, text: str) -> None:
        jobs = [(rule, self._wildcards(body)) for rule, body in JOB.findall(text)]
        self.jobs = Counter(rule for rule, _ in jobs)
        self.trainings = sorted(
            (wildcards["dataset"], wildcards["run"], wildcards["seed"]) for rule, wildcards in jobs if rule == "train"
        )
        self.text = text

    @staticmethod
    def _wildcards(body: str) -> dict[str, str]:
        line = WILDCARDS.search(body)
        return dict(part.split("=", 1) for part in line[1].split(", ")) if line else {}
