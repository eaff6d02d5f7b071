"""How far draws of many rows, or of many differences between rows, spread from seed to seed: each its own variance,
shrunk towards all of them as far as they can tell.

Two or three seeds measure a variance badly, so it is shrunk to the prior that all variances together suggest
(empirical Bayes: Smyth 2004, the R package limma). That borrows degrees of freedom. Rows share their seeds, so they
are not as many measurements as there are rows: what is borrowed never exceeds what as many independent rows could
lend as the draws show. With two seeds they show none, and nothing is borrowed: the plain t of each row.
``benchmarks/calibration.py`` measures the error rates.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy import special

from ltmlc.evidence.uncertainty.noise import LEVEL, SAME, UNKNOWN_SPREAD, Spread


def added(spreads: Iterable[Spread]) -> Spread:
    """Of a sum of independent draws: the variances add, degrees of freedom by Satterthwaite; none if one has none."""
    spreads = list(spreads)
    variance = sum(each.variance for each in spreads)
    if not variance or not all(each.df for each in spreads):
        return Spread(variance, 0.0)
    return Spread(variance, variance**2 / sum(each.variance**2 / each.df for each in spreads))


def equal_within(margin: float, difference: float, spread: Spread, n: float) -> bool:
    """Equivalence at 5 %: two one-sided tests show that a mean of ``n`` draws lies between -margin and margin
    (Schuirmann 1987). What is not different need not be equal.
    """
    if not spread.df:
        return False
    return max(spread.above(margin - difference, n), spread.above(margin + difference, n)) <= 1 - LEVEL + 1e-12


def moderate(draws: Sequence[Mapping[int, float]]) -> list[Spread]:
    """The spread of every row, or difference, by what it is on each seed (seed -> points; seeds may be missing).

    One draw, or draws that are all equal, measure nothing: they take the spread of the others, unknown without any.
    """
    if not any(draws):
        return [UNKNOWN_SPREAD] * len(draws)
    residuals, df = _residuals(draws)
    squares = (residuals**2).sum(1)
    own = (df > 0) & (squares > SAME)
    if not own.any():
        return [UNKNOWN_SPREAD] * len(draws)
    variance = np.divide(squares, df, out=np.zeros(len(draws)), where=df > 0)
    centre, lent = _prior(variance[own], df[own], residuals[own])
    weight = np.where(own, df, 0.0)
    total = lent + weight
    shrunk = np.divide(lent * centre + weight * variance, total, out=np.full(len(draws), centre), where=total > 0)
    return [Spread(float(v), float(d or df.max())) for v, d in zip(shrunk, total, strict=True)]


def _residuals(draws: Sequence[Mapping[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Draws less their mean (K, S), zero where there is none, and degrees of freedom (K,)."""
    seeds = sorted(set().union(*draws))
    values = np.array([[each.get(seed, math.nan) for seed in seeds] for each in draws], float)
    there = np.isfinite(values)
    count = there.sum(1)
    mean = np.where(there, values, 0.0).sum(1) / np.maximum(count, 1)
    return np.where(there, values - mean[:, None], 0.0), np.maximum(count - 1, 0).astype(float)


def _prior(variance: np.ndarray, df: np.ndarray, residuals: np.ndarray) -> tuple[float, float]:
    """Location of the prior of the variances and the degrees of freedom it lends to each.

    Moments of log variance as in limma's fitFDist; the lent ones are bounded by :func:`independent_rows`.
    """
    if len(variance) < 3:
        return float(np.average(variance, weights=df)), 0.0
    logs = np.log(variance) - special.digamma(df / 2) + np.log(df / 2)
    beyond = logs.var(ddof=1) - special.polygamma(1, df / 2).mean()  # the spread that sampling does not explain
    prior_df = 2 * _trigamma_inverse(beyond) if beyond > 0 else math.inf
    centre = logs.mean() + (special.digamma(prior_df / 2) - math.log(prior_df / 2) if prior_df < math.inf else 0.0)
    return math.exp(centre), min(prior_df, float(df.max()) * (independent_rows(residuals) - 1))


def _trigamma_inverse(value: float) -> float:
    """x with trigamma(x) = value, by Newton's method (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        found = special.polygamma(1, x)
        step = found * (1 - found / value) / special.polygamma(2, x)
        x += step
        if abs(step) < 1e-10 * x:
            break
    return float(x)


def independent_rows(residuals: np.ndarray) -> float:
    """How many rows that varied independently would be as informative about a variance as these (K, S) are.

    (sum of eigenvalues)^2 / sum of their squares, of the rows' covariance. The sample's own ratio is too small, for S
    seeds show at most S - 1 directions; with its numerator and denominator unbiased it is right on average, but noisy.
    Between the two stands their geometric mean, less one in both: one row where there are two seeds.
    """
    gram = residuals.T @ residuals  # (S, S): the same eigenvalues
    rank = residuals.shape[1] - 1
    trace, squares = float(np.trace(gram)), float((gram**2).sum())
    shown = trace**2 / squares
    if rank < 2:
        return 1.0
    unbiased = rank**2 / ((rank - 1) * (rank + 2)) * (squares - trace**2 / rank)
    ratio = trace**2 / unbiased if unbiased > 0 else math.inf
    likely = min(max(ratio, shown), max(len(residuals) - 1.0, shown))
    return 1 + (max(shown, 1.0) - 1) * math.sqrt(likely / shown)
