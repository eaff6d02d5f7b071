"""The benchmarks that train: what they build still is what the trainer takes."""

import sys
from pathlib import Path
from types import SimpleNamespace

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from plain_step import measure  # noqa: E402
from trainer import specification  # noqa: E402


def test_our_step_is_measured_beside_torchvisions(monkeypatch):
    monkeypatch.setattr("plain_step.PRODUCT", 64)
    spec = specification("resnet18", 32, "float32")
    data = SimpleNamespace(
        labels=torch.eye(3, dtype=torch.bool).repeat(12, 1), num_train=36, device=torch.device("cpu")
    )
    printed = measure({**spec, "batch_size": 2}, data, torch.device("cpu"), classes=3, pairs=2)
    assert "| by the clock |" in printed and "Medians of 2 pairs" in printed
