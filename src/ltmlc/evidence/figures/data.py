"""What a data set looks like: class sizes, co-occurrence in training and test, labels an image."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ltmlc.data.longtail import cooccurrence, pareto_sizes
from ltmlc.data.split import Split
from ltmlc.evidence.figures.style import BLACK, BLUE, GROUP_BARS, RED, draw_all, plain


def write_data_figures(split: Split, config: Mapping[str, Any], directory: str | Path) -> list[Path]:
    """``{classes,cooccurrence,cardinality}_{dataset}.{pdf,png}``. ``config``: the data set's, for title and target."""
    drawings = {"classes": draw_class_sizes, "cooccurrence": draw_cooccurrence, "cardinality": draw_cardinality}
    named = {f"{name}_{split.dataset}": partial(draw, split, config) for name, draw in drawings.items()}
    return draw_all(named, directory)


def conditional_cooccurrence(labels: np.ndarray) -> np.ndarray:
    """P(column class | row class) from labels (N, C); the diagonal is 1, the row of an absent class NaN."""
    together = cooccurrence(labels)
    counts = together.diagonal()[:, None]
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, together / counts, np.nan)


def by_size(split: Split) -> np.ndarray:
    """Class indices from the largest class to the smallest; equal sizes stay in the split's order."""
    return np.argsort(-np.asarray(split.class_counts), kind="stable")


def draw_class_sizes(split: Split, config: Mapping[str, Any]) -> Figure:
    """Training images a class (bars, by group), the Pareto target of that rank, test images, group borders."""
    order = by_size(split)
    counts, test = np.asarray(split.class_counts)[order], np.asarray(split.test_class_counts)[order]
    many = len(order) > 40
    figure = Figure(figsize=(10.5 if many else 7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    x = np.arange(len(order))
    for group, classes in split.groups.items():
        inside = np.isin(order, list(classes))
        if inside.any():
            number = int(inside.sum())
            label = f"training, {group} ({number} class{'es' * (number > 1)})"
            axes.bar(x[inside], counts[inside], label=label, **GROUP_BARS[group])
    subset = config.get("subset") or {}
    if {"alpha", "maximum"} <= set(subset):
        target = pareto_sizes(len(order), subset["alpha"], subset["maximum"], subset.get("minimum", 1))
        axes.step(
            x, sorted(target, reverse=True), where="mid", color=BLACK, label="Pareto target of this rank", linewidth=1.2
        )
    axes.plot(x, test, "D", color=RED, fillstyle="none", markersize=4, label="test")
    for name in ("head", "medium"):
        border = int((counts >= split.thresholds[name]).sum())
        if 0 < border < len(order):
            axes.axvline(border - 0.5, color=BLACK, linestyle=":", linewidth=1)
            look = {"ha": "right", "va": "top", "fontsize": 7, "transform": axes.get_xaxis_transform()}
            axes.text(border - 0.6, 0.99, f"≥ {split.thresholds[name]}", **look)
    names = [plain(split.classes[k]) for k in order]
    axes.set_xticks(
        x,
        names,
        rotation=90 if many else 45,
        ha="center" if many else "right",
        rotation_mode="anchor" if not many else "default",
    )
    axes.tick_params(axis="x", labelsize=5.5 if many else 8)
    axes.set(
        yscale="log", ylabel="images", xlim=(-0.7, len(order) - 0.3), title=plain(config.get("title", split.dataset))
    )
    axes.grid(axis="x", visible=False)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def draw_cooccurrence(split: Split, config: Mapping[str, Any]) -> Figure:
    """P(column | row), classes by size: what a model may learn of company, and what the test then shows."""
    order = by_size(split)
    names = [plain(split.classes[k]) for k in order]
    matrices = {"training": split.train_matrix, "test": split.test_matrix}
    many = len(order) > 40
    figure = Figure(figsize=(12, 6.1) if many else (8.4, 4.4), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, (name, labels) in zip(panels, matrices.items(), strict=True):
        matrix = conditional_cooccurrence(labels)[np.ix_(order, order)]
        np.fill_diagonal(matrix, np.nan)
        image = axes.imshow(matrix, vmin=0, vmax=1, cmap="cividis", interpolation="nearest")
        if not many:
            _write_shares(axes, matrix)
        ticks = np.arange(len(order))
        axes.set_xticks(ticks, names, rotation=90, fontsize=4 if many else 7)
        axes.set_yticks(ticks, names if axes is panels[0] else [], fontsize=4 if many else 7)
        axes.set(title=f"{name} ({len(labels)} images)", facecolor="#bbbbbb", xlabel="column class")
        axes.grid(visible=False)
        axes.tick_params(length=0)
    panels[0].set_ylabel("row class, from most to fewest training images")
    figure.suptitle(
        f"{plain(config.get('title', split.dataset))}: share of the row class's images that also show the column class",
        fontsize=9,
    )
    figure.colorbar(image, ax=panels, shrink=0.75, label="P(column | row)")
    return figure


def _write_shares(axes: Axes, matrix: np.ndarray) -> None:
    """The shares from 0.05 on as numbers in their cells, so that a single one can be read."""
    for row, column in np.argwhere(matrix >= 0.05):
        share = matrix[row, column]
        look = {"ha": "center", "va": "center", "fontsize": 3.6, "color": "white" if share < 0.6 else BLACK}
        axes.text(column, row, f"{share:.2f}".removeprefix("0"), **look)


def draw_cardinality(split: Split, config: Mapping[str, Any]) -> Figure:
    """How many labels an image carries, in training and test."""
    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    axes = figure.subplots()
    looks = {"training": (split.train_matrix, -0.2, BLUE, ""), "test": (split.test_matrix, 0.2, RED, "///")}
    for name, (labels, shift, colour, hatch) in looks.items():
        number = labels.sum(axis=1, dtype=np.int64)
        share = 100 * np.bincount(number) / max(len(number), 1)
        label = f"{name}: {number.mean():.2f} labels an image"
        axes.bar(
            np.arange(len(share)) + shift, share, width=0.4, color=colour, hatch=hatch, edgecolor="white", label=label
        )
    axes.set(xlabel="labels in an image", ylabel="images (%)", title=plain(config.get("title", split.dataset)))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="x", visible=False)
    axes.legend()
    return figure
