"""What a run leaves behind: predictions.npz first, metrics.json last: where the second is, the first is whole."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc import metrics
from ltmlc.data.split import Split
from ltmlc.disk.files import write_atomically
from ltmlc.plan.lookup import HELD_OUT_MAP, HISTORY, METRICS, PREDICTIONS, WEIGHTS


def score(logits: np.ndarray, split: Split) -> dict[str, Any]:
    """``status``, ``error``, ``ap_per_class`` and ``map`` of the test logits (N, C), ranked as they are: no sigmoid."""
    if not np.isfinite(logits).all():
        return failure("the logits of the trained network are not finite")
    ap = metrics.average_precision(logits, split.test_matrix, undefined=math.nan)
    means = metrics.group_means(ap, split.groups)
    return {
        "status": "finished",
        "error": None,
        "ap_per_class": [finite(value) for value in ap.tolist()],
        "map": {name: finite(value) for name, value in means.items()},
    }


def failure(error: str) -> dict[str, Any]:
    """The same keys for a run that cannot be scored: recorded, shown as a failed cell, not repeated."""
    return {"status": "failed", "error": error, "ap_per_class": None, "map": None}


def write_predictions(directory: Path, logits: np.ndarray, split: Split) -> None:
    content = io.BytesIO()
    labels, ids = split.test_matrix, np.array(split.test_ids)
    np.savez_compressed(content, logits=logits.astype(np.float32), labels=labels, ids=ids)
    write_atomically(directory / PREDICTIONS, content.getvalue())


def write_weights(directory: Path, model: torch.nn.Module) -> None:
    """The trained network's state dict, for ``ltmlc predict``; ``torch.load`` reads it with ``weights_only=True``."""
    content = io.BytesIO()
    torch.save({name: value.cpu().contiguous() for name, value in model.state_dict().items()}, content)
    write_atomically(directory / WEIGHTS, content.getvalue())


def write_history(directory: Path, trainer: Any) -> None:
    """Loss and learning rate of each iteration that was made, and mAP on held-out images at the end of an epoch that
    has it: iteration and epoch from 1."""
    per_epoch, lines = trainer.iterations_per_epoch, [f"iteration,epoch,loss,rate,{HELD_OUT_MAP}"]
    scores = {epoch["epoch"] * per_epoch: epoch.get(HELD_OUT_MAP) for epoch in trainer.history}
    rows = zip(trainer.losses.tolist(), trainer.rates, strict=False)  # diverged, fewer rates than room for losses
    for step, (loss, rate) in enumerate(rows, 1):
        score = "" if scores.get(step) is None else repr(scores[step])
        lines.append(f"{step},{(step - 1) // per_epoch + 1},{loss!r},{rate!r},{score}")
    write_atomically(directory / HISTORY, "\n".join(lines) + "\n")


def write_metrics(directory: Path, fields: dict[str, Any]) -> None:
    write_atomically(directory / METRICS, json.dumps(fields, indent=1, allow_nan=False) + "\n")


def made_files(directory: Path) -> list[Path]:
    """What of a run's results is there."""
    return [path for path in (directory / name for name in (METRICS, PREDICTIONS, WEIGHTS, HISTORY)) if path.exists()]


def finite(value: float) -> float | None:
    """JSON has no NaN: what no test image defines, or a loss that overflowed, is null."""
    return value if np.isfinite(value) else None
