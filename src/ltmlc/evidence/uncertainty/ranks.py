"""Rank agreement. Apart, as importing all of ``scipy.stats`` takes a second."""

import math
from collections.abc import Sequence

from scipy import stats


def kendall(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Kendall's tau-b between two rankings and its p-value; NaN for fewer than three rows or a constant side."""
    if len(ours) < 3 or len(set(ours)) == 1 or len(set(theirs)) == 1:
        return math.nan, math.nan
    result = stats.kendalltau(ours, theirs)
    return float(result.statistic), float(result.pvalue)
