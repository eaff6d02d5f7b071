"""Logits for new images, by the network that a run left behind (``training.keep_weights``)."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc.data.augment.batch import test_batch
from ltmlc.data.pack.images import Images
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.sources.images import read_rgb
from ltmlc.disk.reading import read_regular
from ltmlc.errors import InputError
from ltmlc.models import Classifier, build_model
from ltmlc.models.layout import channels_last
from ltmlc.models.weights import WeightsError, read_tensors
from ltmlc.training.batches import batch_size
from ltmlc.training.device import choose_device
from ltmlc.training.record.outputs import METRICS, WEIGHTS

LARGEST_METRICS = 100_000_000  # bytes
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp"}

Named = tuple[str, np.ndarray]  # an image's id and its pixels, uint8 RGB (H, W, 3)


@dataclass(frozen=True)
class Predictions:
    """Raw logits, larger means more likely present. The losses are of ranking: a sigmoid of them is no probability."""

    ids: list[str]
    classes: list[str]
    logits: np.ndarray  # (N, C) float32
    passed_over: list[str] = field(default_factory=list)
    """Files beside the images whose suffix is none of IMAGE_SUFFIXES."""

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
    paths, others = _listed(Path(images)) if images is not None else ([], [])
    read = ((str(path.relative_to(images)), read_rgb(path)) for path in paths)
    named = read if images is not None else _packed(Path(pack))
    target = choose_device(device)
    spec, classes = fields["spec"], fields["classes"]
    model = channels_last(_network(Path(run_dir) / WEIGHTS, spec, len(classes)), target)
    size, ids, parts = spec["model"]["image_size"], [], []
    while batch := list(islice(named, batch_size(size))):
        ids += [name for name, _ in batch]
        shapes = np.array([image.shape[:2] for _, image in batch])  # (B, 2)
        ends = np.cumsum(shapes.prod(1) * 3)
        flat = torch.from_numpy(np.concatenate([image.reshape(-1) for _, image in batch])).to(target)
        placed = Images(flat, np.r_[0, ends[:-1]], shapes[:, 0], shapes[:, 1])
        inputs = test_batch(placed, image_size=size, settings=spec["augmentation"])
        parts.append(model.predict(inputs.to(next(model.parameters()).dtype)).float().cpu().numpy())
    return Predictions(ids, classes, np.concatenate(parts), [str(path.relative_to(images)) for path in others])


def _finished_run(run_dir: Path) -> dict[str, Any]:
    try:
        fields = json.loads(read_regular(run_dir / METRICS, limit=LARGEST_METRICS))
        status = fields["status"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{run_dir}: no finished run here ({type(error).__name__}: {error}); give the folder of a metrics.json"
        ) from None
    if status != "finished":
        raise InputError(f"{run_dir}: the run failed ({fields.get('error')}), so it left no network")
    if not (run_dir / WEIGHTS).exists():
        raise InputError(f"{run_dir}: the run left no {WEIGHTS}; set training.keep_weights to true and train it again")
    spec = fields.get("spec")
    wrong = [
        key for key in ("model", "augmentation") if not isinstance(spec, dict) or not isinstance(spec.get(key), dict)
    ]
    names = fields.get("classes")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        wrong.append("classes")
    if wrong:
        raise InputError(
            f"{run_dir / METRICS} does not say {', '.join(wrong)} of the network (spec, classes); give the folder that "
            "the training wrote, or train it again"
        )
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
    return model.to(dtype=torch.float64 if spec.get("precision") == "float64" else torch.float32)


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Image files of a folder at any depth, in the order of their relative paths, and the other files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    images = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        raise InputError(f"{folder}: no image file here ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return images, [path for path in files if path.suffix.lower() not in IMAGE_SUFFIXES]


def _packed(folder: Path) -> Iterator[Named]:
    pack = open_pack(folder, verify=False)
    return ((name, pack.image(index)) for index, name in enumerate(pack.ids))
