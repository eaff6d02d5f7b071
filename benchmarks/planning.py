"""What planning and finishing cost, and what Snakemake adds to a job: 92 runs, 92 x 5, 10 000 distinct ones.

    python benchmarks/planning.py [--sizes 92 460 10000] [--jobs 92]

Every size is a copy of the project whose runs are dummies: metrics files of the usual size with drawn scores. Planning
is ``snakemake --dry-run`` with nothing done and with everything done, and ``ltmlc plan``; finishing is ``ltmlc
tabulate``, ``compare`` and ``claims``. The overhead per job is that of the workflow's own ``train`` rule over a program
that only writes its files. Prints Markdown; seconds are of the wall and, in brackets, of the processor, which a busy
machine stretches less; memory is the largest resident size of the process.
"""

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import yaml

from ltmlc.data.split import load_split
from ltmlc.disk.checksums import RUN_SUMS
from ltmlc.disk.files import sha256_file
from ltmlc.plan.fingerprint import run_fingerprint
from ltmlc.plan.grid import Grid, load_grid

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "envs", "src")
STAND_IN = """
import os, sys
out = sys.argv[sys.argv.index("--out") + 1]
for name in ("metrics.json", "predictions.npz"):
    with open(os.path.join(out, name), "w") as file:
        file.write(" ".join(sys.argv))
"""


def say(*what: object) -> None:
    """What has just been measured; the large sizes take minutes."""
    print(*what, file=sys.stderr, flush=True)


class Cost(NamedTuple):
    wall: float  # seconds
    processor: float  # seconds
    memory: float  # bytes

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.processor:.1f}), {self.memory / 2**20:.0f} MiB"


def measure(project: Path, *command: str) -> Cost:
    """Run ``python -m COMMAND`` in the project."""
    with (project / "output.txt").open("wb") as output:
        started = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(project / "src")}
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=project, env=environment, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{(project / 'output.txt').read_text()[-3000:]}")
    cost = Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    say(" ".join(command), cost)
    return cost


