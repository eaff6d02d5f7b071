"""How far the test images alone leave a number uncertain: bootstrap over images, from ``predictions.npz``.

This is another uncertainty than that between seeds: it asks what the same trained model would score on other images
of the same kind. Two runs are compared on the same resamples, so that images which are hard for both cancel out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ltmlc.disk.arrays import DAMAGED_ARRAYS, read_arrays
from ltmlc.errors import InputError
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.uncertainty.noise import LEVEL

_CHUNK = 250  # resamples at a time: bounds memory to a few copies of (N, _CHUNK) float32


class Interval(NamedTuple):
    """An estimate with its interval, in percentage points."""

    estimate: float
    low: float
    high: float


def read_predictions(path: str | Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Logits (N, C), labels (N, C) and image ids of one run. Raises InputError if the file is missing or incomplete."""
    try:
        arrays = read_arrays(path, ("logits", "labels", "ids"))
        return arrays["logits"], arrays["labels"], [str(name) for name in arrays["ids"]]
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; train this run again to get its predictions") from None
    except DAMAGED_ARRAYS as error:
        raise InputError(f"{path} is not a complete predictions file ({error}); train this run again") from None


def bootstrap_combination(
    terms: Sequence[tuple[float, np.ndarray]],
    labels: np.ndarray,
    groups: Mapping[str, Sequence[int]],
    *,
    resamples: int = 1000,
) -> dict[str, Interval]:
    """95 % intervals by column (total, head, medium, tail; groups without a class that has images are left out) of
    a weighted sum of the mAPs of trained models on the same images.

    The spread is that of the resamples around their own mean, put around the estimate: an image drawn twice ranks next
    to itself, which lifts the AP of rare classes in every resample, and that shift is no uncertainty.

    Args:
        terms: (weight, logits (N, C)) of each model, larger means more likely present, rows in the same order; weights
            1/n and -1/n compare two methods over n seeds.
        labels: (N, C) in {0, 1}.
        groups: class indices of head, medium and tail.
        resamples: how many test sets of N images to draw, with replacement.

    Raises:
        ValueError: if the logits differ in shape, so that they cannot belong to the same images.
    """
    shapes = {logits.shape for _, logits in terms}
    if len(shapes) != 1:
        raise ValueError(f"paired logits must have one shape, got {' and '.join(map(str, sorted(shapes)))}")

    def combined(weights: np.ndarray | None = None) -> np.ndarray:
        return sum(factor * weighted_average_precision(logits, labels, weights) for factor, logits in terms)

    draws = np.concatenate([combined(weights) for weights in _weights(len(labels), resamples)])
    return _intervals(combined(), draws, groups)


def _weights(images: int, resamples: int) -> Iterator[np.ndarray]:
    """How often each image is drawn, (N, B) a chunk."""
    generator = np.random.default_rng(0)
    for start in range(0, resamples, _CHUNK):
        count = min(_CHUNK, resamples - start)
        drawn = generator.integers(images, size=(images, count))
        flat = drawn + images * np.arange(count)
        yield np.bincount(flat.ravel(), minlength=images * count).reshape(count, images).T.astype(np.float32)


def weighted_average_precision(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Average precision per class where image i counts ``weights[i]`` times, for many weightings at once; equal
    scores form one step.

    Args:
        scores: (N, C).
        labels: (N, C) in {0, 1}.
        weights: (N, B); all one if not given. Whole numbers, so that float32 sums are exact.

    Returns:
        (B, C) float64, with unit weights equal to :func:`ltmlc.metrics.average_precision`; NaN where no positive has
        weight.
    """
    weights = np.ones((len(labels), 1), np.float32) if weights is None else weights
    return np.stack([_one_class(scores[:, k], labels[:, k], weights) for k in range(labels.shape[1])], axis=1)


def _one_class(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B,): precision is needed only where positives stand, so all between two of them is summed at once."""
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    ranked = scores[order]
    block_end = np.searchsorted(-ranked.astype(np.float64), -ranked[labels[order] > 0].astype(np.float64), side="right")
    ends = np.unique(block_end)  # (S,) ranks at which recall grows
    if len(ends) == 0:
        return np.full(weights.shape[1], np.nan)
    starts = np.concatenate([[0], ends[:-1]])
    sorted_weights = weights[order]  # (N, B)
    drawn = np.add.reduceat(sorted_weights[: ends[-1]], starts, axis=0).cumsum(axis=0)
    in_step = np.bincount(np.searchsorted(ends, block_end), minlength=len(ends))  # (S,) up to each
    positive = sorted_weights[: ends[-1]][labels[order][: ends[-1]] > 0]
    gained = np.add.reduceat(positive, np.concatenate([[0], np.cumsum(in_step)[:-1]]), axis=0)
    found = gained.cumsum(axis=0)
    total = found[-1].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(drawn > 0, found / drawn, 0.0)
        return (gained * precision).sum(axis=0, dtype=np.float64) / total


def _intervals(estimate: np.ndarray, draws: np.ndarray, groups: Mapping[str, Sequence[int]]) -> dict[str, Interval]:
    """Group means of (1, C) and (B, C), in percent; quantiles of the latter's deviations around the former."""
    classes = {"total": range(draws.shape[1]), **{name: groups[name] for name in COLUMNS[1:]}}
    intervals = {}
    for name, group in classes.items():
        members = [k for k in group if not np.isnan(estimate[0, k])]  # the others have no test image
        if members:
            means = 100 * np.nanmean(draws[:, members], axis=1)
            low, high = np.nanquantile(means - np.nanmean(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            centre = 100 * float(np.nanmean(estimate[:, members]))
            intervals[name] = Interval(centre, centre + float(low), centre + float(high))
    return intervals
