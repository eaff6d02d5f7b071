"""Average precision and its means over class groups. NumPy alone: usable without torch and scikit-learn."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike


def average_precision(scores: ArrayLike, labels: ArrayLike, *, undefined: float = 0.0) -> np.ndarray:
    """Average precision of each class, (C,) float64, as scikit-learn's average_precision_score defines it.

    AP = sum over thresholds of precision times the increase of recall; equal scores are one threshold. Pass raw
    logits: a float32 sigmoid is exactly 1 above 16.6, which makes ties.

    Args:
        scores: (N, C), larger is more likely present.
        labels: (N, C) in {0, 1}.
        undefined: value of a class without positives, which has no average precision: 0 as scikit-learn puts it, or
            NaN, with which `group_means` leaves the class out, as everything that this project prints does.
    Raises:
        ValueError: shapes that are not equal and (N, C), a score that is not finite, a label that is not 0 or 1.
    """
    scores = np.asarray(scores).astype(np.float64)
    labels = np.asarray(labels)
    if scores.ndim != 2 or scores.shape != labels.shape or 0 in scores.shape:
        raise ValueError(f"scores and labels must both be (N, C), got {scores.shape} and {labels.shape}")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels must be 0 or 1")
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        raise ValueError(f"the score of row {row}, class {column} is {scores[row, column]}: scores must be finite")
    order = np.argsort(-scores, axis=0)
    scores = np.take_along_axis(scores, order, axis=0)
    positives = np.take_along_axis(labels, order, axis=0).astype(np.float64)
    true_positives = positives.cumsum(axis=0)  # (N, C), with the threshold at each row

    # A threshold lies only where a run of equal scores ends: give every row the precision at the end of its run.
    num_rows = len(scores)
    rows = np.arange(num_rows)[:, None]
    ends = np.full(scores.shape, num_rows - 1)
    ends[:-1] = np.where(scores[1:] != scores[:-1], rows[:-1], num_rows - 1)
    ends = np.minimum.accumulate(ends[::-1], axis=0)[::-1]
    precision = np.take_along_axis(true_positives / (rows + 1), ends, axis=0)
    found = true_positives[-1]
    return np.where(found > 0, (positives * precision).sum(axis=0) / np.maximum(found, 1), undefined)


def group_means(ap: ArrayLike, groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Mean average precision over all classes, `total`, and over each group of class indices.

    Classes whose value is NaN (no test image has them) are left out; a group in which none remains has NaN.

    Args:
        ap: (C,), as `average_precision(..., undefined=nan)` gives it.
        groups: class indices by name: head, medium, tail.
    """
    ap = np.asarray(ap, dtype=np.float64)
    members = {"total": range(len(ap)), **groups}
    return {name: _mean_of_defined(ap[list(classes)]) for name, classes in members.items()}


def _mean_of_defined(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def groups_of(counts: Sequence[int], head: int = 100, medium: int = 20) -> dict[str, list[int]]:
    """Class indices by number of training images: head from `head` on, medium from `medium` on, tail below.

    The paper says "more than 100", but its 6 : 6 : 8 and 22 : 33 : 25 classes need "100 or more" (METHODS 4).

    Raises:
        ValueError: the thresholds are not in order.
    """
    if not head > medium:
        raise ValueError(f"the threshold of head must exceed that of medium, got {head} and {medium}")
    groups = {"head": [], "medium": [], "tail": []}
    for k, count in enumerate(counts):
        groups["head" if count >= head else "medium" if count >= medium else "tail"].append(k)
    return groups


def precision_at_recall(scores: ArrayLike, labels: ArrayLike, recalls: ArrayLike) -> np.ndarray:
    """Precision of each class at the highest threshold that reaches each recall, (R, C); NaN for a class without
    positives.

    The area under it is average precision: nothing is interpolated, and equal scores are one threshold.

    Args:
        scores: (N, C), larger is more likely present.
        labels: (N, C) in {0, 1}.
        recalls: (R,), each above 0 and at most 1.
    """
    scores, labels, recalls = np.asarray(scores), np.asarray(labels), np.asarray(recalls, dtype=np.float64)
    precision = np.full((len(recalls), labels.shape[1]), np.nan)
    for k in np.flatnonzero(labels.sum(axis=0)):
        order = np.argsort(-scores[:, k], kind="stable")
        ranked = scores[order, k]
        ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)  # the last row of each threshold
        found = labels[order, k].cumsum(dtype=np.int64)[ends]
        reached = np.searchsorted(found, np.ceil(recalls * found[-1] - 1e-9))
        precision[:, k] = found[reached] / (ends[reached] + 1)
    return precision
