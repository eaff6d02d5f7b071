"""Precision, recall and F1 of the labels that scores are turned into: above a threshold, or the top of each image."""

import numpy as np
from numpy.typing import ArrayLike

LABEL_METRICS = ("cp", "cr", "cf1", "op", "or", "of1", "macro_f1")
"""What :func:`label_metrics` gives, in this order."""


def above(scores: ArrayLike, threshold: float = 0.0) -> np.ndarray:
    """The labels whose score exceeds the threshold, (N, C) bool. A logit above 0 is a probability above 0.5."""
    return np.asarray(scores) > threshold


def top(scores: ArrayLike, k: int = 3) -> np.ndarray:
    """The ``k`` labels of largest score of each image, (N, C) bool; of equal scores the first class.

    Every image has ``k`` (all classes where there are fewer), whatever the scores. Some published code drops those
    below a threshold; the numbers are then others.
    """
    scores = np.asarray(scores)
    chosen = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(chosen, np.argsort(-scores, axis=1, kind="stable")[:, :k], True, axis=1)
    return chosen


def label_metrics(predicted: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """Precision, recall and F1 as multi-label papers print them, each in [0, 1].

    ``cp`` and ``cr`` are means over classes of precision and recall, ``cf1`` is their harmonic mean; ``macro_f1`` is
    the mean over classes of F1, another number. ``op``, ``or`` and ``of1`` pool the labels of all classes; ``of1`` is
    micro F1.

    A class that is predicted for no image has precision and F1 zero, as scikit-learn's ``zero_division=0``. A class
    that no image has is in no mean over classes, as it has no recall; what is predicted of it counts as wrong in
    ``op`` and ``of1``. Without a single label all are NaN.

    Args:
        predicted: (N, C) in {0, 1}, as :func:`above` and :func:`top` give it.
        labels: (N, C) in {0, 1}.

    Raises:
        ValueError: shapes that are not equal and (N, C), a value that is neither 0 nor 1.
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if labels.ndim != 2 or predicted.shape != labels.shape:
        raise ValueError(f"predicted and labels must both be (N, C), got {predicted.shape} and {labels.shape}")
    if not all(np.isin(each, (0, 1)).all() for each in (predicted, labels)):
        raise ValueError("predicted and labels must be 0 or 1")
    predicted, labels = predicted.astype(bool), labels.astype(bool)
    right, said, there = (each.sum(axis=0) for each in (predicted & labels, predicted, labels))  # (C,)
    has = there > 0
    if not has.any():
        return dict.fromkeys(LABEL_METRICS, float("nan"))
    cp, cr = np.mean(right[has] / np.maximum(said[has], 1)), np.mean(right[has] / there[has])
    op, pooled_recall = right.sum() / max(said.sum(), 1), right.sum() / there.sum()
    of1, macro_f1 = 2 * right.sum() / (said + there).sum(), np.mean(2 * right[has] / (said + there)[has])
    values = (cp, cr, 2 * cp * cr / (cp + cr) if cr else 0, op, pooled_recall, of1, macro_f1)
    return dict(zip(LABEL_METRICS, map(float, values), strict=True))
