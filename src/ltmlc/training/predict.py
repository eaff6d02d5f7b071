"""Logits or probabilities for new images, by the network that a run left behind or that was exported."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from ltmlc.data.pack.pack import open_pack
from ltmlc.data.sources.images import read_rgb
from ltmlc.disk.csv_file import csv_text
from ltmlc.errors import InputError
from ltmlc.models.layout import channels_last
from ltmlc.training.batches import batch_size
from ltmlc.training.device import choose_device
from ltmlc.training.trained.decide import Decision, decide_from_run
from ltmlc.training.trained.load import load_run

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
    decision: Decision | None = None
    """Curves and thresholds from held-out training images, where these were asked for."""

    def csv(self) -> str:
        """A line an image: its id and for each class a logit, or with a decision a probability."""
        values = self.logits if self.decision is None else self.decision.probabilities(self.logits)
        rows = ([name, *row] for name, row in zip(self.ids, values.tolist(), strict=True))
        return csv_text(["image", *self.classes], rows)

    def thresholds_csv(self) -> str:
        """A line a class: its F1-best threshold as logit and probability, the F1 and positives it was chosen by."""
        made = self.decision
        chances = made.probabilities(made.thresholds)
        rows = zip(self.classes, made.thresholds, chances, made.f1, made.positives.astype(int), strict=True)
        return csv_text(["class", "logit", "probability", "f1_held_out", "positives_held_out"], rows)


def predict_images(
    run_dir: str | Path,
    *,
    images: str | Path | None = None,
    pack: str | Path | None = None,
    device: str = "auto",
    probabilities: bool = False,
    heldout: str | Path | None = None,
) -> Predictions:
    """Logits of image files or of a pack, with the test transform of the run.

    Args:
        run_dir: a finished run's directory with metrics.json and weights.pt, or one of ``ltmlc export-model``.
        images: a folder; its image files, at any depth, in the order of their relative paths, which are their ids.
        pack: or the folder of a pack; all its images, training images first.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        probabilities: whether a decision is wanted, that of ``heldout`` or the one that was exported.
        heldout: a run of the same specification on held-out training images; asks for probabilities.

    Raises:
        InputError: not exactly one of ``images`` and ``pack``; no finished run, no weights or damaged ones; no image,
            or one that cannot be read; probabilities of a network that has no curves.
    """
    if (images is None) == (pack is None):
        raise InputError("give either a folder of images or a pack to predict")
    trained = load_run(run_dir)
    decision = decide_from_run(heldout, trained.fields) if heldout else None
    if probabilities and decision is None:
        if "decision" not in trained.fields:
            raise InputError(f"{run_dir} has no curves for probabilities: give a run on held-out images (--held-out)")
        decision = Decision.from_json(trained.fields["decision"])
    paths, others = _listed(Path(images)) if images is not None else ([], [])
    read = ((str(path.relative_to(images)), read_rgb(path)) for path in paths)
    named = read if images is not None else _packed(Path(pack))
    channels_last(trained.network, choose_device(device))
    ids, parts = [], []
    while batch := list(islice(named, batch_size(trained.image_size))):
        ids += [name for name, _ in batch]
        parts.append(trained.logits([image for _, image in batch]))
    names = [str(path.relative_to(images)) for path in others]
    return Predictions(ids, trained.classes, np.concatenate(parts), names, decision)


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
