"""Time of everything that is recomputed from results: the paper's 92 runs, five seeds each, on made-up numbers.

    python benchmarks/evidence.py [--seeds 5]

Metrics files of all runs with scores of every class, and test logits of LSEP, C-LSEP and DR (4952 x 20 and 5000 x 80).
Every verb runs as a process of its own, as in the workflow, one after the other. Prints a Markdown table: wall clock
and processor seconds of each; the sum of those that need metrics files alone is what the 20 s of the design are about.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ltmlc.data.longtail import cooccurrence, pareto_sizes
from ltmlc.data.split import Split, save_split
from ltmlc.disk.files import canonical_json, sha256_text
from ltmlc.metrics import groups_of
from ltmlc.plan.grid import Grid, load_grid
from ltmlc.plan.lookup import run_folder
from ltmlc.plan.methods import method_runs
from ltmlc.workflow.kept import write_run_sums

ROOT = Path(__file__).parents[1]
TEST_IMAGES = {"voc-lt": 4952, "coco-lt": 5000}
CLASSES = {"voc-lt": (20, 800), "coco-lt": (80, 1200)}  # number of classes, largest class
FROM_METRICS = ("tabulate", "compare", "claims", "audit", "plan", "status", "figures fig4", "report")
FROM_PREDICTIONS = ("figures methods", "bootstrap", "export")


def made_up_split(dataset: str, rng: np.random.Generator) -> Split:
    """Labels with the paper's class sizes, drawn class by class."""
    number, maximum = CLASSES[dataset]
    sizes = pareto_sizes(number, 6, maximum, 1)
    train = np.zeros((maximum + 300, number), np.uint8)
    for k, size in enumerate(sizes):
        train[rng.choice(len(train), size, replace=False), k] = 1
    test = (rng.random((TEST_IMAGES[dataset], number)) < 1.5 / number).astype(np.uint8)
    thresholds = {"head": 100, "medium": 20}
    fields = {
        "dataset": dataset,
        "classes": [f"class {k}" for k in range(number)],
        "train_ids": [f"train{i}" for i in range(len(train))],
        "test_ids": [f"test{i}" for i in range(len(test))],
        "train_labels": [np.flatnonzero(row).tolist() for row in train],
        "test_labels": [np.flatnonzero(row).tolist() for row in test],
        "class_counts": train.sum(0).tolist(),
        "test_class_counts": test.sum(0).tolist(),
        "cooccurrence": cooccurrence(train).tolist(),
        "groups": groups_of(train.sum(0), **thresholds),
        "thresholds": thresholds,
    }
    return Split(**fields, sha256=sha256_text(canonical_json(fields)))


def write_results(grid: Grid, folder: Path) -> None:
    """Everything that trainings would have left behind; the seeds of a run differ by 0.6 mAP."""
    rng = np.random.default_rng(0)
    for dataset, runs in grid.runs.items():
        split = made_up_split(dataset, rng)
        save_split(split, folder / "data" / dataset / "split.json")
        methods = set(method_runs(grid, dataset).values())
        for run, spec in runs.items():
            level = rng.uniform(0.4, 0.75)
            for seed in grid.seeds:
                ap = (level + rng.normal(0, 0.006) + rng.normal(0, 0.1, len(split.classes))).clip(0, 1)
                path = run_folder(folder, dataset, run, seed)
                path.mkdir(parents=True)
                (path / "metrics.json").write_text(json.dumps(metrics(dataset, run, seed, spec, split, ap), indent=1))
                if run in methods:
                    labels = split.test_matrix
                    logits = (rng.normal(size=labels.shape) + 1.5 * labels).astype(np.float32)
                    arrays = {"logits": logits, "labels": labels, "ids": np.array(split.test_ids)}
                    np.savez_compressed(path / "predictions.npz", **arrays)
                    write_run_sums(path)  # as a training does: without it they count as edited


def metrics(dataset: str, run: str, seed: int, spec: dict, split: Split, ap: np.ndarray) -> dict:
    history = [{"epoch": e, "loss": 0.1, "lr": 1e-3, "images_per_second": 100.0} for e in range(30)]
    groups = {name: float(ap[members].mean()) for name, members in split.groups.items()}
    return {
        **{"status": "finished", "error": None, "spec": spec, "dataset": dataset, "run": run, "seed": seed},
        **{"split_sha256": split.sha256, "code": "0" * 16, "environment": {"device": "made up", "torch": "0"}},
        **{"ap_per_class": ap.tolist(), "map": {"total": float(ap.mean()), **groups}, "history": history},
        **{"seconds": {"train": 50.0, "total": 60.0}, "images_per_second": 100.0, "resumed_from": None},
        "command": "python -m ltmlc train",
    }


def measure(verb: str, grid: Grid, config: str) -> tuple[float, float]:
    """Wall clock and processor seconds of one command."""
    name, *rest = verb.split()
    if name == "bootstrap":
        methods = method_runs(grid, "voc-lt")
        rest = ["voc-lt", methods["DR"], "--against", methods["LSEP"]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "ltmlc", name, *rest, "--config", config]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{verb}: {done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="seeds of each run (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"seeds": list(range(options.seeds)), "results": f"{folder}/results", "figures": f"{folder}/figures"}
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(chosen))
        grid = load_grid(str(config), ROOT)
        write_results(grid, Path(chosen["results"]))
        runs = sum(map(len, grid.runs.values()))
        print(f"{runs} runs x {options.seeds} seeds, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        print("| verb | wall, s | processor, s |\n|---|---|---|")
        for title, verbs in (("metrics files alone", FROM_METRICS), ("predictions, too", FROM_PREDICTIONS)):
            times = {verb: measure(verb, grid, str(config)) for verb in verbs}
            for verb, (wall, processor) in times.items():
                print(f"| {verb} | {wall:.1f} | {processor:.1f} |", flush=True)
            wall, processor = (sum(each) for each in zip(*times.values(), strict=True))
            print(f"| **{title}** | **{wall:.1f}** | **{processor:.1f}** |", flush=True)


if __name__ == "__main__":
    main()