@contextmanager
def project_of(runs: int) -> Iterator[Path]:
    """A copy of the project with a configuration of so many runs: the demo's with more seeds, or one wide table."""
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        project = Path(folder)
        for part in PARTS:
            source, target = ROOT / part, project / part
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        config = yaml.safe_load((project / "config" / "demo.yaml").read_text())
        if runs % 92 == 0:
            config["seeds"] = list(range(runs // 92))
        else:
            config |= {"datasets": ["digits20-lt"], "tables": ["wide"]}
            losses = [[{"name": "dr", "gamma1": 1 + number, "gamma2": 7}] for number in range(runs)]
            rows = [{"label": f"Row {n}", "origin": "own", "run": {"loss": loss}} for n, loss in enumerate(losses)]
            table = {"title": "Wide", "kind": "table", "caption": "Many runs.", "rows": rows}
            (project / "config" / "tables" / "wide.yaml").write_text(yaml.safe_dump(table))
        (project / "config.yaml").write_text(yaml.safe_dump(config))
        yield project


def make_data(project: Path, grid: Grid) -> None:
    """The split of each data set for true, and files in the place of pack and weights."""
    for dataset in grid.datasets:
        data = Path(grid.config["results"], "data", dataset)
        measure(project, "ltmlc", "subset", dataset, "--out", str(data / "split.json"))
        (project / data / "pack").mkdir()
        (project / data / "pack" / "index.json").write_text('{"heights": [1], "widths": [1]}')
        (project / data / "pack" / "images.bin").write_bytes(bytes(3))
        for seed in grid.seeds:
            (project / data / f"backbone-seed{seed}.pt").write_bytes(b"weights")


def make_results(project: Path, grid: Grid) -> int:
    """A metrics file, predictions and checksums for every run and seed; returns the size of one metrics file."""
    draw = random.Random(0)
    splits = {
        name: load_split(project / grid.config["results"] / "data" / name / "split.json") for name in grid.datasets
    }
    for folder in grid.run_folders():
        dataset, run, seed = folder.parts[-3:]
        split, spec = splits[dataset], grid.runs[dataset][run]
        ap = [draw.random() for _ in split.classes]
        means = {name: sum(ap[k] for k in group) / len(group) for name, group in split.groups.items()}
        epoch = {"loss": 4.5, "lr": 0.01, "images_per_second": 1234.5, "seconds": 0.5}
        metrics = {
            **{"status": "finished", "error": None, "spec": spec, "dataset": dataset, "run": run},
            **{"seed": int(seed.removeprefix("seed")), "classes": split.classes, "split_sha256": split.sha256},
            "code": run_fingerprint(spec),
            "environment": {"device": "cpu", "torch": "2.14.1", "git_commit": "0" * 40},
            **{"ap_per_class": ap, "map": {"total": sum(ap) / len(ap), **means}},
            "history": [{"epoch": number, **epoch} for number in range(1, spec["recipe"]["epochs"] + 1)],
            **{"seconds": {"start": 2.0, "load": 0.1, "train": 4.0, "evaluate": 0.1, "total": 6.2}},
            **{"images_per_second": 1234.5, "resumed_from": None, "command": "python -m ltmlc train"},
        }
        place = project / folder
        place.mkdir(parents=True)
        (place / "metrics.json").write_text(json.dumps(metrics, indent=1))
        (place / "predictions.npz").write_bytes(bytes(20_000))
        # Not by write_sums: flushing ten thousand files to disk takes longer than all that is measured here.
        lines = (f"{sha256_file(place / name)}  {name}\n" for name in ("metrics.json", "predictions.npz"))
        (place / RUN_SUMS).write_text("".join(lines))
    return (place / "metrics.json").stat().st_size


def planning_and_finishing(runs: int) -> dict[str, str]:
    """One column of the first table."""
    with project_of(runs) as project:
        os.chdir(project)
        grid = load_grid("config.yaml")
        made = sum(1 for _ in grid.run_folders())
        column = {"runs": str(made), "distinct runs": str(sum(map(len, grid.runs.values())))}
        snakemake = ("snakemake", "--cores", "2", "--dry-run", "--quiet", "all", "--", "tables")
        column["`snakemake -n`, nothing done"] = str(measure(project, *snakemake))
        column["`ltmlc plan`, nothing done"] = str(measure(project, "ltmlc", "plan"))
        make_data(project, grid)
        size = make_results(project, grid)
        column["`snakemake -n`, all trained"] = str(measure(project, *snakemake))
        for verb in ("plan", "status", "tabulate", "compare", "claims"):
            column[f"`ltmlc {verb}`, all trained"] = str(measure(project, "ltmlc", verb))
        column["metrics files"] = f"{made} of {size / 1000:.1f} kB"
        column["files and folders of the runs"] = str(sum(1 for _ in Path(grid.config["results"], "runs").rglob("*")))
        os.chdir(ROOT)
    return column


def overhead(jobs: int, cores: int) -> dict[str, str]:
    """One column of the second table: the train rule over a program that only writes its files."""
    with project_of(jobs) as project:
        os.chdir(project)
        grid = load_grid("config.yaml")
        # Data as the workflow makes them: the stand-in, called to make one of them, would have nothing to give.
        measure(project, "snakemake", "--cores", str(os.cpu_count()), "--until", "pack", "pretrain", "--", "tables")
        (project / "src" / "ltmlc" / "__main__.py").write_text(STAND_IN)
        (project / "scratch").mkdir()
        # The package's __init__ is imported by the real command as well; the program itself does next to nothing.
        own = min(
            (measure(project, "ltmlc", "train", "--out", "scratch") for _ in range(5)), key=lambda cost: cost.wall
        )
        snakemake = ("snakemake", "--cores", str(cores), "--until", "train")
        planning = measure(project, *snakemake, "--dry-run", "--", "tables")
        cost = measure(project, *snakemake, "--", "tables")
        metrics = sum((folder / "metrics.json").exists() for folder in grid.run_folders())
        if metrics != jobs:
            raise SystemExit(f"{metrics} of {jobs} jobs were run")
        records = [path.stat() for path in (project / ".snakemake" / "metadata").rglob("*") if path.is_file()]
        log = sum(path.stat().st_size for path in (project / ".snakemake" / "log").iterdir())
        os.chdir(ROOT)
    wall, processor = cost.wall / jobs * cores - own.wall, cost.processor / jobs - own.processor
    return {
        "jobs, at a time": f"{jobs}, {cores}",
        "all": str(cost),
        "of which planning (dry run)": str(planning),
        "the program itself, once": f"{own.wall:.3f} s ({own.processor:.3f})",
        "**Snakemake's share of a job, planning included**": f"**{wall:.3f} s ({processor:.3f})**",
        "metadata": f"{len(records)} files, {sum(record.st_size for record in records) / jobs / 1000:.1f} kB a job",
        "log": f"{log / jobs / 1000:.1f} kB a job",
    }


def print_table(columns: list[dict[str, str]]) -> None:
    print(f"\n| | {' | '.join(next(iter(column.values())) for column in columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for name in list(columns[0])[1:]:
        print(f"| {name} | {' | '.join(column[name] for column in columns)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[92, 460, 10_000], help="runs; multiples of 92: the demo's"
    )
    parser.add_argument("--jobs", type=int, nargs="*", default=[92, 460], help="dummy jobs that are really run")
    parser.add_argument("--cores", type=int, default=1, help="jobs at a time (default: 1)")
    options = parser.parse_args()
    load, version = os.getloadavg()[0], platform.python_version()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load average {load:.1f}, Python {version}", flush=True)
    if options.sizes:
        print_table([planning_and_finishing(runs) for runs in options.sizes])
    if options.jobs:
        print_table([overhead(jobs, options.cores) for jobs in options.jobs])


if __name__ == "__main__":
    main()
