"""Precision over recall by method, mean over the classes of a group: the area under a curve is its mAP."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ltmlc.data.split import Split
from ltmlc.disk.csv_file import csv_text
from ltmlc.evidence.figures.absent import MethodLogits
from ltmlc.evidence.figures.style import looks_of, nothing, plain
from ltmlc.evidence.markup import number
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.uncertainty.noise import sample_sd
from ltmlc.metrics import precision_at_recall

RECALLS = (np.arange(200) + 0.5) / 200  # the middle of equal steps, so that the mean of a curve is the area under it

Curves = Mapping[str, Mapping[str, np.ndarray]]
"""Method -> column (total, head, medium, tail) -> precision (seeds, R)."""


def precision_curves(predictions: MethodLogits, split: Split) -> dict[str, dict[str, np.ndarray]]:
    """Means over the classes of each group that have a test image; a group without one is left out."""
    tested = split.test_matrix.any(axis=0)
    groups = {"total": range(len(split.classes)), **split.groups}
    members = {name: [k for k in groups[name] if tested[k]] for name in COLUMNS}
    curves = {}
    for method, seeds in predictions.items():
        by_class = [precision_at_recall(logits, split.test_matrix, RECALLS) for logits in seeds]  # (R, C) each
        curves[method] = {
            name: np.stack([curve[:, inside].mean(axis=1) for curve in by_class])
            for name, inside in members.items()
            if inside
        }
    return curves


def precision_csv(curves: Curves) -> str:
    """Every tenth point of each curve: method, group, recall, precision (mean over seeds), sd over seeds."""
    lines = [
        [method, group, f"{RECALLS[i]:.4f}", f"{seeds[:, i].mean():.4f}", number(sample_sd(seeds[:, i].tolist()), 4)]
        for method, by_group in curves.items()
        for group, seeds in by_group.items()
        for i in range(0, len(RECALLS), 10)
    ]
    return csv_text(["method", "group", "recall", "precision", "sd"], lines)


def draw_precision_recall(curves: Curves, *, title: str) -> Figure:
    """A panel a group; line: mean over seeds, shade: ± sd."""
    figure = Figure(figsize=(7.2, 6.0), layout="constrained")
    if not curves:
        return nothing(figure, figure.subplots(), "no predictions of these methods yet")
    figure.suptitle(f"{title}: precision over recall, mean over classes", fontsize=9)
    looks = looks_of(curves)
    panels = dict(zip(COLUMNS, figure.subplots(2, 2, sharex=True, sharey=True).flat, strict=True))
    for name, axes in panels.items():
        for method, by_group in curves.items():
            if name in by_group:
                colour, seeds = looks[method][0], 100 * by_group[name]
                mean = seeds.mean(axis=0)
                axes.plot(100 * RECALLS, mean, color=colour, label=f"{plain(method)}: {mean.mean():.1f}")
                if len(seeds) > 1:
                    sd = seeds.std(axis=0, ddof=1)
                    look = {"color": colour, "alpha": 0.18, "linewidth": 0}
                    axes.fill_between(100 * RECALLS, mean - sd, mean + sd, **look)
        axes.set(title=name, xlim=(0, 100), ylim=(0, 102))
        if axes.lines:
            axes.legend(title="mAP, the area", title_fontsize=8, loc="lower left")
        else:
            axes.text(50, 50, "no class with a test image", ha="center")
    figure.supxlabel("recall (%)", fontsize=9)
    figure.supylabel("precision (%)", fontsize=9)
    return figure
