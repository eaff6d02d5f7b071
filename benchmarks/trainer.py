"""The trainer against the released code's way, the same specification in one run; and the arithmetic floor.

    python benchmarks/trainer.py [PHOTOGRAPHS] [--backbone resnet18] [--image-size 96] [--device auto]

The released way: every image decoded and distorted with OpenCV at full size in one of two DataLoader workers, plain
float32, the loss read after every iteration. Ours: packed bytes, batches made where the network is, the specification's
precision, nothing read. Same network, loss, batch size and optimiser. Without PHOTOGRAPHS noise of 500 x 375 pixels is
used. Both ways in turn; medians. Then the step alone against a plain torchvision step, in pairs (``plain_step.py``).
Prints Markdown.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import cv2
import numpy as np
import torch
from floor import floor
from input_pipeline import SETTINGS, ReleasedTraining, one_opencv_thread
from plain_step import measure
from torch.utils.data import DataLoader

from ltmlc.data.pack.pack import Pack, build_pack
from ltmlc.data.sources.images import read_rgb
from ltmlc.losses import build_loss
from ltmlc.models import build_model
from ltmlc.plan.network import complete_model
from ltmlc.training.batches import DeviceData
from ltmlc.training.device import choose_device
from ltmlc.training.job import configure_torch
from ltmlc.training.loop import Trainer
from ltmlc.training.record.provenance import device_name

CLASSES, BATCH_SIZE, WARM_UP = 20, 32, 3
LOSS = [{"name": "dr", "gamma1": 5, "gamma2": 7}]


def specification(backbone: str, image_size: int, precision: str) -> dict:
    return {
        "loss": LOSS,
        "sampler": {"name": "class_aware", "per_class": 3, "reduce": 4},
        "batch_size": BATCH_SIZE,
        "recipe": {
            "lr": 3e-4, "epochs": 1000, "steps": [5], "warmup_iterations": 500, "warmup_ratio": 1 / 3,
            "step_factor": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "clip_norm": 35, "backbone_lr_factor": 1,
        },
        "model": complete_model({"backbone": backbone, "image_size": image_size, "frozen_stages": 1}),
        "augmentation": SETTINGS,
        "precision": precision,
    }  # fmt: skip


class ReleasedPhotographs(ReleasedTraining):
    """As many images as are asked for, over and over, with their labels."""

    def __init__(self, paths: list[str], labels: np.ndarray, order: list[int], image_size: int) -> None:
        super().__init__([paths[index] for index in order], image_size)
        self.labels = labels[order]

    def __getitem__(self, index: int) -> tuple[torch.Tensor, np.ndarray]:
        return super().__getitem__(index), self.labels[index].astype(np.int64)


def released_rate(
    paths: list[str], labels: np.ndarray, spec: dict, device: torch.device, iterations: int
) -> tuple[float, float]:
    """Images/s, and seconds until the first batch is there."""
    order = np.random.default_rng(0).integers(len(paths), size=(iterations + WARM_UP) * BATCH_SIZE).tolist()
    dataset = ReleasedPhotographs(paths, labels, order, spec["model"]["image_size"])
    model = build_model(spec["model"], CLASSES, generator_seed=0).to(device).train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=1e-4, momentum=0.9, weight_decay=1e-4)
    loss_of = build_loss(LOSS)
    started = time.perf_counter()
    # Spawned, because a process forked from one in which OpenCV already runs threads hangs.
    loader = DataLoader(
        dataset, BATCH_SIZE, num_workers=2, worker_init_fn=one_opencv_thread, multiprocessing_context="spawn"
    )
    for iteration, (images, targets) in enumerate(loader):
        if iteration == 0:
            waited = time.perf_counter() - started
        if iteration == WARM_UP:
            start = time.perf_counter()
        loss = loss_of(model(images.to(device)), targets.to(device))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 35)
        optimizer.step()
        loss.item()  # as mmcv's log does after every iteration
    return iterations * BATCH_SIZE / (time.perf_counter() - start), waited


def our_rate(pack: Pack, labels: np.ndarray, spec: dict, device: torch.device, iterations: int) -> tuple[float, float]:
    """Images/s, and seconds until the first batch is there."""
    model = build_model(spec["model"], CLASSES, generator_seed=0).to(device, memory_format=torch.channels_last)
    started = time.perf_counter()
    trainer = Trainer(spec, DeviceData.from_pack(pack, device, labels=labels), model, seed=0)
    for iteration in range(WARM_UP + iterations):
        if iteration == WARM_UP:
            trainer.check()  # waits for the device
            start = time.perf_counter()
        trainer.step()
        if iteration == 0:
            trainer.batch(0)
            waited = time.perf_counter() - started
    trainer.check()
    return iterations * BATCH_SIZE / (time.perf_counter() - start), waited


def make_photographs(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for index in range(count):
        coarse = rng.integers(0, 256, (15, 20, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{index:05d}.jpg"), cv2.resize(coarse, (500, 375), interpolation=cv2.INTER_CUBIC))


def make_pack(paths: list[str], labels: np.ndarray, directory: Path) -> tuple[Pack, float]:
    split = SimpleNamespace(
        dataset="photographs", classes=[str(k) for k in range(CLASSES)], train_ids=paths, test_ids=[], sha256="0" * 64,
        train_labels=[np.flatnonzero(row).tolist() for row in labels], test_labels=[],
    )  # fmt: skip
    started = time.perf_counter()
    pack = build_pack(SimpleNamespace(read_image=read_rgb), split, directory, progress=False)
    return pack, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path, nargs="?", help="folder with JPEG files (default: noise)")
    parser.add_argument("--count", type=int, default=512, help="files to use (default: 512)")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--iterations", type=int, default=20, help="measured, in each round (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="both ways in turn (default: 3; 0 for none)")
    parser.add_argument("--pairs", type=int, default=0, help="of our step and torchvision's alone (default: none)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="tf32", choices=["tf32", "float32", "bf16"], help="ours (default: tf32)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of torch (default: cores)")
    options = parser.parse_args()
    device = choose_device(options.device)
    spec = specification(options.backbone, options.image_size, options.precision)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.photographs or Path(scratch)
        if options.photographs is None:
            make_photographs(folder, options.count)
        paths = [str(path) for path in sorted(folder.rglob("*.jpg"))[: options.count]]
        if not paths:
            parser.error(f"{folder}: no .jpg files")
        rng = np.random.default_rng(0)
        labels = (rng.random((len(paths), CLASSES)) < np.geomspace(0.5, 0.02, CLASSES)).astype(np.uint8)
        labels[:, 0] |= labels.sum(1) == 0
        labels[np.arange(CLASSES), np.arange(CLASSES)] = 1  # no class without an image
        pack, packing = make_pack(paths, labels, Path(scratch, "pack"))
        rounds = []
        for _ in range(options.rounds):
            configure_torch("float32", deterministic=False, threads=options.threads)
            released = released_rate(paths, labels, spec, device, options.iterations)
            configure_torch(options.precision, deterministic=False, threads=options.threads)
            rounds.append((released, our_rate(pack, labels, spec, device, options.iterations)))
        if rounds:
            report(options, device, len(paths), rounds, packing)
        if options.pairs:
            configure_torch(options.precision, deterministic=False, threads=options.threads)
            data = DeviceData.from_pack(pack, device, labels=labels)
            print(f"\n{options.backbone}, {options.image_size} px, {options.precision}, {options.threads} threads.")
            print(measure(spec, data, device, classes=CLASSES, pairs=options.pairs))


def report(options: argparse.Namespace, device: torch.device, count: int, rounds: list, packing: float) -> None:
    (released, wait), (ours, our_wait) = (
        [median(values) for values in zip(*way, strict=True)] for way in zip(*rounds, strict=True)
    )
    print(
        f"{options.backbone}, {options.image_size} px, batch {BATCH_SIZE}, {count} files, "
        f"{options.iterations} iterations, medians of {options.rounds} rounds; {device_name(device)}, "
        f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {options.threads} threads; "
        f"Python {platform.python_version()}, torch {torch.__version__}, OpenCV {cv2.__version__}\n"
    )
    print("| | released way | ours | ratio |\n|---|---|---|---|")
    print(f"| precision | float32 | {options.precision} | |")
    print(f"| images/s | {released:.1f} | {ours:.1f} | {ours / released:.2f} |")
    print(f"| first batch after, s | {wait:.1f} | {our_wait:.2f} (packing, once: {packing:.1f}) | |\n")
    print("| per image | frozen | trained | weights and optimiser |\n|---|---|---|---|")
    for backbone, size in dict.fromkeys([(options.backbone, options.image_size), ("resnet50", 224)]):
        least = floor(specification(backbone, size, options.precision))
        print(
            f"| {backbone}, {size} px | {least['frozen GFLOP']:.2f} GFLOP, {least['frozen MB']:.1f} MB "
            f"| {least['trained GFLOP']:.2f} GFLOP, {least['trained MB']:.1f} MB | {least['weights MB']:.1f} MB |"
        )


if __name__ == "__main__":
    main()
