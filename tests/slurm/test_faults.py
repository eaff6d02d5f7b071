"""What happens on clusters, done for real to running jobs: killed, cancelled, out of time, Snakemake gone."""

import re
import subprocess
from pathlib import Path

import pytest
from slurm.bench import DATASET, Bench, Run
from workflow.conftest import ROOT

pytestmark = pytest.mark.slurm

CONFIG = "config/faults.yaml"
# Three runs that differ in their loss and in how long they take; one more for the test of Snakemake itself.
KILLED, CANCELLED, SLOW, LEFT = "lsep_recipe-faults", "zlpr_recipe-faults", "c_zlpr_recipe-slow", "c_lsep_recipe-faults"
LOSSES = {KILLED: "lsep", CANCELLED: "zlpr", SLOW: "c_zlpr", LEFT: "c_lsep"}
TABLE = "title: Faults\nkind: table\ncaption: For the tests.\nrows:\n" + "".join(
    f"  - {{label: {run}, origin: own, run: {{loss: [{{name: {loss}}}], recipe: {run.split('-')[-1]}}}}}\n"
    for run, loss in LOSSES.items()
)
RECIPES = """
faults: {lr: 0.001, epochs: 12, steps: [9], warmup_iterations: 10}
slow: {lr: 0.001, epochs: 90, steps: [60], warmup_iterations: 10}
"""
# The slow run's first attempt goes to a partition that gives a job one minute, and is warned before it is over.
SLOW_FIRST = f"attempt == 1 and wildcards.run == '{SLOW}'"
RESOURCES = (
    "--set-resources",
    f"train:slurm_partition='short' if {SLOW_FIRST} else 'gpu'",
    f"train:runtime=1 if {SLOW_FIRST} else 30",
    "train:mem_mb=4000 * attempt",
    "train:slurm_extra='--signal=USR1@20'",
)


@pytest.fixture(scope="module")
def project(bench) -> Bench:
    """The smoke configuration's data, and a table of runs to be disturbed, which save every second or so."""
    (bench.root / "config/tables/faults.yaml").write_text(TABLE)
    recipes = bench.root / "config/recipes.yaml"
    recipes.write_text(recipes.read_text() + RECIPES)
    smoke = (bench.root / "config/smoke.yaml").read_text()
    (bench.root / CONFIG).write_text(
        smoke.replace("table2", "faults").replace("threads: 1", "threads: 1, checkpoint_minutes: 0.02")
    )
    return bench


def targets(bench: Bench, *runs: str) -> list[str]:
    return [str((bench.directory(run) / "metrics.json").relative_to(bench.root)) for run in runs]


def saved(bench: Bench, run: str) -> bool:
    return (bench.directory(run) / "previous.pt").exists() and bench.iteration(run) > 0


class Disturbance:
    """Kills one training when it has saved; cancels another, and each of its further attempts, as soon as seen."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.killed_at, self.cancelled = bench, 0, set()

    def __call__(self) -> None:
        if not self.killed_at and saved(self.bench, KILLED):
            self.killed_at = self.bench.iteration(KILLED)
            self.bench.kill_training(KILLED)
        alive = {job for job, told in self.bench.jobs_of(CANCELLED).items() if told["state"] in ("PENDING", "RUNNING")}
        if self.cancelled or saved(self.bench, CANCELLED):
            for job in alive - self.cancelled:
                self.bench.cluster.ask("scancel", job)
                self.cancelled.add(job)


@pytest.fixture(scope="module")
def disturbed(project) -> tuple[Bench, Run, Disturbance]:
    disturbance = Disturbance(project)
    run = project.start(*targets(project, KILLED, CANCELLED, SLOW), *RESOURCES, config=CONFIG)
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


def test_a_cancelled_job_fails_one_cell_and_the_rest_goes_on(disturbed):
    bench, run, disturbance = disturbed
    assert run.process.returncode == 1
    assert len(disturbance.cancelled) == 3, "each attempt"
    assert not (bench.directory(CANCELLED) / "metrics.json").exists()
    assert bench.metrics(KILLED)["status"] == bench.metrics(SLOW)["status"] == "finished"
    done = bench.project.snakemake("partial", "--configfile", CONFIG)
    rows = {line.split(" | ")[0].strip("| "): line for line in done.stdout.splitlines() if line.startswith("|")}
    assert "✗" in rows[CANCELLED], done.stdout + done.stderr
    assert not re.search("[✗…]", rows[KILLED] + rows[SLOW])


def test_the_status_says_where_the_logs_of_a_failed_run_are(disturbed):
    bench, _, _ = disturbed
    status = bench.ltmlc("status", "--config", CONFIG)
    line = next(line for line in status.splitlines() if line.startswith("stopped"))
    assert f"{DATASET}/{CANCELLED}/seed0" in line
    files = re.findall(r"\S+\.log", line)
    assert next(Path(file).name for file in files) == "train.log" and len(files) == 2
    assert all((bench.root / file).exists() for file in files), files


def test_a_run_out_of_time_is_warned_saves_and_gets_more(disturbed):
    bench, _, _ = disturbed
    first, second = (bench.jobs_of(SLOW)[job] for job in sorted(bench.jobs_of(SLOW), key=int))
    assert (first["partition"], first["limit"], first["state"]) == ("short", "00:01:00", "FAILED")
    assert (second["partition"], second["limit"]) == ("gpu", "00:30:00")
    assert bench.metrics(SLOW)["resumed_from"] > 0


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

    locked = bench.start(*targets(bench, LEFT), config=CONFIG)
    bench.watch(locked)
    assert locked.process.returncode == 1 and "--unlock" in locked.text
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
