"""The probability of what is not there: mean predictions for absent classes on images of their usual company, by
method (Fig. 1 and 2 made systematic; which images and classes: :mod:`ltmlc.evidence.figures.probes`).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from matplotlib.figure import Figure

from ltmlc.disk.csv_file import csv_text
from ltmlc.evidence.figures.probes import Probe, probabilities
from ltmlc.evidence.figures.style import BLACK, looks_of, nothing, plain
from ltmlc.evidence.markup import number
from ltmlc.evidence.uncertainty.noise import sample_sd

MethodLogits = Mapping[str, Sequence[np.ndarray]]
"""Method, in the order of comparison -> logits (N, C) of each finished seed, rows in the split's order."""


@dataclass(frozen=True)
class ProbeAnswer:
    """One probe, one method: mean probability over the probe's images, by seed."""

    probe: Probe
    method: str
    absent: tuple[float, ...]  # one a seed
    present: tuple[float, ...]  # of the first present class

    @property
    def mean(self) -> float:
        return fmean(self.absent)

    @property
    def sd(self) -> float | None:
        return sample_sd(self.absent)


def answer_probes(probes: Sequence[Probe], predictions: MethodLogits) -> list[ProbeAnswer]:
    """Every probe by every method that has predictions."""
    answers = []
    for probe in probes:
        rows = list(probe.images)
        for method, by_seed in predictions.items():
            seeds = [probabilities(logits[rows]).mean(0) for logits in by_seed]
            if seeds:
                absent = tuple(float(seed[probe.absent]) for seed in seeds)
                present = tuple(float(seed[probe.present[0]]) for seed in seeds)
                answers.append(ProbeAnswer(probe, method, absent, present))
    return answers


def absent_csv(answers: Sequence[ProbeAnswer], classes: Sequence[str]) -> str:
    """One line a probe and method."""
    header = ["kind", "present", "absent", "images", "training", "method", "seeds", "probability", "sd", "of_present"]
    lines = [
        [
            a.probe.kind,
            " + ".join(classes[k] for k in a.probe.present),
            classes[a.probe.absent],
            len(a.probe.images),
            f"{a.probe.training:.4f}",
            a.method,
            len(a.absent),
            number(a.mean, 4),
            number(a.sd, 4),
            number(fmean(a.present), 4),
        ]
        for a in answers
    ]
    return csv_text(header, lines)


def draw_absent(answers: Sequence[ProbeAnswer], classes: Sequence[str], *, title: str) -> Figure:
    """One line a probe: the methods' mean probability of the absent class (filled; ± sd over seeds), that of the class
    that is there (open), and how often the absent class came with the others in training (bar).
    """
    probes = list(dict.fromkeys(answer.probe for answer in answers))
    figure = Figure(figsize=(7.2, max(2.2, 1.3 + 0.34 * len(probes))), layout="constrained")
    axes = figure.subplots()
    figure.suptitle(f"{title}: probability of a class that is not on the image", fontsize=9)
    if not probes:
        return nothing(figure, axes, "no predictions yet, or no such images")
    places = {probe: -index for index, probe in enumerate(probes)}
    shares = [0 if np.isnan(probe.training) else probe.training for probe in probes]
    label = "share of such training images that show it"
    axes.barh(list(places.values()), shares, height=0.72, color="#e4e4e4", label=label, zorder=0)
    methods = list(dict.fromkeys(answer.method for answer in answers))
    looks, shifts = looks_of(methods), dict(zip(methods, np.linspace(0.2, -0.2, len(methods)), strict=True))
    for method in methods:
        colour, marker = looks[method]
        own = [answer for answer in answers if answer.method == method]
        y = [places[answer.probe] + shifts[method] for answer in own]
        look = {"fmt": marker, "color": colour, "label": plain(method), "markersize": 5, "elinewidth": 1, "zorder": 3}
        axes.errorbar([answer.mean for answer in own], y, xerr=[answer.sd or 0 for answer in own], **look)
        look = {"color": colour, "fillstyle": "none", "markersize": 4, "alpha": 0.6, "zorder": 2}
        axes.plot([fmean(answer.present) for answer in own], y, marker, linestyle="none", **look)
    axes.plot([], [], "o", color=BLACK, fillstyle="none", markersize=4, alpha=0.6, label="of the class that is there")
    labels = [f"{probe.label(classes)} (n = {len(probe.images)})" for probe in probes]
    axes.set_yticks(list(places.values()), labels)
    axes.set(xlim=(-0.02, 1.02), ylim=(-len(probes) + 0.4, 0.6), xlabel="mean predicted probability")
    for probe, after in itertools.pairwise(probes):
        if probe.kind != after.kind:
            axes.axhline(places[probe] - 0.5, color=BLACK, linewidth=0.8, linestyle=":")
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside lower center", ncols=3)
    return figure
