"""The numbers behind a claim: differences between runs seed by seed, and their noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy import stats

from ltmlc.evidence.claims.predicates import Part, RowName
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.uncertainty.noise import LEVEL, Noise
from ltmlc.plan.grid import Row


@dataclass(frozen=True)
class Measured:
    """One part on one data set."""

    part: Part
    values: tuple[float, ...]  # one a seed
    error: float  # of their mean; NaN where the noise is unknown
    df: int

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def excess(self) -> float:
        return self.mean - self.part.bound

    def width(self) -> float:
        """Half the 95 % confidence interval of the mean."""
        return float(stats.t.isf((1 - LEVEL) / 2, self.df)) * self.error

    def p(self, sign: int) -> float:
        """One-sided, for the mean being above (+1) or below (-1) the bound."""
        if self.error == 0:
            return 0.0 if sign * self.excess > 0 else 1.0
        return float(stats.t.sf(sign * self.excess / self.error, self.df))


def problem_of(parts: Sequence[Part], dataset: str, rows: Mapping[RowName, Row], results: Results) -> str:
    """Why parts cannot be measured on a data set, in words; empty where they can."""
    named = list(dict.fromkeys((row, part.column) for part in parts for row in part.rows))
    tables = {row.table for row, _ in named} - {row.table for row in rows}
    if tables:
        return f"{', '.join(sorted(tables))} is not in the configuration"
    gone = [row for row, _ in named if row not in rows]
    if gone:
        return f"the configuration has no row {gone[0]}"
    empty = dict.fromkeys(row for row, column in named if not results.scores(dataset, rows[row].run[dataset], column))
    if not empty:
        return ""
    failed = [
        r for r in empty if any(result.status == "failed" for result in results.of(dataset, rows[r].run[dataset]))
    ]
    first = (failed or list(empty))[0]
    count = len(dict.fromkeys(row for row, _ in named))
    return f"{len(empty)} of {count} rows without a result, first {first}" + (" (failed)" if failed else "")


def measure(part: Part, dataset: str, rows: Mapping[RowName, Row], results: Results, noise: Noise) -> Measured | None:
    """A part's left side on every seed that its rows share; None where both sides are the same run on this data set."""
    weights: dict[str, float] = {}
    for row, weight in part.weights:
        run = rows[row].run[dataset]
        weights[run] = weights.get(run, 0.0) + weight
    weights = {run: weight for run, weight in weights.items() if weight}
    if not weights:
        return None
    scores = {run: results.scores(dataset, run, part.column) for run in weights}
    seeds = sorted(set.intersection(*(set(each) for each in scores.values())))
    values = tuple(sum(weight * scores[run][seed] for run, weight in weights.items()) for seed in seeds)
    spread = math.sqrt(sum(weight**2 for weight in weights.values()))
    return Measured(part, values, noise.sd * spread / math.sqrt(max(len(values), 1)), noise.df)


def paired_noise(results: Results, dataset: str, column: str) -> Noise:
    """:func:`additive_noise` of all finished runs of a data set, in one column."""
    runs = sorted({run for name, run, _ in results.runs if name == dataset})
    return additive_noise([results.scores(dataset, run, column) for run in runs])


def additive_noise(scores: Sequence[Mapping[int, float]]) -> Noise:
    """Residual standard deviation of mAP = run + seed + noise; least squares, so seeds may be missing.

    Args:
        scores: of every run, seed -> mAP.
    """
    cells = [(i, seed, x) for i, by_seed in enumerate(scores) for seed, x in by_seed.items()]
    if not cells:
        return Noise(math.nan, 0)
    index, seeds, values = (np.array(each) for each in zip(*cells, strict=True))
    # What is left of both sides without each run's mean: the same residuals as with a column for every run, of which
    # there may be thousands, and only one for every seed.
    _, index, counts = np.unique(index, return_inverse=True, return_counts=True)
    both = np.column_stack([values, seeds[:, None] == np.unique(seeds)]).astype(float)
    sums = np.zeros((len(counts), both.shape[1]))
    np.add.at(sums, index, both)
    both -= (sums / counts[:, None])[index]
    values, design = both[:, 0], both[:, 1:]
    solution, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    df = len(values) - len(counts) - int(rank)
    residual = float(np.sum((values - design @ solution) ** 2))
    return Noise(math.sqrt(residual / df) if residual > 1e-18 else 0.0, df) if df else Noise(math.nan, 0)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjusted p-values: rejecting those at most a keeps the chance of any false rejection at a (Holm 1979)."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))), 1.0)
    return adjusted
