"""Whether a probability is one: of all labels given 0.8, are 80 % there?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Reliability(NamedTuple):
    """By bin of predicted probability, each (B,); NaN where nothing falls into a bin."""

    probability: np.ndarray
    """Mean of the predicted ones."""
    frequency: np.ndarray
    """Share of labels that are there."""
    count: np.ndarray
    """How many predictions."""

    @property
    def ece(self) -> float:
        """Expected calibration error: mean distance of probability and frequency, every prediction counting once."""
        distance = np.abs(self.probability - self.frequency)
        return float(np.nansum(self.count * distance) / self.count.sum())


def reliability(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> Reliability:
    """All predictions of all classes pooled, in ``bins`` bins of equal width; a bin has its upper edge.

    Args:
        probabilities: any shape, in [0, 1].
        labels: of that shape, in {0, 1}.
        bins: how many.

    Raises:
        ValueError: shapes that differ, a probability outside [0, 1].
    """
    probabilities, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if probabilities.shape != labels.shape:
        raise ValueError(f"probabilities and labels must have one shape, got {probabilities.shape} and {labels.shape}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]; a logit has to go through the sigmoid first")
    flat = probabilities.ravel()
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], flat)
    count = np.bincount(place, minlength=bins)
    sums = (np.bincount(place, weights=each, minlength=bins) for each in (flat, labels.ravel().astype(np.float64)))
    with np.errstate(invalid="ignore"):
        return Reliability(*(total / count for total in sums), count)
