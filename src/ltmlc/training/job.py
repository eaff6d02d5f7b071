"""What a training job is told, and what it settles before anything is loaded."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ltmlc.data.split import Split
from ltmlc.errors import InputError
from ltmlc.training.loop import iterations_per_epoch, make_sampler

PAPER_SIZE = 1e9
"""Pixels that a CPU trains on without being told to: a voc-lt run has 5.8e9, hours; an embedded one about 1e7."""


@dataclass
class Job:
    """What is to be trained and where it is to be written."""

    dataset: str
    run: str
    seed: int
    spec: dict[str, Any]
    data: Path  # the folder that holds split.json and pack/
    out: Path  # the folder for metrics.json and predictions.npz
    code: str  # fingerprint of the code this run uses
    device: torch.device
    settings: dict[str, Any]  # the configuration's ``training`` part
    command: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)  # of the process, as far as it can tell

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Note how long a phase took, however it ended."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started

    def stamp(self, split: Split, weights_sha256: str, features_sha256: str | None) -> dict[str, Any]:
        """What a checkpoint must agree with to be continued: else the run would not be the one that was asked for."""
        return {
            "dataset": self.dataset,
            "seed": self.seed,
            "spec": self.spec,  # in full, so that what differs is named
            "split": split.sha256,
            "initial weights": weights_sha256,
            "features": features_sha256,
            "code": self.code,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "device": self.device.type,
        }


def refuse_paper_size_on_cpu(job: Job, split: Split) -> None:
    """Raise InputError for a run that takes a CPU hours, before anything large is read or downloaded."""
    sampler = make_sampler(job.spec["sampler"], split.train_matrix, seed=job.seed)
    iterations = iterations_per_epoch(sampler, job.spec["batch_size"]) * job.spec["recipe"]["epochs"]
    if job.device.type == "cpu" and not job.settings["allow_cpu"] and is_paper_size(job.spec, iterations):
        raise InputError(too_long_on_cpu(job.spec, iterations, name=f"{job.run} on {job.dataset}"))


def is_paper_size(spec: dict[str, Any], iterations: int) -> bool:
    """Whether a run of so many iterations is of the paper's size; where only the head trains, none is."""
    pixels = iterations * spec["batch_size"] * spec["model"]["image_size"] ** 2
    return pixels > PAPER_SIZE and not spec["model"].get("cached_views")


def too_long_on_cpu(spec: dict[str, Any], iterations: int, *, name: str) -> str:
    """What a person is told of it."""
    return (
        f"{name} has {iterations} iterations of {spec['batch_size']} images at {spec['model']['image_size']} px, hours "
        "to days on a CPU: use a machine with a GPU, or set training.allow_cpu to true to do it all the same"
    )


def time_on_cpu(job: Job, iterations: int, left: int, images_per_second: float) -> str | None:
    """What is left of a run of the paper's size on a CPU, from its measured pace; None for other runs."""
    if job.device.type != "cpu" or not is_paper_size(job.spec, iterations):
        return None
    images = left * job.spec["batch_size"]
    return (
        f"{images_per_second:.1f} images/s on this machine, {job.spec['precision']} at "
        f"{job.spec['model']['image_size']} px: the {images} images that are left take about "
        f"{images / images_per_second / 3600:.1f} hours; interrupted, the same command continues"
    )


def configure_torch(precision: str, *, deterministic: bool, threads: int) -> None:
    """Settings of the whole process: arithmetic, determinism, threads.

    TF32 is the original's (PyTorch 1.8 had it on); it concerns GPUs alone. Deterministic kernels are slower there; on
    the CPU every run is deterministic as it is.
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)  # images are small, and ltmlc.data.augment.opencv_batch has threads of its own
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = not deterministic
    if deterministic:  # only then: the call imports torch's compiler, seconds
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS refuses to be deterministic without
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # costs time and finds nothing here


@contextmanager
def out_of_memory_advice(job: Job) -> Iterator[None]:
    """Turn a GPU's lack of memory into one sentence that says what to set."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        used = torch.cuda.max_memory_allocated(job.device) if job.device.type == "cuda" else 0
        share = job.settings["gpu_share"]
        sharing = f"training.gpu_share to 1 (it is {share}), or " if share > 1 else ""
        smaller = "training.precision to bf16, or " if job.spec["precision"] != "bf16" else ""
        raise InputError(
            f"{job.run} on {job.dataset}: out of memory on {job.device} at batch size {job.spec['batch_size']} and "
            f"{job.spec['model']['image_size']} px ({used / 2**30:.1f} GiB taken by this run); set "
            f"{sharing}{smaller}batch_size to less in the row's run, or take a GPU with more memory"
        ) from error
