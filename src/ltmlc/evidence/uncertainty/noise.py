"""The statistics of comparing runs: seed noise, prediction intervals, multiple testing, rank agreement.

Model: the seeds of one run are independent draws with a mean of their own and a standard deviation s that all runs of
the same data set and column share. Runs differ in their loss, hardly in how much a seed matters; pooling turns 46
runs x 5 seeds into 184 degrees of freedom where one run alone has 4. The spread of single runs is reported beside s,
so a reader can check the assumption.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Noise:
    """Pooled standard deviation between seeds (same unit as the values) and its degrees of freedom (0: unknown)."""

    sd: float
    df: int


def pooled_noise(groups: Iterable[Sequence[float]]) -> Noise:
    """s^2 = sum over runs of squared deviations from the run's mean / sum over runs of (n - 1). Runs with one seed
    add nothing.
    """
    arrays = [np.asarray(values, dtype=float) for values in groups]
    df = sum(len(values) - 1 for values in arrays if len(values))
    if df == 0:
        return Noise(math.nan, 0)
    squares = sum(float(np.sum((values - values.mean()) ** 2)) for values in arrays if len(values))
    return Noise(math.sqrt(squares / df), df)


def half_width(noise: Noise, n: int, m: int = 1, *, level: float = LEVEL) -> float:
    """Half the prediction interval of the mean of ``m`` new runs around the mean of ``n`` runs: t s sqrt(1/m + 1/n).

    With m = 1, the published run, this is t s sqrt(1 + 1/n); t has the degrees of freedom of s.
    """
    return float(stats.t.isf((1 - level) / 2, noise.df)) * noise.sd * math.sqrt(1 / m + 1 / n)


def p_value(excess: float, noise: Noise, n: int, m: int = 1) -> float:
    """Two-sided probability of a difference of ``excess`` or more if both sides draw from the same distribution.

    Below 1 - level exactly where ``excess`` is outside :func:`half_width`.
    """
    if excess <= 0:
        return 1.0
    error = noise.sd * math.sqrt(1 / m + 1 / n)
    return 0.0 if error == 0 else float(2 * stats.t.sf(excess / error, noise.df))


def seeds_needed(excess: float, noise: Noise, threshold: float, m: int = 1) -> int | None:
    """Fewest seeds of ours for which ``excess``, s and its degrees of freedom unchanged, gives a p-value of at most
    ``threshold``.

    None if no number of seeds suffices: the other side's ``m`` draws are noise that our seeds cannot reduce.
    """
    if noise.sd == 0:
        return 1
    ratio = excess / (noise.sd * float(stats.t.isf(threshold / 2, noise.df)))
    room = ratio**2 - 1 / m  # what is left for 1/n
    return None if room <= 0 else math.ceil(1 / room - 1e-9)


def benjamini_hochberg(p_values: Sequence[float]) -> np.ndarray:
    """Adjusted p-values; those at most q are discoveries with an expected share of false ones of at most q.

    Benjamini and Hochberg (1995); valid under the positive dependence between the cells here (totals and their
    splits, a run that stands in several tables).
    """
    return stats.false_discovery_control(p_values, method="bh") if len(p_values) else np.empty(0)


def kendall(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Kendall's tau-b between two rankings and its p-value; NaN for fewer than three rows or a constant side."""
    if len(ours) < 3 or len(set(ours)) == 1 or len(set(theirs)) == 1:
        return math.nan, math.nan
    result = stats.kendalltau(ours, theirs)
    return float(result.statistic), float(result.pvalue)
