"""One cell against its reference, and its verdict (explained in :mod:`ltmlc.evidence.comparison.compare`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from ltmlc.evidence.results.reference import PRINTED
from ltmlc.evidence.uncertainty.level import ERROR_RATE, Deviation, Level, level_and_pattern
from ltmlc.evidence.uncertainty.moderated import UNKNOWN_SPREAD, Spread
from ltmlc.evidence.uncertainty.noise import LEVEL, sample_sd
from ltmlc.evidence.uncertainty.planning import POWER, seeds_needed

CELL_VERDICTS = ("match", "within noise", "above", "below", "inconclusive", "no verdict", "missing", "failed")
NOT_JUDGED = ("no verdict", "missing", "failed")
RUN_TWO_SEEDS = "one seed measures no noise: run two or more (configuration key `seeds`)"
SEEDS_AGREE = "no seed moves this column, so nothing measures the noise"


@dataclass(frozen=True)
class Comparison:
    """One cell. Values in percent, differences (ours - reference) in points; None where there is no such number."""

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
    noise_sd: float | None = None  # of one run, shrunk towards the other runs
    df: float = 0.0
    tolerance: float = PRINTED
    p: float | None = None  # of this cell alone, level included
    level: float | None = None  # by how much the column as a whole lies off
    deviation: float | None = None  # of this row besides
    p_adjusted: float | None = None  # over level and rows of the column, of the one the verdict rests on
    verdict: str = "missing"
    seeds_needed: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Compared:
    """A cell with what it is made from: our scores by seed, and the reference's."""

    cell: Comparison
    ours: Mapping[int, float]
    theirs: Mapping[int | None, float]


def compare_cell(entry: Compared, spread: Spread) -> Compared:
    """The numbers of one cell, up to its own p-value; equal seeds of both sides are compared with each other alone."""
    cell, ours, theirs = entry.cell, entry.ours, entry.theirs
    if not ours:
        return entry
    shared = ours.keys() & theirs.keys()
    if shared:
        ours, theirs = {seed: ours[seed] for seed in sorted(shared)}, {seed: theirs[seed] for seed in sorted(shared)}
    mean, other, n, m = fmean(ours.values()), fmean(theirs.values()), len(ours), len(theirs)
    sd = sample_sd(ours.values())
    cell = replace(cell, ours=mean, sd=sd, n=n, reference=other, reference_n=m, difference=mean - other)
    if not spread.df:
        return Compared(_undecided(Compared(cell, ours, theirs)), ours, theirs)
    width, p = spread.half_width(n, m), spread.p_value(_excess(cell), n, m)
    cell = replace(cell, low=mean - width, high=mean + width, noise_sd=spread.sd, df=spread.df, p=p)
    return Compared(cell, ours, theirs)


def _excess(cell: Comparison) -> float:
    """What rounding does not explain of the difference; the small allowance is for binary fractions."""
    return max(abs(cell.difference) - cell.tolerance - 1e-9, 0.0)


def judge_column(
    entries: Sequence[Compared], noise: Mapping[str, Mapping[int, float]] | None = None
) -> tuple[list[Comparison], Level | None]:
    """Verdicts of all cells of one data set and column together, and its level; equal cells of several tables count
    once.

    Args:
        entries: from :func:`compare_cell`.
        noise: the reference's scores by run and seed, if the noise is taken from these.
    """
    keys = [(entry.cell.run, entry.cell.reference) for entry in entries]
    tested = {key: entry for key, entry in zip(keys, entries, strict=True) if entry.cell.p is not None}
    found = tested and level_and_pattern(
        [entry.ours for entry in tested.values()],
        [entry.cell.reference for entry in tested.values()],
        draws=[entry.cell.reference_n for entry in tested.values()],
        tolerance=[entry.cell.tolerance for entry in tested.values()],
        noise=noise and [noise[entry.cell.run] for entry in tested.values()],
    )
    if not found:
        return [entry.cell if entry.cell.p is None else _undecided(entry) for entry in entries], None
    level, pattern = found
    rows = dict(zip(tested, pattern or [None] * len(tested), strict=True))
    cells = [
        _verdict(entry.cell, level, rows[key], len(tested)) if key in rows and entry.cell.p is not None else entry.cell
        for key, entry in zip(keys, entries, strict=True)
    ]
    return cells, level


def _undecided(entry: Compared) -> Comparison:
    """Without two seeds that tell a level. That one seed meets a number may be luck, unless it is the same seed."""
    cell, shared = entry.cell, entry.ours.keys() & entry.theirs.keys()
    if _excess(cell) == 0 and (shared or cell.n > 1):
        reason = "the same seed gives the same number" if shared else _within_rounding(cell)
        return replace(cell, verdict="match", reason=reason)
    return replace(cell, verdict="no verdict", reason=RUN_TWO_SEEDS if cell.n == 1 else SEEDS_AGREE)


def _within_rounding(cell: Comparison) -> str:
    return f"the difference is within rounding ({cell.tolerance:.2g})"


def _verdict(cell: Comparison, level: Level, row: Deviation | None, rows: int) -> Comparison:
    deviation, p_row = (row.difference, row.p_adjusted) if row else (0.0, 1.0)
    cell = replace(cell, level=level.difference, deviation=deviation, p_adjusted=min(p_row, level.p_adjusted))
    if _excess(cell) == 0:
        return replace(cell, verdict="match", reason=_within_rounding(cell))
    if p_row <= ERROR_RATE:
        reason = f"{deviation:+.2f} beside the column's {level.difference:+.2f}; adjusted p = {p_row:.2g}"
        return replace(cell, verdict=_side(deviation), p_adjusted=p_row, reason=reason)
    outside = cell.p < 1 - LEVEL
    if outside and level.p_adjusted <= ERROR_RATE and level.difference * cell.difference > 0:
        reason = f"with the whole column ({level.difference:+.2f}); adjusted p = {level.p_adjusted:.2g}"
        return replace(cell, verdict=_side(cell.difference), p_adjusted=level.p_adjusted, reason=reason)
    if not outside:
        reason = f"one more run is expected within ± {(cell.high - cell.low) / 2:.2f} (df {cell.df:.1f})"
        return replace(cell, verdict="within noise", reason=reason)
    return _inconclusive(cell, row.spread if row else UNKNOWN_SPREAD, rows)


def _side(difference: float) -> str:
    return "above" if difference > 0 else "below"


def _inconclusive(cell: Comparison, spread: Spread, rows: int) -> Comparison:
    """Outside its own interval, but not beyond what so many rows do by chance."""
    excess = max(abs(cell.deviation) - cell.tolerance, 0.0)
    needed = seeds_needed(excess, spread, cell.n, ERROR_RATE / (2 * rows), cell.reference_n)
    if needed is not None:
        reason = f"about {needed} seeds would show it in {POWER:.0%} of cases, if it is as large as it looks"
    elif cell.origin == "reference":
        reason = f"not decidable: the reference has {cell.reference_n} seeds"
    else:
        reason = "not decidable: the published run is one draw"
    return replace(cell, verdict="inconclusive", reason=reason, seeds_needed=needed)
