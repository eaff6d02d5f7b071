"""A whole column of numbers against another one: does it lie off as a whole, and which rows deviate besides?

Model: mAP = row + seed + residual. What a seed does to all rows at once moves the whole column, so rows are not
independent tests, and one question becomes two.

* Level: the mean difference of the rows against how far the seeds move the mean of the rows: t with one degree of
  freedom less than there are seeds, exact whatever the covariance of the rows. Of seeds that no row shares, those
  which only rows of one seed have measure nothing, and each further group costs a degree of freedom.
* Pattern: each row less that mean, against how far the rows' distances from their mean move from seed to seed, all
  rows together (:mod:`ltmlc.evidence.uncertainty.rotation`). As long as rows deviate, by this test or by
  their own spread, the furthest is taken out of the mean, so that it does not push all others the other way.

Both together keep one chance of 5 % of calling anything different where nothing is: level and pattern are two tests
in Holm's procedure. That is exact where all rows have the same seeds; rows that lack some are compared after the
seeds' effects are taken off, which is approximate. The other side is taken for trainings that share their seed, as the
released code fixes it, and for as many of each row.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ltmlc.evidence.uncertainty.components import between_seeds
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import SAME, Spread, holm, seed_effects
from ltmlc.evidence.uncertainty.rotation import rotate, share_as_large, turned_together

ERROR_RATE = 0.05
_ALIKE = 10.0  # degrees of freedom of the typical variance: rows of one table vary alike


class Level(NamedTuple):
    """The whole column, in points: mean difference of ``rows`` rows, its 95 % interval, the spread of the mean of one
    draw of each, p-value and adjusted one.
    """

    difference: float
    low: float
    high: float
    spread: Spread
    rows: int
    p: float
    p_adjusted: float


class Deviation(NamedTuple):
    """One row beyond the level: its difference less that, the spread of one such draw, and its adjusted p-value."""

    difference: float
    spread: Spread
    p_adjusted: float


def level_and_pattern(
    ours: Sequence[Mapping[int, float]],
    theirs: Sequence[float],
    *,
    draws: Sequence[int] | None = None,
    tolerance: Sequence[float] | None = None,
    noise: Sequence[Mapping[int, float]] | None = None,
) -> tuple[Level, list[Deviation] | None] | None:
    """Both answers for distinct rows of one column; no pattern for a single row, neither where no two seeds differ.

    Args:
        ours: each row's scores by seed.
        theirs: the number of each row on the other side.
        draws: of how many runs that is the mean; one each if not given.
        tolerance: by how much rounding alone may move each row's number.
        noise: scores by seed of the same rows from which the noise is taken instead, if the other side has more seeds.
    """
    rows = len(ours)
    draws, tolerance = draws or [1] * rows, tolerance or [0.0] * rows
    noise = noise or ours
    fit = seed_effects(noise)
    moved = between_seeds(fit)
    if not moved.variance > SAME:
        return None
    own = (fit if noise is ours else seed_effects(ours)).effects
    freed = [np.mean([value - own[seed] for seed, value in scores.items()]) for scores in ours]
    gaps = np.array(freed) - np.array(theirs)
    n, m = np.array([len(scores) for scores in ours]), np.array(draws, float)
    centre, pattern = list(range(rows)), None
    if rows > 1:
        centre, pattern = _deviations(gaps, fit.residuals, n, m, np.array(tolerance))
    mean = float(gaps[centre].mean())
    spread = between_seeds(seed_effects([noise[row] for row in centre]))
    spread = spread if spread.variance > SAME else moved
    seeds, others = _harmonic(n[centre]), _harmonic(m[centre])
    excess = max(abs(mean) - float(np.mean(np.array(tolerance)[centre])) - 1e-9, 0.0) if rows == 1 else abs(mean)
    p, half = spread.p_value(excess, seeds, others), spread.half_width(seeds, others)
    smallest = min(pattern[1]) if pattern else None
    p_level = p if smallest is None else holm([p, smallest])[0]
    level = Level(mean, mean - half, mean + half, spread, len(centre), p, float(p_level))
    if pattern is None:
        return level, None
    differences, adjusted, spreads = pattern
    factor, least = (2, 0.0) if smallest <= p else (1, 2 * p)  # Holm's: the smaller of both is doubled and comes first
    return level, [
        Deviation(float(d), spread, float(min(1.0, max(factor * a, least))))
        for d, a, spread in zip(differences, adjusted, spreads, strict=True)
    ]


def _harmonic(counts: np.ndarray) -> float:
    return float(1 / np.mean(1 / counts))


def _deviations(
    gaps: np.ndarray, residuals: Sequence[Mapping[int, float]], n: np.ndarray, m: np.ndarray, tolerance: np.ndarray
) -> tuple[list[int], tuple[np.ndarray, np.ndarray, list[Spread]]]:
    """The rows that follow the level, and of every row its deviation, adjusted p-value and spread.

    Args:
        gaps: of every row, in points; of ``n`` draws of ours against ``m`` of the other side.
        residuals: less what a seed does to all rows.
        tolerance: of each gap, by rounding.
    """
    centre, errors = list(range(len(gaps))), np.sqrt(1 / n + 1 / m)
    while True:
        differences = gaps - gaps[centre].mean()
        excess = np.sign(differences) * np.maximum(np.abs(differences) - tolerance - 1e-9, 0.0)
        rest = _less_the_mean(residuals, centre)
        spreads = moderate(rest)
        alone = [spread.p_value(gap, 1) for spread, gap in zip(spreads, excess / errors, strict=True)]
        by_spread = np.minimum(np.array(alone) * len(gaps), 1.0)
        p = _by_rotation(excess / errors, rest, centre, by_spread)
        off = any(2 * min(p[row], by_spread[row]) <= ERROR_RATE for row in centre)
        if not off or len(centre) <= max(2, len(gaps) // 2 + 1):
            return centre, (differences, p, spreads)
        centre.remove(max(centre, key=lambda row: abs(excess[row])))  # others may owe their distance to it


def _by_rotation(
    distances: np.ndarray, residuals: Sequence[Mapping[int, float]], centre: Sequence[int], else_p: np.ndarray
) -> np.ndarray:
    """P-values of the rows with the seeds that most have, turned together with the centre; ``else_p`` of the others."""
    together = turned_together(residuals)
    if not together:
        return else_p
    found = rotate(distances[together], [residuals[row] for row in together], typical_df=_ALIKE)
    by_chance = np.abs(found.by_chance)
    inside = [place for place, row in enumerate(together) if row in centre]
    largest = by_chance[:, inside].max(1, initial=0.0, keepdims=True)
    p = else_p.copy()
    p[together] = share_as_large(np.abs(found.statistics), np.maximum(by_chance, largest))
    p[together] = np.minimum(p[together] * len(distances) / len(together), 1.0)
    return p


def _less_the_mean(residuals: Sequence[Mapping[int, float]], centre: list[int]) -> list[dict[int, float]]:
    seeds = sorted(set().union(*residuals))
    means = {}
    for seed in seeds:
        there = [residuals[row][seed] for row in centre if seed in residuals[row]]
        means[seed] = sum(there) / len(there) if there else 0.0
    less = [{seed: value - means[seed] for seed, value in row.items()} for row in residuals]
    own = [sum(row.values()) / len(row) if row else 0.0 for row in less]  # zero unless rows lack seeds
    return [{seed: value - mean for seed, value in row.items()} for row, mean in zip(less, own, strict=True)]
