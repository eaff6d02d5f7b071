"""What happens on clusters, done for real to running jobs: killed, cancelled, out of time, Snakemake gone."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from project_copy import ROOT
from slurm.bench import DATASET, Bench, Run
from slurm.cluster import GPUS

pytestmark = pytest.mark.slurm

CONFIG = "config/faults.yaml"
# Three runs to be disturbed, and one more for the test of Snakemake itself.
LOSSES = {"killed": "lsep", "cancelled": "zlpr", "late": "c_zlpr", "left": "c_lsep"}
KILLED, CANCELLED, LATE, LEFT = (f"{loss}_recipe-faults" for loss in LOSSES.values())
TABLE = "title: Faults\nkind: table\ncaption: For the tests.\nrows:\n" + "".join(
    f"  - {{label: {label}, origin: own, run: {{loss: [{{name: {loss}}}], recipe: faults}}}}\n"
    for label, loss in LOSSES.items()
)
RECIPE = "\nfaults: {lr: 0.001, epochs: 30, steps: [20], warmup_iterations: 10}\n"
FIRST = f"attempt == 1 and wildcards.run == '{LATE}'"
RESOURCES = (
    "--set-resources",
    f"train:slurm_partition='short' if {FIRST} else 'gpu'",
    f"train:runtime=10 if {FIRST} else 30",
    "train:mem_mb=4000 * attempt",
    "train:slurm_extra='--signal=USR1@120'",
    f"train:gpu_model='large' if wildcards.run == '{KILLED}' else ''",
)


@pytest.fixture(scope="module")
def project(bench) -> Bench:
    """The smoke configuration's data, and a table of runs to be disturbed, which save every second or so."""
    (bench.root / "config/tables/faults.yaml").write_text(TABLE)
    recipes = bench.root / "config/recipes.yaml"
    recipes.write_text(recipes.read_text() + RECIPE)
    smoke = (bench.root / "config/smoke.yaml").read_text()
    (bench.root / CONFIG).write_text(
        smoke.replace("table2", "faults").replace("threads: 1", "threads: 1, checkpoint_minutes: 0.02")
    )
    return bench


def targets(bench: Bench, *runs: str) -> list[str]:
    return [str((bench.directory(run) / "metrics.json").relative_to(bench.root)) for run in runs]


def saved(bench: Bench, run: str) -> bool:
    return (bench.directory(run) / "last.pt").exists() and bench.iteration(run) > 0


class Disturbance:
    """Each of three trainings, once it has saved: one is killed; one is cancelled, and so are its further attempts; one
    finds its time almost over, and stands still until it has been told so (the machine may be fast or slow).
    """

    def __init__(self, bench: Bench) -> None:
        self.bench, self.killed_at, self.cancelled = bench, 0, set()
        self.late_process = 0

    def __call__(self) -> None:
        if not self.killed_at and saved(self.bench, KILLED):
            self.killed_at = self.bench.iteration(KILLED)
            os.kill(self.bench.process(KILLED), signal.SIGKILL)
        if self.cancelled or saved(self.bench, CANCELLED):
            for job in set(self.bench.jobs_of(CANCELLED, alive=True)) - self.cancelled:
                self.bench.cluster.ask("scancel", job)
                self.cancelled.add(job)
        if not self.late_process and saved(self.bench, LATE):
            self.late_process = self.bench.process(LATE)
            os.kill(self.late_process, signal.SIGSTOP)
            for job in self.bench.jobs_of(LATE, alive=True):
                self.bench.cluster.end_soon(job)
        elif self.late_process and waits_for(self.late_process, signal.SIGUSR1):
            os.kill(self.late_process, signal.SIGCONT)


