"""A ranking at random and a perfect one, beneath each table: a broken metric shows at once."""

import math

import numpy as np

from ltmlc.data.split import SplitStatistics
from ltmlc.metrics import group_means


def chance_average_precision(positives: int, images: int) -> float:
    r"""Exact expected average precision of a random ranking of ``images`` images without ties, ``positives`` of them
    positive.

    AP = (1/P) sum_i [rank i is positive] * TP_i / i. Rank i is positive with probability P/N, and given that, each of
    the i-1 ranks above it is positive with probability (P-1)/(N-1). Hence

        E[AP] = (1/N) sum_{i=1..N} (1 + (i-1) (P-1)/(N-1)) / i = (H_N + (N - H_N) (P-1)/(N-1)) / N

    with H_N = 1 + 1/2 + ... + 1/N.

    It is above the prevalence P/N, to which it tends for large N, and NaN without a positive.
    """
    if positives == 0:
        return math.nan
    if images == 1:
        return 1.0
    harmonic = float(np.sum(1.0 / np.arange(1, images + 1)))
    return (harmonic + (images - harmonic) * (positives - 1) / (images - 1)) / images


def split_controls(split: SplitStatistics) -> dict[str, dict[str, float]]:
    """Percent by column (total, head, medium, tail) for "chance" and "oracle"; NaN for a group of which no class has
    a test image.
    """
    chance = np.array([chance_average_precision(count, len(split.test_ids)) for count in split.test_class_counts])
    oracle = np.where(np.isnan(chance), math.nan, 1.0)
    return {"chance": group_means(100 * chance, split.groups), "oracle": group_means(100 * oracle, split.groups)}
