"""Contact sheets: images with their labels, and what augmentation makes of them, for one's own eyes."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ltmlc.data.augment.batch import augmentation_sheet
from ltmlc.data.pack.pack import Pack
from ltmlc.data.split import Split
from ltmlc.evidence.figures.style import draw_all, plain

ROWS, IMAGES_PER_ROW = 3, 8


def write_sheets(
    pack: Pack | None, split: Split, *, image_size: int, settings: dict[str, Any], directory: str | Path
) -> list[Path]:
    """``images_{dataset}.{pdf,png}`` (labelled training and test images) and ``augmentation_{dataset}.{pdf,png}``.

    Args:
        pack: None where photographs may not be shown, or there are none: the files say so.
        image_size: side of the network's input, pixels.
        settings: the data set's augmentation.
    """
    rng = np.random.default_rng(0)
    if pack is None:
        drawings = dict.fromkeys(("images", "augmentation"), partial(_hidden, split))
    else:
        shown = {"dataset": split.dataset, "image_size": image_size, "settings": settings, "rng": rng}
        drawings = {
            "images": partial(labelled_sheet, pack, split, rng=rng),
            "augmentation": partial(_augmented, pack, **shown),
        }
    return draw_all({f"{name}_{split.dataset}": draw for name, draw in drawings.items()}, directory)


def _hidden(split: Split) -> Figure:
    figure = Figure(figsize=(6, 1))
    figure.text(0.5, 0.5, f"{plain(split.dataset)}: no photographs are shown (pictures: false)", ha="center")
    return figure


def labelled_sheet(pack: Pack, split: Split, *, rng: np.random.Generator) -> Figure:
    """Training images above, test images below, each with the names of its classes."""
    labels = split.matrix
    figure = Figure(figsize=(IMAGES_PER_ROW * 1.25, ROWS * 2 * 1.55 + 0.8), layout="constrained")
    parts = figure.subfigures(2, 1)
    ranges = {"training": (0, pack.num_train), "test": (pack.num_train, len(pack.ids))}
    for part, (name, (first, last)) in zip(parts, ranges.items(), strict=True):
        part.suptitle(f"{split.dataset}: {name} images", fontsize=10)
        chosen = np.sort(
            rng.choice(np.arange(first, last), size=min(ROWS * IMAGES_PER_ROW, last - first), replace=False)
        )
        axes = part.subplots(ROWS, IMAGES_PER_ROW).ravel()
        for axis in axes:
            axis.axis("off")
        for axis, index in zip(axes, chosen, strict=False):
            axis.imshow(pack.image(index), interpolation="nearest")
            names = [plain(split.classes[k]) for k in np.flatnonzero(labels[index])[:4]]
            axis.set_title("\n".join(names), fontsize=6.5, pad=2)
    return figure


def _augmented(
    pack: Pack, *, dataset: str, image_size: int, settings: dict[str, Any], rng: np.random.Generator
) -> Figure:
    sheet = augmentation_sheet(pack, settings, image_size, 6, rng)
    figure = Figure(figsize=(8, 8 * len(sheet) / sheet.shape[1] + 0.4), layout="constrained")
    axis = figure.subplots()
    axis.imshow(sheet, interpolation="nearest")
    axis.set_title(f"{dataset}: test-time image (left), and seven training versions of it", fontsize=9)
    axis.axis("off")
    return figure
