"""Logits for new images, by the network that a run left behind (``training.keep_weights``)."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc.data.augment.batch import test_batch
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.sources.images import read_rgb
from ltmlc.errors import InputError
from ltmlc.models import Classifier, build_model
from ltmlc.models.weights import WeightsError, read_tensors
from ltmlc.training.batches import batch_size
from ltmlc.training.device import choose_device
from ltmlc.training.outputs import METRICS, WEIGHTS

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}

Named = tuple[str, np.ndarray]  # an image's id and its pixels, uint8 RGB (H, W, 3)


@dataclass(frozen=True)
class Predictions:
    """Raw logits, larger means more likely present. The losses are of ranking: a sigmoid of them is no probability."""

    ids: list[str]
    classes: list[str]
    logits: np.ndarray  # (N, C) float32

    def csv(self) -> str:
        """A line an image: its id and a logit for each class."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["image", *self.classes])
        writer.writerows([name, *row] for name, row in zip(self.ids, self.logits.tolist(), strict=True))
        return text.getvalue()


def predict_images(
    run_dir: str | Path, *, images: str | Path | None = None, pack: str | Path | None = None, device: str = "auto"
) -> Predictions:
    """Logits of image files or of a pack, with the test transform of the run.

    Args:
        run_dir: a finished run's directory, with metrics.json and weights.pt.
        images: a folder; its image files, at any depth, in the order of their relative paths, which are their ids.
        pack: or the folder of a pack; all its images, training images first.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InputError: not exactly one of ``images`` and ``pack``; no finished run, no weights or damaged ones; no image,
            or one that cannot be read.
    """
    if (images is None) == (pack is None):
        raise InputError("give either a folder of images or a pack to predict")
    fields = _finished_run(Path(run_dir))
    named = _files(Path(images)) if images is not None else _packed(Path(pack))
    target = choose_device(device)
    spec, classes = fields["spec"], fields["classes"]
    model = _network(Path(run_dir) / WEIGHTS, spec, len(classes)).to(target, memory_format=torch.channels_last)
    size, ids, parts = spec["model"]["image_size"], [], []
    while batch := list(islice(named, batch_size(size))):
        ids += [name for name, _ in batch]
        shapes = np.array([image.shape[:2] for _, image in batch])  # (B, 2)
        ends = np.cumsum(shapes.prod(1) * 3)
        flat = torch.from_numpy(np.concatenate([image.reshape(-1) for _, image in batch])).to(target)
        place = flat, np.r_[0, ends[:-1]], shapes[:, 0], shapes[:, 1]
        inputs = test_batch(*place, image_size=size, settings=spec["augmentation"])
        parts.append(model.predict(inputs.to(next(model.parameters()).dtype)).float().cpu().numpy())
    return Predictions(ids, classes, np.concatenate(parts))


def _finished_run(run_dir: Path) -> dict[str, Any]:
    try:
        fields = json.loads((run_dir / METRICS).read_text(encoding="utf-8"))
        status, _ = fields["status"], fields["classes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{run_dir}: no finished run here ({type(error).__name__}: {error}); give the folder of a metrics.json"
        ) from None
    if status != "finished":
        raise InputError(f"{run_dir}: the run failed ({fields['error']}), so it left no network")
    if not (run_dir / WEIGHTS).exists():
        raise InputError(f"{run_dir}: the run left no {WEIGHTS}; set training.keep_weights to true and train it again")
    return fields


def _network(path: Path, spec: dict[str, Any], num_classes: int) -> Classifier:
    try:
        state = read_tensors(path)
        constants = {key: state.get(f"head.classifier.{key}") for key in ("word_vectors", "adjacency")}  # of ML-GCN
        settings = {**spec["model"], "weights": None, "cached_views": None}  # images come in, not features
        model = build_model(settings, num_classes, generator_seed=0, **constants)
        model.load_state_dict(state)
    except (RuntimeError, ValueError) as error:
        reason = error.what if isinstance(error, WeightsError) else str(error).splitlines()[0]
        raise InputError(f"{path} does not hold the weights of this run ({reason}); train it again") from None
    return model.to(dtype=torch.float64 if spec["precision"] == "float64" else torch.float32)


def _files(folder: Path) -> Iterator[Named]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    if not paths:
        raise InputError(f"{folder}: no image file here ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return ((str(path.relative_to(folder)), read_rgb(path)) for path in paths)


def _packed(folder: Path) -> Iterator[Named]:
    pack = open_pack(folder, verify=False)
    return (
        (name, pack.images[offset : offset + height * width * 3].reshape(height, width, 3))
        for name, offset, height, width in zip(pack.ids, pack.offsets, pack.heights, pack.widths, strict=True)
    )
