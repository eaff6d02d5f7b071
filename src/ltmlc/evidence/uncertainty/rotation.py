"""Many tests at once, of rows that share their seeds: p-values by rotation.

Each row, or difference between rows, has a contrast (its distance from what is claimed, divided so that it varies as
one draw does) and its draws' residuals. Seeds are independent draws of all rows at once. Where nothing differs,
contrast and residuals together are a normal sample about zero, and turning it, all rows by the same angle, gives
another sample that was as likely (Langsrud 2005, Statistics and Computing 15:53). So the largest statistic of all rows
in turned samples is the largest that chance gives. That is exact where nothing differs, from two seeds on, whatever the
rows have in common and however unequally they vary, and for every statistic; Wu et al. (2010, Bioinformatics 26:2176)
use it likewise. Beside rows that do differ it is approximate; ``benchmarks/calibration.py`` measures the error rates.

The statistic: the contrast over the root of the row's own variance, shrunk towards that of a typical row. Few seeds
measure a variance badly, and a row that looks quiet by chance is not to win. The typical variance is what the direction
in which the rows differ most does not explain; no turning changes it, and what differs in one row is hardly noise of
another.

Only rows of the same seeds can be turned by the same angle (:func:`turned_together`).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from ltmlc.evidence.uncertainty.noise import SAME

ROTATIONS = 9999  # the smallest p-value is one in 10 000


class Rotated(NamedTuple):
    """Signed statistics of rows as they are, and in turned samples."""

    statistics: np.ndarray  # (K,)
    by_chance: np.ndarray  # (ROTATIONS, K): the same rotation in a line


def turned_together(residuals: Sequence[Mapping[int, float]]) -> list[int]:
    """The rows, by index, with the seeds that most rows have; none of one draw, or of draws that are all equal."""
    found: dict[frozenset[int], list[int]] = {}
    for index, row in enumerate(residuals):
        if len(row) > 1 and sum(value**2 for value in row.values()) > SAME:
            found.setdefault(frozenset(row), []).append(index)
    return max(found.values(), key=len, default=[])


def rotate(contrasts: Sequence[float], residuals: Sequence[Mapping[int, float]], *, typical_df: float) -> Rotated:
    """The statistic of every row, and what it is in turned samples.

    Args:
        contrasts: of every row, in the unit of one draw (a mean of n draws: its distance times sqrt(n)).
        residuals: of every row, seed -> draw less the row's mean, on the same two or more seeds.
        typical_df: degrees of freedom by which the typical variance counts: the more, the more rows are alike.
    """
    contrast = np.asarray(contrasts, float)
    values = np.array([[row[seed] for seed in sorted(residuals[0])] for row in residuals], float)  # (K, S)
    df = values.shape[1] - 1
    samples = np.hstack([contrast[:, None], values])  # (K, 1 + S)
    squares = (samples**2).sum(1)
    typical = _typical(samples, df)

    def statistic(turned: np.ndarray) -> np.ndarray:  # of contrasts (..., K), the samples' length being what it is
        own = np.maximum(squares - turned**2, 0.0)
        return turned / np.sqrt((own + typical_df * typical) / (df + typical_df))

    return Rotated(statistic(contrast), statistic(_directions(df + 1) @ samples.T))


@cache
def _directions(seeds: int) -> np.ndarray:
    """Where the contrast's own direction is turned to (ROTATIONS, 1 + S): uniform among those of all samples."""
    directions = np.random.default_rng(0).normal(size=(ROTATIONS, 1 + seeds))
    directions[:, 1:] -= directions[:, 1:].mean(1, keepdims=True)  # residuals sum to zero, so what they turn to does
    return directions / np.sqrt((directions**2).sum(1, keepdims=True))


def _typical(samples: np.ndarray, df: int) -> float:
    """Geometric mean of the rows' variances beside their first principal direction, each row of samples (K, 1 + S)
    having the same weight in it.
    """
    squares = (samples**2).sum(1)
    directions = samples / np.sqrt(squares)[:, None]
    _, vectors = np.linalg.eigh(directions.T @ directions)
    beside = np.maximum(squares - (samples @ vectors[:, -1]) ** 2, SAME) / df
    return float(np.exp(np.log(beside).mean()))


def share_as_large(statistics: np.ndarray, by_chance: np.ndarray) -> np.ndarray:
    """P-values (K,): how often chance (R,) or (R, K), the sample itself among it, gives ``statistics`` (K,) or more."""
    by_chance = by_chance.reshape(len(by_chance), -1)
    return (1 + (by_chance >= np.asarray(statistics) * (1 - 1e-12)).sum(0)) / (1 + len(by_chance))


def step_down(statistics: np.ndarray, by_chance: np.ndarray) -> np.ndarray:
    """P-values (K,) adjusted for the number of tests: those at most a keep the chance of any false one at a.

    The largest statistic is held against the largest by chance, the next against the largest of those that are left
    (Westfall and Young 1993). Both inputs without a sign, (K,) and (R, K).
    """
    order = np.argsort(-statistics, kind="stable")
    largest = np.maximum.accumulate(by_chance[:, order[::-1]], axis=1)[:, ::-1]
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(share_as_large(statistics[order], largest))
    return adjusted
