"""The benchmarks: they can be started, and what they build still is what the trainer takes."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ltmlc.cli import main

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from plain_step import measure  # noqa: E402
from trainer import specification  # noqa: E402


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.stem)
def test_all_that_a_benchmark_imports_is_there(path):
    runpy.run_path(str(path), run_name="imported")


def test_the_verbs_that_are_timed_are_verbs():
    timed = runpy.run_path(str(BENCHMARKS / "evidence.py"), run_name="imported")
    for verb in (*timed["FROM_METRICS"], *timed["FROM_PREDICTIONS"]):
        with pytest.raises(SystemExit, match=r"^0$"):
            main([verb.split()[0], "--help"])


def test_our_step_is_measured_beside_torchvisions(monkeypatch):
    monkeypatch.setattr("plain_step.PRODUCT", 64)
    spec = specification("resnet18", 32, "float32")
    data = SimpleNamespace(
        labels=torch.eye(3, dtype=torch.bool).repeat(12, 1), num_train=36, device=torch.device("cpu")
    )
    printed = measure({**spec, "batch_size": 2}, data, torch.device("cpu"), classes=3, pairs=2)
    assert "| by the clock |" in printed and "Medians of 2 pairs" in printed