def waits_for(process: int, number: signal.Signals) -> bool:
    """A signal was sent to a process that stands still."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
    return any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"^S\w+Pnd:\s+(\w+)", status, flags=re.M))


@pytest.fixture(scope="module")
def disturbed(project) -> tuple[Bench, Run, Disturbance]:
    disturbance = Disturbance(project)
    run = project.start(*targets(project, KILLED, CANCELLED, LATE), *RESOURCES, config=CONFIG)
    project.watch(run, until=disturbance)
    return project, run, disturbance


def test_a_killed_training_is_tried_again_and_resumes(disturbed):
    bench, run, disturbance = disturbed
    assert disturbance.killed_at, run.text[-5000:]
    assert len(bench.jobs_of(KILLED)) == 2
    result = bench.metrics(KILLED)
    assert result["status"] == "finished"
    assert result["resumed_from"] > 0
    assert result["environment"]["slurm_job_id"] == max(bench.jobs_of(KILLED), key=int)


def test_a_model_of_gpu_can_be_asked_for(disturbed):
    bench, _, _ = disturbed
    assert bench.cards_of(KILLED) <= {str(card) for card in GPUS["large"]}
    assert bench.metrics(KILLED)["environment"]["visible_gpus"] in bench.cards_of(KILLED)


def test_a_cancelled_job_fails_one_cell_and_the_rest_goes_on(disturbed):
    bench, run, disturbance = disturbed
    assert run.process.returncode == 1
    assert len(disturbance.cancelled) == 3, "each attempt"
    assert not (bench.directory(CANCELLED) / "metrics.json").exists()
    assert bench.metrics(KILLED)["status"] == bench.metrics(LATE)["status"] == "finished"
    done = bench.project.snakemake("partial", "--configfile", CONFIG)
    rows = {line.split(" | ")[0].strip("| "): line for line in done.stdout.splitlines() if line.startswith("|")}
    assert "✗" in rows["cancelled"], done.stdout + done.stderr
    assert not re.search("[✗…]", rows["killed"] + rows["late"])


def test_the_status_says_where_the_logs_of_a_failed_run_are(disturbed):
    bench, _, _ = disturbed
    status = bench.ltmlc("status", "--config", CONFIG)
    line = next(line for line in status.splitlines() if line.startswith("stopped"))
    assert f"{DATASET}/{CANCELLED}/seed0" in line
    files = re.findall(r"[^\s(]+\.log", line)
    assert next(Path(file).name for file in files) == "train.log" and len(files) == 2
    assert all((bench.root / file).exists() for file in files), files


def test_a_run_out_of_time_is_warned_saves_and_gets_more(disturbed):
    bench, run, _ = disturbed
    assert "stopped by SIGUSR1 at iteration" in run.text
    first, second = (bench.jobs_of(LATE)[job] for job in sorted(bench.jobs_of(LATE), key=int))
    assert first["partition"] == "short"
    assert first["state"] in ("FAILED", "TIMEOUT"), "by itself; a very busy machine may be late with that"
    assert (second["partition"], second["limit"]) == ("gpu", "00:30:00")
    assert bench.metrics(LATE)["resumed_from"] > 0


def test_snakemake_killed_and_started_again_loses_nothing(project):
    """As docs/clusters.md says: cancel what still runs, unlock, start again."""
    bench = project
    before = {file: file.stat().st_mtime_ns for file in bench.root.glob("results/smoke/runs/*/*/*/metrics.json")}
    run = bench.start(*targets(bench, LEFT), config=CONFIG)
    bench.watch(run, until=lambda: saved(bench, LEFT))
    assert not run.ended, run.text[-5000:]
    reached = bench.iteration(LEFT)
    run.process.kill()
    run.process.wait()

    recovery = re.search(r"```console\n(id=.*?)```", (ROOT / "docs/clusters.md").read_text(), flags=re.S)[1]
    done = subprocess.run(
        ["bash", "-ec", recovery.replace("--unlock", f"--unlock --configfile {CONFIG}")],
        **{"cwd": bench.root, "env": bench.environment(), "capture_output": True, "text": True, "check": False},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not bench.cluster.ask("squeue", "--noheader"), "nothing of the first start may still run"

    again = bench.start(*targets(bench, LEFT), config=CONFIG)
    bench.watch(again)
    assert again.process.returncode == 0, again.text[-5000:]
    assert bench.metrics(LEFT)["resumed_from"] >= reached
    assert {file: file.stat().st_mtime_ns for file in before} == before, "what was finished is not touched"
