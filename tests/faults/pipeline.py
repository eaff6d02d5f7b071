"""A copy of the project with the small configuration, run by real Snakemakes that a test can kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faults.configuration import DATASET, RUNS

PATIENCE = 300
"""Seconds to wait for what must happen, however busy the machine is."""


def wait_for(condition: Callable[[], object], what: str, *, alive: Callable[[], str | None] = lambda: None) -> None:
    """Look again and again. ``alive`` gives the reason, if there is one, why it will never come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        reason = "it takes too long" if time.monotonic() > end else alive()
        assert reason is None, f"waiting for {what}: {reason}"
        time.sleep(0.005)


class Running:
    """A started command; its output goes to a file, so that nothing waits for a reader."""

    def __init__(self, command: list[str], *, cwd: Path, environment: dict[str, str], output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def text(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        wait_for(condition, what, alive=lambda: None if self.process.poll() is None else f"it ended:\n{self.text}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def kill_with_its_children(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ends(self, code: int = 0) -> str:
        """The output, after the end; the test fails if the exit code is another."""
        found = self.process.wait(timeout=PATIENCE)
        assert found == code, f"exit code {found}:\n{self.text}"
        return self.text


class Pipeline:
    """A folder with everything in it. ``half`` and ``whole`` say how much of the pipeline has been run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.results = root / "results" / DATASET
        self._started = 0

    def copy(self, root: Path) -> "Pipeline":
        """With the times of all files, as Snakemake goes by them."""
        shutil.copytree(self.root, root, symlinks=True)
        return Pipeline(root)

    def start(self, *arguments: str, before: tuple[str, ...] = (), **environment: str) -> Running:
        """``snakemake --cores 2 ARGUMENTS``, the target ``tables`` by default.

        Args:
            before: a command to run it under, such as ``unshare -n``.
            environment: variables to set.
        """
        command = [*before, sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", *(arguments or ("tables",))]
        return self._start(command, environment)

    def run(self, *arguments: str, code: int = 0, before: tuple[str, ...] = (), **environment: str) -> str:
        """The same, to its end: what it printed."""
        return self.start(*arguments, before=before, **environment).ends(code)

    def ltmlc(self, *arguments: str, **environment: str) -> Running:
        return self._start([sys.executable, "-m", "ltmlc", *arguments], environment)

    def _start(self, command: list[str], environment: dict[str, str]) -> Running:
        self._started += 1
        output = self.root.with_name(f"{self.root.name}-output-{self._started}.txt")
        known = {**os.environ, "PYTHONPATH": str(self.root / "src"), "OMP_NUM_THREADS": "1"}
        return Running(command, cwd=self.root, environment=known | environment, output=output)

    @property
    def pack(self) -> Path:
        return self.results / "data" / DATASET / "pack"

    def folder(self, run: str = RUNS[0]) -> Path:
        return self.results / "runs" / DATASET / run / "seed0"

    def log(self, run: str = RUNS[0]) -> str:
        path = self.folder(run) / "train.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def checkpointed(self) -> bool:
        """Whether the training is under way, with a checkpoint to go on from."""
        return (self.folder() / "last.pt").exists()

    def trainer(self) -> int:
        """Process id of the training that is under way."""
        return json.loads((self.folder() / "running.json").read_bytes())["pid"]

    def forget(self, *runs: str) -> None:
        """As if these had not been trained yet, nor tables been made."""
        for run in runs:
            shutil.rmtree(self.folder(run), ignore_errors=True)
        shutil.rmtree(self.results / "tables")
        for path in self.results.glob("diff.*"):
            path.unlink()

    def evidence(self) -> dict[str, bytes]:
        """Everything that must be the same bit for bit: the tables, the comparison, and what the networks say."""
        files = [self.results / name for name in ("diff.csv", "diff.md")]
        files += [self.results / "tables" / f"faulty.{kind}" for kind in ("csv", "md", "tex")]
        files += [self.folder(run) / "predictions.npz" for run in RUNS]
        return {path.relative_to(self.results).as_posix(): path.read_bytes() for path in files if path.exists()}

    def maps(self) -> list[dict[str, float]]:
        """The mean average precisions that the results say."""
        return [json.loads((self.folder(run) / "metrics.json").read_bytes())["map"] for run in RUNS]

    def planned_trainings(self) -> int:
        """How many trainings the same command would run now."""
        return self.run("--dry-run", "tables").count("\nrule train:")
