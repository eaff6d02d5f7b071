"""A contact sheet: labelled training and test images of a data set, to be looked at before anything is believed."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure, SubFigure

from ltmlc.data.pack import Pack, open_pack
from ltmlc.data.split import Split

COLUMNS, ROWS = 8, 2


def draw_samples(split: Split, config: Mapping[str, Any], pack_directory: str | Path) -> Figure:
    """Sixteen training and sixteen test images with their labels, evenly spaced over the packed images.

    Raises:
        InputError: there is no complete pack of this split.
    """
    pack = open_pack(pack_directory, split_sha256=split.sha256, verify=False)
    figure = Figure(figsize=(8.4, 7.4), layout="constrained")
    figure.suptitle(config.get("title", split.dataset), fontsize=9)
    parts = {"training": (0, pack.num_train), "test": (pack.num_train, len(pack.ids))}
    for part, (name, (start, stop)) in zip(figure.subfigures(2, 1), parts.items(), strict=True):
        _sheet(part, f"{name} ({stop - start} images)", pack, _evenly(start, stop), split.classes)
    return figure


def _evenly(start: int, stop: int) -> np.ndarray:
    return start + (np.arange(min(ROWS * COLUMNS, stop - start)) * (stop - start)) // (ROWS * COLUMNS)


def _sheet(part: SubFigure, title: str, pack: Pack, chosen: Sequence[int], classes: Sequence[str]) -> None:
    part.suptitle(title, fontsize=9)
    panels = part.subplots(ROWS, COLUMNS).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, index in zip(panels, chosen, strict=False):
        axes.imshow(packed_image(pack, index), interpolation="nearest")
        names = ", ".join(classes[k] for k in np.flatnonzero(pack.labels[index])) or "no label"
        axes.set_title("\n".join(textwrap.wrap(names, 17)), y=-0.04, va="top", fontsize=6)


def packed_image(pack: Pack, index: int) -> np.ndarray:
    """uint8 RGB (H, W, 3)"""
    start, height, width = pack.offsets[index], pack.heights[index], pack.widths[index]
    return pack.images[start : start + 3 * height * width].reshape(height, width, 3)
