"""One cell against its reference: the numbers, then the verdict. What the verdicts mean:
:mod:`ltmlc.evidence.comparison.compare`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from ltmlc.evidence.results.reference import PRINTED
from ltmlc.evidence.uncertainty.noise import LEVEL, Noise, benjamini_hochberg, half_width, p_value, seeds_needed

VERDICTS = ("match", "within noise", "above", "below", "inconclusive", "no verdict", "missing", "failed")
FALSE_DISCOVERY_RATE = 0.05
ONE_SEED = "one seed measures no noise: run two or more (configuration key `seeds`)"


@dataclass(frozen=True)
class Comparison:
    """One cell. Values in percent, differences (ours - reference) in percentage points; None where there is no such
    number.
    """

    table: str
    row: str
    dataset: str
    column: str
    run: str
    origin: str
    reference: float
    reference_n: int
    ours: float | None = None
    sd: float | None = None  # of this run's own seeds
    n: int = 0
    difference: float | None = None
    low: float | None = None  # prediction interval for the reference, around ours
    high: float | None = None
    pooled_sd: float | None = None
    df: int = 0
    tolerance: float = PRINTED
    p: float | None = None
    p_adjusted: float | None = None
    verdict: str = "missing"
    seeds_needed: int | None = None
    reason: str = ""


def compare_cell(cell: Comparison, ours: dict[int, float], theirs: dict[int | None, float], noise: Noise) -> Comparison:
    """The numbers of one cell, up to its own p-value."""
    if not ours:
        return cell
    shared = ours.keys() & theirs.keys()
    if shared:
        ours, theirs = {seed: ours[seed] for seed in sorted(shared)}, {seed: theirs[seed] for seed in sorted(shared)}
    mean, other, n, m = fmean(ours.values()), fmean(theirs.values()), len(ours), len(theirs)
    sd = stdev(ours.values()) if n > 1 else None
    cell = replace(cell, ours=mean, sd=sd, n=n, reference=other, reference_n=m, difference=mean - other)
    if noise.df == 0 and shared and _excess(cell) == 0:
        return replace(cell, verdict="match", reason="the same seed gives the same number")
    if noise.df == 0:
        return replace(cell, verdict="no verdict", reason=ONE_SEED)
    width = half_width(noise, n, m)
    p = p_value(_excess(cell), noise, n, m)
    return replace(cell, low=mean - width, high=mean + width, pooled_sd=noise.sd, df=noise.df, p=p)


def _excess(cell: Comparison) -> float:
    """What rounding does not explain of the difference; the small allowance is for binary fractions."""
    return max(abs(cell.difference) - cell.tolerance - 1e-9, 0.0)


def judge(cells: Sequence[Comparison], noise: Mapping[tuple[str, str], Noise]) -> tuple[Comparison, ...]:
    """Verdicts over all cells together."""
    tested = [cell for cell in cells if cell.p is not None]
    adjusted = iter(benjamini_hochberg([cell.p for cell in tested]))
    cells = [cell if cell.p is None else replace(cell, p_adjusted=float(next(adjusted))) for cell in cells]
    discoveries = sum(cell.p is not None and cell.p_adjusted <= FALSE_DISCOVERY_RATE for cell in cells)
    threshold = FALSE_DISCOVERY_RATE * (discoveries + 1) / max(len(tested), 1)  # what the next cell would have to reach
    return tuple(
        cell if cell.p is None else _verdict(cell, noise[cell.dataset, cell.column], threshold) for cell in cells
    )


def _verdict(cell: Comparison, noise: Noise, threshold: float) -> Comparison:
    verdict, reason, needed = _decide(cell, noise, threshold)
    return replace(cell, verdict=verdict, reason=reason, seeds_needed=needed)


def _decide(cell: Comparison, noise: Noise, threshold: float) -> tuple[str, str, int | None]:
    excess = _excess(cell)
    if excess == 0:
        return "match", f"the difference is within rounding ({cell.tolerance:.2g})", None
    if cell.p >= 1 - LEVEL:
        return (
            "within noise",
            f"one more run is expected within ± {(cell.high - cell.low) / 2:.2f} (df {cell.df})",
            None,
        )
    if cell.p_adjusted <= FALSE_DISCOVERY_RATE:
        return ("above" if cell.difference > 0 else "below"), f"adjusted p = {cell.p_adjusted:.2g}", None
    needed = seeds_needed(excess, noise, threshold, cell.reference_n)
    if needed is not None:
        needed = max(needed, cell.n + 1)
        return "inconclusive", f"{needed} seeds would decide, {needed - cell.n} more", needed
    if cell.origin == "reference":
        return "inconclusive", f"not decidable: the reference has {cell.reference_n} seeds", None
    return "inconclusive", "not decidable: the published run is one draw", None
