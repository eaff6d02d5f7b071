"""One cell against its reference, and its verdict (their meaning: docs/verdicts.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from ltmlc.errors import counted_noun
from ltmlc.evidence.results.reference import PRINTED
from ltmlc.evidence.uncertainty.level import ERROR_RATE, Deviation, Level, level_and_pattern
from ltmlc.evidence.uncertainty.noise import LEVEL, Spread, sample_sd
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
    """A cell with what it is made from: our scores by seed, and the reference's. ``shared``: how many seeds the
    reference has, where ours are compared with the same ones.
    """

    cell: Comparison
    ours: Mapping[int, float]
    theirs: Mapping[int | None, float]
    shared: int | None = None


def compare_cell(entry: Compared, spread: Spread) -> Compared:
    """The numbers of one cell, up to its own p-value; equal seeds of both sides are compared with each other alone."""
    cell, ours, theirs = entry.cell, entry.ours, entry.theirs
    if not ours:
        return entry
    both, shared = sorted(ours.keys() & theirs.keys()), None
    if both:
        shared = len(theirs)
        ours, theirs = {seed: ours[seed] for seed in both}, {seed: theirs[seed] for seed in both}
    mean, other, n, m = fmean(ours.values()), fmean(theirs.values()), len(ours), len(theirs)
    sd = sample_sd(ours.values())
    cell = replace(cell, ours=mean, sd=sd, n=n, reference=other, reference_n=m, difference=mean - other)
    if not spread.df:
        return Compared(_undecided(Compared(cell, ours, theirs)), ours, theirs)
    width, p = spread.half_width(n, m), spread.p_value(_excess(cell), n, m)
    cell = replace(cell, low=mean - width, high=mean + width, noise_sd=spread.sd, df=spread.df, p=p)
    return Compared(cell, ours, theirs, shared)


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
        _verdict(entry, level, rows[key], len(tested)) if key in rows and entry.cell.p is not None else entry.cell
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


def _verdict(entry: Compared, level: Level, row: Deviation | None, rows: int) -> Comparison:
    deviation, p_row = (row.difference, row.p_adjusted) if row else (0.0, 1.0)
    along = deviation * entry.cell.difference > 0  # a row nearer to the reference than its column is not off itself
    p_adjusted = min(p_row, level.p_adjusted) if along else level.p_adjusted
    cell = replace(entry.cell, level=level.difference, deviation=deviation, p_adjusted=p_adjusted)
    if _excess(cell) == 0:
        return replace(cell, verdict="match", reason=_within_rounding(cell))
    beside = f"{deviation:+.2f} beside the column's {level.difference:+.2f}; adjusted p = {p_row:.2g}"
    if p_row <= ERROR_RATE and along:
        return replace(cell, verdict=_side(deviation), p_adjusted=p_row, reason=beside)
    outside = cell.p < 1 - LEVEL
    if outside and level.p_adjusted <= ERROR_RATE and level.difference * cell.difference > 0:
        reason = f"with the whole column ({level.difference:+.2f}); adjusted p = {level.p_adjusted:.2g}"
        return replace(cell, verdict=_side(cell.difference), p_adjusted=level.p_adjusted, reason=reason)
    nearer = f"; {beside}" if p_row <= ERROR_RATE else ""
    if not outside:
        reason = f"one more run is expected within ± {(cell.high - cell.low) / 2:.2f} (df {cell.df:.1f}){nearer}"
        return replace(cell, verdict="within noise", reason=reason)
    needed = _seeds_needed(entry, level, row, rows)
    if needed is not None:
        reason = f"about {needed} seeds would show it in {POWER:.0%} of cases, if it is as large as it looks"
    elif cell.origin == "reference":
        reason = f"not decidable: the reference has {counted_noun(entry.shared or cell.reference_n, 'seed')}"
    else:
        reason = "not decidable: the published run is one draw"
    return replace(cell, verdict="inconclusive", reason=reason + nearer, seeds_needed=needed)


def _side(difference: float) -> str:
    return "above" if difference > 0 else "below"


def _seeds_needed(entry: Compared, level: Level, row: Deviation | None, rows: int) -> int | None:
    """To show what is outside its own interval beyond what so many rows do by chance: the whole column or the row,
    whichever lies off the way the cell does and needs fewer seeds.
    """
    cell = entry.cell
    ways = [(level.difference, level.spread, 2 if row else 1)] + (
        [(row.difference, row.spread, 2 * rows)] if row else []
    )
    found = [
        seeds_needed(
            abs(gap) - cell.tolerance, spread, cell.n, ERROR_RATE / tests, cell.reference_n, shared=entry.shared
        )
        for gap, spread, tests in ways
        if gap * cell.difference > 0
    ]
    return min((seeds for seeds in found if seeds is not None), default=None)
