"""Whole runs, shared GPUs and the share of the input, on synthetic packs of the paper's sizes: what docs/performance.md
asks of a GPU.

    python benchmarks/gpu.py voc-lt                          # precisions, sharing, deterministic kernels
    python benchmarks/gpu.py coco-lt --precisions tf32 --share 1

Noise for photographs and random starting weights: neither changes how long anything takes. Each run is the job itself,
``python -m ltmlc train``, from its start to metrics.json. ``--scale``, ``--image-size``, ``--backbone`` and
``--epochs`` make it small enough to be tried on a CPU. Prints Markdown.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc.data.longtail import pareto_sizes
from ltmlc.data.pack.pack import build_pack, open_pack
from ltmlc.data.sources.source import Pool
from ltmlc.data.split import load_split, make_split, save_split
from ltmlc.plan.grid import load_grid
from ltmlc.plan.reading.schema import defaults
from ltmlc.training.batches import DeviceData
from ltmlc.training.device import choose_device
from ltmlc.training.job import configure_torch
from ltmlc.training.loop import Trainer
from ltmlc.training.network import build_network
from ltmlc.training.record.provenance import device_name

SIZES = {  # training and test images, classes, largest class, height and width
    "voc-lt": (1142, 4952, 20, 775, 375, 500),
    "coco-lt": (1909, 5000, 80, 1128, 480, 640),
}
RUN, WARM_UP = "dr_gamma1-5_gamma2-7", 10


class Noise:
    """A data source of as many images, classes and images a class as the paper's sets have."""

    def __init__(self, dataset: str, scale: float) -> None:
        train, test, classes, largest, self.height, self.width = SIZES[dataset]
        train, test, largest = (max(classes, round(scale * number)) for number in (train, test, largest))
        self.classes = [f"class {k}" for k in range(classes)]
        self.rng = np.random.default_rng(0)
        self._images = self.rng.integers(0, 256, (16, self.height, self.width, 3), np.uint8)
        self._train = self._pool(0, train, pareto_sizes(classes, maximum=largest))
        self._test = self._pool(train, test, [max(1, test // 10)] * classes)

    def _pool(self, first: int, count: int, sizes: list[int]) -> Pool:
        labels = np.zeros((count, len(sizes)), np.uint8)
        for k, size in enumerate(sizes[1:], start=1):
            labels[self.rng.choice(count, min(size, count), replace=False), k] = 1
        empty, others = (np.flatnonzero(labels.any(1) == some) for some in (False, True))
        # The largest class has the images that no other has, and as many more as it lacks; the second what is left.
        labels[empty[: sizes[0]], 0] = 1
        labels[empty[sizes[0] :], 1] = 1
        labels[self.rng.choice(others, np.clip(sizes[0] - len(empty), 0, len(others)), replace=False), 0] = 1
        return Pool([str(number) for number in range(first, first + count)], labels)

    def train_pool(self) -> Pool:
        return self._train

    def test_pool(self) -> Pool:
        return self._test

    def read_image(self, image_id: str) -> np.ndarray:
        return self._images[int(image_id) % len(self._images)]


def specification(dataset: str, precision: str, options: argparse.Namespace, epochs: int | None = None) -> dict:
    config = {"datasets": [dataset], "tables": ["table2"], "training": {"precision": precision}}
    runs = load_grid(config).runs[dataset]
    spec = next(spec for run, spec in runs.items() if run.startswith("dr_") and "+" not in run)
    epochs = epochs or spec["recipe"]["epochs"]
    steps = [step for step in spec["recipe"]["steps"] if step < epochs]
    model = {"weights": None, "image_size": options.image_size, "backbone": options.backbone}
    return {
        **spec,
        "recipe": {**spec["recipe"], "epochs": epochs, "steps": steps},
        "model": {**spec["model"], **model},
    }


def runs_at_once(count: int, spec: dict, data: Path, options: argparse.Namespace, **settings: Any) -> list[dict]:
    """What ``count`` jobs, started together, tell in their metrics; and their seconds from start to metrics.json."""
    settings = {
        **defaults("config")["training"],
        "device": options.device,
        "allow_cpu": True,
        "gpu_share": count,
        **settings,
    }
    with tempfile.TemporaryDirectory(dir=data) as scratch:
        commands = [
            [
                *(sys.executable, "-m", "ltmlc", "train", "synthetic", RUN, "--seed", str(seed), "--code", "benchmark"),
                *("--spec", json.dumps(spec), "--settings", json.dumps(settings)),
                *("--data", str(data), "--out", f"{scratch}/{seed}"),
            ]
            for seed in range(count)
        ]
        started = time.perf_counter()
        jobs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
        told = [job.communicate()[1] for job in jobs]
        wall = time.perf_counter() - started
        if any(job.returncode for job in jobs):
            raise SystemExit(f"a job failed:\n{told}")
        files = [Path(scratch, str(seed), "metrics.json") for seed in range(count)]
        return [{**json.loads(file.read_text()), "wall": wall} for file in files]


def input_share(spec: dict, data: Path, device: torch.device, iterations: int) -> float:
    """The part of an iteration that goes if its batch is there already: the most that the GPU can wait for data."""
    configure_torch(spec["precision"], deterministic=False, threads=defaults("config")["training"]["threads"])
    split = load_split(data / "split.json")
    model = build_network(spec, split, data, seed=0).to(device, memory_format=torch.channels_last)
    held = DeviceData.from_pack(open_pack(data / "pack", verify=False), device, labels=split.matrix)
    trainer = Trainer(spec, held, model, seed=0)

    def seconds() -> float:
        for iteration in range(WARM_UP + iterations):
            if iteration == WARM_UP:
                trainer.check()  # waits for the device
                started = time.perf_counter()
            trainer.step()
        trainer.check()
        return time.perf_counter() - started

    fresh = seconds()
    batch = trainer.batch(0)
    trainer.batch = lambda iteration: batch
    return 1 - seconds() / fresh


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=SIZES)
    parser.add_argument("--precisions", nargs="*", default=["tf32", "bf16", "float32"])
    parser.add_argument("--share", nargs="*", type=int, default=[2, 3, 4], help="jobs at once (default: 2 3 4)")
    parser.add_argument("--share-epochs", type=int, default=5, help="of each job that shares (default: 5)")
    parser.add_argument("--epochs", type=int, help="of a whole run (default: the recipe's)")
    parser.add_argument("--iterations", type=int, default=200, help="for the share of the input (default: 200)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the images (default: all)")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--backbone", default="resnet50")
    options = parser.parse_args()
    device = choose_device(options.device)
    with tempfile.TemporaryDirectory() as scratch:
        data, source = Path(scratch), Noise(options.dataset, options.scale)
        save_split(make_split("synthetic", source, {}), data / "split.json")
        build_pack(source, load_split(data / "split.json"), data / "pack")
        print(
            f"{options.dataset} x {options.scale:g}, {options.backbone} at {options.image_size} px; "
            f"{device_name(device)}, "
            f"{len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, torch {torch.__version__}\n"
        )
        print("| | run, s | start | load | train | evaluate | images/s | GiB | input's share |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        for name, precision, deterministic in [
            *((precision, precision, False) for precision in options.precisions),
            ("tf32, deterministic", "tf32", True),
        ]:
            spec = specification(options.dataset, precision, options, options.epochs)
            (run,) = runs_at_once(1, spec, data, options, deterministic=deterministic)
            share = "" if deterministic else f"{input_share(spec, data, device, options.iterations):.1%}"
            row(name, run, share)
        spec = specification(options.dataset, options.precisions[0], options, options.share_epochs)
        print("\n| jobs at once | images/s, sum | images/s, each |\n|---|---|---|", flush=True)
        for count in [1, *(count for count in options.share if count > 1)]:
            rates = [run["images_per_second"] for run in runs_at_once(count, spec, data, options)]
            print(f"| {count} | {sum(rates):.0f} | {', '.join(f'{rate:.0f}' for rate in rates)} |", flush=True)


def row(name: str, run: dict, share: str) -> None:
    seconds, memory = run["seconds"], run["peak_memory"]["device_bytes"] or run["peak_memory"]["host_bytes"]
    phases = " | ".join(f"{seconds[phase]:.1f}" for phase in ("start", "load", "train", "evaluate"))
    print(
        f"| {name} | {run['wall']:.1f} | {phases} | {run['images_per_second']:.0f} | {memory / 2**30:.1f} | {share} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
