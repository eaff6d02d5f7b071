"""A training run small enough for tests: 10 classes of handwritten digits at 16 px, 20 iterations in 0.2 seconds."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from ltmlc.data.pack.pack import build_pack, open_pack
from ltmlc.data.sources.digits import DigitsSource
from ltmlc.data.split import load_split, make_split, save_split
from ltmlc.training import run as training_run
from ltmlc.training.batches import DeviceData
from ltmlc.training.job import Job
from ltmlc.training.loop import Trainer
from ltmlc.training.network import build_network
from ltmlc.training.run import run_job

CPU = torch.device("cpu")
SPEC = {
    "loss": [{"name": "dr", "gamma1": 5, "gamma2": 7, "weight": 1}],
    "sampler": {"name": "class_aware", "per_class": 3, "reduce": 4},
    "batch_size": 16,
    "recipe": {
        "name": "dr", "lr": 0.01, "epochs": 4, "steps": [2, 3], "warmup_iterations": 8, "warmup_ratio": 1 / 3,
        "step_factor": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "clip_norm": 35, "backbone_lr_factor": 1,
    },
    "model": {
        "backbone": "small", "width": 4, "image_size": 16, "frozen_stages": 1, "norm_eval": True, "weights": None,
        "head": "linear", "neck_features": 16, "dropout": 0.5, "stem": None, "stride_in_1x1": False,
        "cached_views": None,
    },
    "augmentation": {
        "brightness": 32, "contrast": [0.5, 1.5], "saturation": [0.5, 1.5], "hue": 18, "channel_permutation": True,
        "crop_scale": [0.8, 1.0], "crop_ratio": [0.5, 2.0], "flip": 0.5, "mean": [64, 64, 64], "std": [60, 60, 60],
    },
    "precision": "float32",
}  # fmt: skip
SETTINGS = {
    "device": "cpu", "threads": 1, "gpu_share": 1, "allow_cpu": False, "deterministic": False,
    "checkpoint_minutes": 1e-9, "keep_weights": True,
}  # fmt: skip
"""A checkpoint after every iteration."""


def make_data(folder: Path, canvas: int = 16) -> Path:
    """split.json and pack/ of 10 classes: 61 training and 30 test images."""
    source = DigitsSource(inks=1, pool=300, test=30, canvas=canvas)
    config = {"subset": {"alpha": 6, "maximum": 40, "minimum": 3, "seed": 0}, "thresholds": {"head": 30, "medium": 10}}
    save_split(make_split("tiny", source, config), folder / "split.json")
    build_pack(source, load_split(folder / "split.json"), folder / "pack", workers=1, progress=False)
    return folder


def changed(spec: dict = SPEC, **changes: dict) -> dict:
    """A specification with some parts replaced, mappings key by key: ``changed(model={"width": 8})``."""
    return {**spec, **{key: {**spec[key], **v} if isinstance(v, dict) else v for key, v in changes.items()}}


def make_trainer(data: Path, spec: dict = SPEC, *, seed: int = 0) -> Trainer:
    split = load_split(data / "split.json")
    model = build_network(spec, split, data, seed=seed).to(memory_format=torch.channels_last)
    held = DeviceData.from_pack(open_pack(data / "pack", verify=False), CPU, labels=split.matrix)
    return Trainer(spec, held, model, seed=seed)


def make_job(data: Path, out: Path, spec: dict = SPEC, *, seed: int = 0, **settings: object) -> Job:
    return Job("tiny", "run", seed, spec, data, out, "code", CPU, {**SETTINGS, **settings}, command="test")


def run(data: Path, out: Path, spec: dict = SPEC, **options: object) -> SimpleNamespace:
    """Exit code, metrics, predictions and weights of a job that leaves some; iterations as far as it trained, not what
    was looked at meanwhile."""
    code = run_job(make_job(data, out, spec, **options))
    return SimpleNamespace(code=code, **vars(results(out))) if code == 0 else SimpleNamespace(code=code)


def cut_and_resumed(data: Path, out: Path, spec: dict = SPEC, **settings: object) -> SimpleNamespace:
    """What :func:`run` leaves where a job was cut short after seven iterations, and begun again."""
    _, session = training_run._load(make_job(data, out, spec, **settings))
    for _ in range(7):
        session.trainer.step()
    session._save()
    resumed = run(data, out, spec, **settings)
    assert resumed.metrics["resumed_from"] == 7
    return resumed


def results(out: Path) -> SimpleNamespace:
    weights = out / "weights.pt"
    return SimpleNamespace(
        metrics=json.loads((out / "metrics.json").read_text()),
        iterations=[line.rpartition(",")[0] for line in (out / "history.csv").read_text().splitlines()],
        predictions=dict(np.load(out / "predictions.npz")),
        weights=torch.load(weights, weights_only=True) if weights.exists() else None,
    )


def assert_same_bits(first: SimpleNamespace, second: SimpleNamespace) -> None:
    """Weights, predictions, and all of the metrics that does not measure time, memory or attempts."""
    assert first.iterations == second.iterations
    assert first.weights.keys() == second.weights.keys()
    assert [name for name, value in first.weights.items() if not torch.equal(value, second.weights[name])] == []
    assert [name for name, value in first.predictions.items() if (value != second.predictions[name]).any()] == []
    kept = [
        {key: value for key, value in each.metrics.items() if key in ("ap_per_class", "map", "weights_sha256", "spec")}
        | {"history": [(epoch["epoch"], epoch["loss"], epoch["lr"]) for epoch in each.metrics["history"]]}
        for each in (first, second)
    ]
    assert kept[0] == kept[1]
