"""The statistics of comparing runs: run and seed effects, what they leave, the largest of many errors.

What is left is pooled over the runs. That describes a set of runs; verdicts rest on each row's own spread
(:mod:`ltmlc.evidence.uncertainty.moderated`).
"""

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import stdev
from typing import NamedTuple

import numpy as np
from scipy import special

LEVEL = 0.95
SAME = 1e-18  # squares that sum to less are those of equal draws


def t_quantile(level: float, df: float) -> float:
    """The border of the central ``level`` of Student's t; as ``scipy.stats.t.ppf``, without its cost a call."""
    return float(special.stdtrit(df, (1 + level) / 2))


class Spread(NamedTuple):
    """Variance of one draw (points squared) and its degrees of freedom; 0: unknown, and the variance NaN."""

    variance: float
    df: float

    @property
    def sd(self) -> float:
        return math.sqrt(self.variance)

    def error(self, n: float, m: float = math.inf) -> float:
        """Standard error of a mean of ``n`` draws less one of ``m`` others; of the mean alone without ``m``."""
        return math.sqrt(self.variance * (1 / n + 1 / m))

    def half_width(self, n: float, m: float = math.inf) -> float:
        """Half the 95 % interval of :meth:`error`; NaN where the spread is unknown."""
        return t_quantile(LEVEL, self.df) * self.error(n, m) if self.df else math.nan

    def above(self, excess: float, n: float, m: float = math.inf) -> float:
        """One-sided p-value of a mean that exceeds its bound by ``excess``."""
        return float(special.stdtr(self.df, -excess / self.error(n, m)))

    def p_value(self, excess: float, n: float, m: float = math.inf) -> float:
        """Two-sided p-value; 0.05 on the border of :meth:`half_width`, 1 for no excess or an unknown spread."""
        return min(1.0, 2 * self.above(abs(excess), n, m)) if excess and self.df else 1.0


UNKNOWN_SPREAD = Spread(math.nan, 0.0)


def sample_sd(values: Collection[float]) -> float | None:
    """Standard deviation of draws; None for fewer than two."""
    return stdev(values) if len(values) > 1 else None


def paired(before: Mapping[int, float], after: Mapping[int, float]) -> dict[int, float]:
    """Differences on the seeds that both have."""
    return {seed: after[seed] - before[seed] for seed in sorted(set(before) & set(after))}


def chance_among(number: int) -> float:
    """How many standard deviations the largest of ``number`` independent normal errors stays below in 95 % of cases."""
    return float(-special.ndtri((1 - LEVEL ** (1 / max(number, 1))) / 2))


def additive_noise(scores: Sequence[Mapping[int, float]]) -> Spread:
    """Spread of the residuals of mAP = run + seed + residual, pooled over the runs; ``scores`` as
    :func:`seed_effects` takes them.
    """
    _, residuals, rank = seed_effects(scores)
    values = [value for row in residuals for value in row.values()]
    df = len(values) - sum(bool(row) for row in residuals) - rank
    squares = sum(value * value for value in values)
    return Spread(squares / df if squares > SAME else 0.0, df) if df > 0 else UNKNOWN_SPREAD


class SeedEffects(NamedTuple):
    """The least-squares fit of run + seed. Only seeds that runs connect are told from each other: in each such group
    effects sum to zero, and ``rank`` is the number of seeds less that of groups.
    """

    effects: dict[int, float]  # by seed
    residuals: list[dict[int, float]]  # of each run, by seed; zero of a run with one seed
    rank: int


def seed_effects(scores: Sequence[Mapping[int, float]]) -> SeedEffects:
    """Of every run's scores by seed; seeds may be missing, and what is no number counts as missing."""
    rows = [{seed: value for seed, value in row.items() if math.isfinite(value)} for row in scores]
    seeds = sorted(set().union(*rows)) if rows else []
    there = np.array([[seed in row for seed in seeds] for row in rows], bool).reshape(len(rows), len(seeds))
    values = np.array([[row.get(seed, 0.0) for seed in seeds] for row in rows], float).reshape(there.shape)
    count = np.maximum(there.sum(1, keepdims=True), 1)
    values = np.where(there, values - values.sum(1, keepdims=True) / count, 0.0)
    if there.all():
        effects, rank = values.mean(0) if len(rows) else np.zeros(0), max(len(seeds) - 1, 0)
    else:  # normal equations without the runs, of which there may be thousands
        weights = np.diag(there.sum(0).astype(float)) - there.T @ (there / count)
        effects, _, rank, _ = np.linalg.lstsq(weights, values.sum(0), rcond=1e-9)  # the smallest that fit
    fitted = np.where(there, effects, 0.0)
    residuals = values - np.where(there, fitted - fitted.sum(1, keepdims=True) / count, 0.0)
    found = [
        {seed: float(residuals[row, k]) for k, seed in enumerate(seeds) if there[row, k]} for row in range(len(rows))
    ]
    return SeedEffects(dict(zip(seeds, effects.tolist(), strict=True)), found, int(rank))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjusted p-values: rejecting those at most a keeps the chance of any false rejection at a (Holm 1979)."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))), 1.0)
    return adjusted
