"""Whether the probabilities of the compared methods are ones: predicted against observed, all classes at once."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from matplotlib.figure import Figure

from ltmlc.disk.csv_file import csv_text
from ltmlc.evidence.figures.absent import MethodLogits
from ltmlc.evidence.figures.probes import probabilities
from ltmlc.evidence.figures.style import BLACK, looks_of, nothing, plain
from ltmlc.evidence.markup import number
from ltmlc.evidence.uncertainty.noise import sample_sd
from ltmlc.metrics import Reliability, reliability

BINS = 10


def calibration(predictions: MethodLogits, labels: np.ndarray) -> dict[str, list[Reliability]]:
    """Method -> one a seed, in ``BINS`` bins of equal width.

    Args:
        predictions: logits (N, C) by method and seed.
        labels: (N, C) in {0, 1}.
    """
    return {
        method: [reliability(probabilities(logits), labels, bins=BINS) for logits in seeds]
        for method, seeds in predictions.items()
    }


def pooled(seeds: Sequence[Reliability]) -> Reliability:
    """The predictions of all seeds in the same bins."""
    count = sum(seed.count for seed in seeds)
    with np.errstate(invalid="ignore"):
        sums = [sum(np.nan_to_num(seed[i]) * seed.count for seed in seeds) / count for i in range(2)]
    return Reliability(*sums, count)


def calibration_csv(found: Mapping[str, Sequence[Reliability]]) -> str:
    """One line a method and bin, all seeds pooled; beside each the method's error, mean and sd over seeds."""
    lines = [
        [method, f"{low / BINS:.2f}", f"{(low + 1) / BINS:.2f}", *(number(float(x), 4) for x in values), count, *error]
        for method, seeds in found.items()
        for error in [[number(value, 4) for value in _error(seeds)]]
        for low, (*values, count) in enumerate(zip(*pooled(seeds), strict=True))
    ]
    return csv_text(["method", "from", "to", "probability", "frequency", "predictions", "ece", "ece_sd"], lines)


def _error(seeds: Sequence[Reliability]) -> tuple[float, float | None]:
    """Expected calibration error, mean and sd over seeds."""
    errors = [seed.ece for seed in seeds]
    return fmean(errors), sample_sd(errors)


def draw_calibration(found: Mapping[str, Sequence[Reliability]], *, title: str) -> Figure:
    """Left: share of labels that are there over predicted probability, and the diagonal; right: predictions a bin."""
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    if not found:
        return nothing(figure, figure.subplots(), "no predictions of these methods yet")
    figure.suptitle(f"{title}: predicted probability and what is there, all classes pooled", fontsize=9)
    diagram, histogram = figure.subplots(1, 2)
    diagram.plot([0, 1], [0, 1], color=BLACK, linewidth=0.8, linestyle=":", label="calibrated")
    edges = np.linspace(0, 1, BINS + 1)
    looks = looks_of(found)
    for method, seeds in found.items():
        colour, marker = looks[method]
        bins = pooled(seeds)
        full = bins.count > 0
        error, sd = _error(seeds)
        label = f"{plain(method)}: ECE {error:.3f}" + ("" if sd is None else f" ± {sd:.3f}")
        look = {"color": colour, "marker": marker, "label": label}
        diagram.plot(bins.probability[full], bins.frequency[full], **look)
        histogram.stairs(100 * bins.count / bins.count.sum(), edges, color=colour, linewidth=1.5)
    diagram.set(xlabel="predicted probability", ylabel="share of labels that are there", xlim=(0, 1), ylim=(0, 1.02))
    histogram.set(xlabel="predicted probability", ylabel="share of predictions (%)", yscale="log", xlim=(0, 1))
    figure.legend(*diagram.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
