"""A copy of the project in which a real Snakemake submits real jobs to the test cluster, and what one sees of them."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slurm.cluster import Cluster
from workflow.project_copy import Project

PROFILE = ("--workflow-profile", "profiles/slurm", "--nocolor")
# Users wait for longer between two looks, so that hundreds of jobs are no burden.
QUICKLY = (
    *("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2"),
    *("--latency-wait", "20"),
)
DATASET = "digits20-lt-short"
GIVE_UP = 1800
"""Seconds; the machine may be busy."""
JOB = re.compile(
    r"JobId=(?P<id>\d+).*?JobState=(?P<state>\w+).*?TimeLimit=(?P<limit>\S+).*?Partition=(?P<partition>\w+)"
)
CARDS = re.compile(r"\(IDX:([\d,-]+)\)")  # GRES=gpu:small:0(IDX:),gpu:large:1(IDX:2)


class Bench:
    """``start`` a Snakemake, ``watch`` it, and ask for runs and jobs meanwhile. ``seen``: every job in every look."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        self.project, self.cluster = Project(root), cluster
        self.root = self.project.root
        self.seen: list[dict[str, dict[str, str]]] = []
        self._runs: list[Run] = []

    def start(self, *arguments: str, config: str) -> "Run":
        """Snakemake in the background, with the Slurm profile."""
        output = self.root / f"snakemake{len(self._runs)}.out"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *arguments, *PROFILE, *QUICKLY, "--configfile", config],
                **{"cwd": self.root, "env": self.environment(), "stdout": file, "stderr": subprocess.STDOUT},
            )
        self._runs.append(Run(process, output))
        return self._runs[-1]

    def close(self) -> None:
        """End what a test that failed has left."""
        for run in self._runs:
            run.process.kill()
            run.process.wait()

    def environment(self) -> dict[str, str]:
        """As in a user's shell: this Python's programs are found, this package is not."""
        python = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**{key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}, "PATH": python}

    def watch(self, run: "Run", *, until: Callable[[], Any] = lambda: False) -> None:
        """Look at the jobs until Snakemake ends, or ``until`` says so."""
        end = time.monotonic() + GIVE_UP
        while not run.ended:
            self.seen.append(self.jobs())
            if until():
                return
            assert time.monotonic() < end, f"nothing more happens:\n{run.text[-5000:]}"
            time.sleep(0.3)

    def jobs(self) -> dict[str, dict[str, str]]:
        """Slurm's jobs by id: ``state``, ``limit``, ``partition``, ``comment``, and the ``cards`` of one that runs."""
        found = {}
        for line in self.cluster.ask("scontrol", "show", "job", "--details", "--oneliner").splitlines():
            job = JOB.search(line)
            if job:
                comment, cards = re.search(r"Comment=(\S+)", line), ",".join(CARDS.findall(line))
                found[job["id"]] = {
                    **{key: job[key] for key in ("state", "limit", "partition")},
                    "comment": comment[1] if comment else "",
                    "cards": cards if job["state"] == "RUNNING" else "",
                }
        return found

    def jobs_of(self, run: str, *, alive: bool = False) -> dict[str, dict[str, str]]:
        """Every job that was a training of this run, as last seen; ``alive``: those that wait or run."""
        latest = {number: job for look in self.seen for number, job in look.items()}
        return {
            number: job
            for number, job in latest.items()
            if job["comment"] == f"rule_train_wildcards_{DATASET}_{run}_0"
            and (not alive or job["state"] in ("PENDING", "RUNNING"))
        }

    def cards_of(self, run: str) -> set[str]:
        """The GPUs that the trainings of this run held."""
        jobs = self.jobs_of(run)
        return {job["cards"] for look in self.seen for number, job in look.items() if number in jobs} - {""}

    def directory(self, run: str, seed: int = 0) -> Path:
        return self.root / "results" / "smoke" / "runs" / DATASET / run / f"seed{seed}"

    def metrics(self, run: str, seed: int = 0) -> dict:
        return json.loads((self.directory(run, seed) / "metrics.json").read_text())

    def iteration(self, run: str) -> int:
        """How far a training that runs has come; 0 where none does."""
        try:
            return json.loads((self.directory(run) / "running.json").read_text())["iteration"]
        except FileNotFoundError:
            return 0

    def process(self, run: str) -> int:
        """Of a training that runs."""
        return json.loads((self.directory(run) / "running.json").read_text())["pid"]

    def ltmlc(self, *arguments: str) -> str:
        return self.project.run("ltmlc", *arguments).stdout


class Run:
    """A Snakemake process and what it says."""

    def __init__(self, process: subprocess.Popen, output: Path) -> None:
        self.process, self.output = process, output

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def text(self) -> str:
        return self.output.read_text()
