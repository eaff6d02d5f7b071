"""Class by class, from metrics files: average precision against size, and the last method's gain over the first."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from ltmlc.data.split import Split
from ltmlc.disk.csv_file import csv_text
from ltmlc.evidence.figures.data import by_size
from ltmlc.evidence.figures.style import BLACK, GROUP_BARS, looks_of, nothing, plain
from ltmlc.evidence.markup import number
from ltmlc.evidence.results.results import RunResult
from ltmlc.metrics import group_means

ClassScores = Mapping[str, Mapping[int, np.ndarray]]
"""Method -> seed -> average precision in percent, (C,)."""


def class_scores(seeds: Mapping[str, Sequence[RunResult]], split: Split) -> dict[str, dict[int, np.ndarray]]:
    """From the metrics of finished runs; a run of another number of classes than the split's is passed over."""
    scores = {
        method: {
            result.seed: 100 * np.array(result.metrics["ap_per_class"], dtype=float)
            for result in results
            if len(result.metrics["ap_per_class"] or ()) == len(split.classes)
        }
        for method, results in seeds.items()
    }
    return {method: by_seed for method, by_seed in scores.items() if by_seed}


def _stacked(by_seed: Mapping[int, np.ndarray]) -> np.ndarray:
    """(seeds, C)"""
    return np.stack(list(by_seed.values()))


def class_csv(scores: ClassScores, split: Split) -> str:
    """One line a class and method: training images, group, mean and sd over seeds in percent."""
    group_of = {k: group for group, members in split.groups.items() for k in members}
    lines = [
        [
            name,
            split.class_counts[k],
            group_of[k],
            method,
            len(values),
            number(values[:, k].mean()),  # empty for a class without a test image
            "" if len(values) == 1 else number(values[:, k].std(ddof=1)),
        ]
        for method, values in ((method, _stacked(by_seed)) for method, by_seed in scores.items())
        for k, name in enumerate(split.classes)
    ]
    return csv_text(["class", "training_images", "group", "method", "seeds", "ap", "sd"], lines)


def draw_class_ap(scores: ClassScores, split: Split, *, title: str) -> Figure:
    """Average precision over training images (log scale), methods overlaid; the lines are the groups' means."""
    figure = Figure(figsize=(7.2, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title}: average precision against class size")
    if not scores:
        return nothing(figure, axes, "no result of these methods yet")
    sizes = np.asarray(split.class_counts, dtype=float)
    looks = looks_of(scores)
    for method, by_seed in scores.items():
        colour, marker = looks[method]
        means = _stacked(by_seed).mean(0)
        axes.plot(sizes, means, marker, color=colour, markersize=4.5, alpha=0.75, label=plain(method), linestyle="none")
        for members in split.groups.values():
            if len(members):
                inside = sizes[list(members)]
                ends = [inside.min() / 1.08, inside.max() * 1.08]
                axes.plot(ends, [group_means(means, {"": members})[""]] * 2, color=colour, linewidth=1.4, zorder=1)
    for name in ("head", "medium"):
        axes.axvline(split.thresholds[name] / 1.02, color=BLACK, linestyle=":", linewidth=1)
        look = {"ha": "left", "va": "top", "fontsize": 7, "transform": axes.get_xaxis_transform()}
        axes.text(split.thresholds[name], 0.99, f"{name} ≥ {split.thresholds[name]}", **look)
    axes.set(xscale="log", xlabel="training images of the class", ylabel="average precision (%)", ylim=(0, 102))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.plot([], [], color=BLACK, linewidth=1.4, label="mean of the group")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def draw_gain(scores: ClassScores, split: Split, *, title: str) -> Figure:
    """The last method minus the first by class, from the largest class to the smallest; every shared seed as a dot."""
    many = len(split.classes) > 40
    figure = Figure(figsize=(10.5 if many else 7.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title}: gain class by class")
    if len(scores) < 2:
        return nothing(figure, axes, "needs results of two methods")
    (first, before), *_, (last, after) = ((plain(name), by_seed) for name, by_seed in scores.items())
    axes.set_title(f"{title}: gain of {last} over {first}, class by class")
    shared = [seed for seed in before if seed in after]
    if not shared:
        return nothing(figure, axes, f"needs a result of {last} and of {first} with the same seed")
    order = by_size(split)
    x = np.arange(len(order))
    singles = np.stack([after[seed] - before[seed] for seed in shared])[:, order]  # (seeds, C)
    gains = singles.mean(0)
    for group, members in split.groups.items():
        inside = np.isin(order, list(members)) & ~np.isnan(gains)
        if inside.any():
            label = f"{group}: {gains[inside].mean():+.1f} in the mean"
            axes.bar(x[inside], gains[inside], label=label, **GROUP_BARS[group])
    if len(shared) > 1:
        axes.plot(
            np.tile(x, len(shared)), singles.ravel(), ".", color=BLACK, alpha=0.45, markersize=3, label="single seeds"
        )
    axes.axhline(0, color=BLACK, linewidth=0.8)
    names = [f"{plain(split.classes[k])} ({split.class_counts[k]})" for k in order]
    axes.set_xticks(x, names, rotation=90, fontsize=5.5 if many else 7.5)
    axes.set(ylabel="AP points", xlim=(-0.7, len(order) - 0.3))
    axes.grid(axis="x", visible=False)
    figure.legend(loc="outside lower center", ncols=4)
    return figure
