"""Every regenerated number against the published one, with a verdict where the seeds allow one; what each verdict means
is said in docs/verdicts.md.

A published number is one draw: even an exact reproduction differs from it by seed noise. So the question is not
whether the numbers are equal but whether the published table could be one more run of ours. Rows share their seeds,
so a whole column moves together; two questions are asked of each column (``uncertainty/level``), with one chance of
5 % of a false answer to either: does it lie off as a whole (level), and which rows deviate besides (pattern)? Rounding
is granted on top everywhere (``rounding_tolerance``).

"Within noise" is not a proof of equality; the width of the interval, printed beside it, says how large a difference
could hide. The spread behind it is the row's own, shrunk towards the others' as far as they can tell
(``uncertainty/moderated``).

With a reference file of our own earlier runs (m seeds) in place of published numbers, 1/m stands for the one draw.
Seeds that both sides have are compared with each other alone, so that an installation that reproduces ours bit for
bit shows differences of exactly zero; the interval then is that of independent runs, which equal seeds can only
narrow. The noise comes from the side that has more degrees of freedom: equal runs must not be counted twice.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

from ltmlc.evidence.comparison.verdicts import NOT_JUDGED, Compared, Comparison, compare_cell, judge_column
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.results.reference import PRINTED, Reference, reference_doubts, reference_scores, rounding_tolerance
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.uncertainty.components import Components, components
from ltmlc.evidence.uncertainty.level import Level
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import UNKNOWN_SPREAD
from ltmlc.evidence.uncertainty.ranks import kendall
from ltmlc.plan.grid import Grid, Row


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau between our ranking of a table's rows and the reference's, in one column."""

    table: str
    dataset: str
    column: str
    rows: int
    tau: float
    p: float


@dataclass(frozen=True)
class Diff:
    """All comparisons of a grid, with what is needed to read them."""

    cells: tuple[Comparison, ...]
    agreement: tuple[Agreement, ...]
    noise: Mapping[tuple[str, str], Components]  # (data set, column) -> what the spread between seeds is made of
    levels: Mapping[tuple[str, str], Level]  # (data set, column) -> how far the column lies off as a whole
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    messages: tuple[str, ...]
    against: str = "published"  # or the path of the reference file
    referenced: tuple[str, ...] = ()  # the data sets of that file

    @cached_property
    def counts(self) -> Counter[str]:
        """Verdict -> number of cells."""
        return Counter(cell.verdict for cell in self.cells)

    @property
    def tested(self) -> list[Comparison]:
        """Cells whose difference is held against noise."""
        return [cell for cell in self.cells if cell.p is not None]

    @property
    def judged(self) -> int:
        """Cells with a number on both sides and a verdict on it."""
        return sum(number for verdict, number in self.counts.items() if verdict not in NOT_JUDGED)


def compare(grid: Grid, results: Results, *, reference: Reference | None = None, against: str = "published") -> Diff:
    """Compare every cell that has a reference; cells without one are left out.

    Args:
        grid: its published numbers are the reference; those of figures are copies of the tables', not counted again.
        reference: instead of published numbers, earlier runs of our own
            (:func:`ltmlc.evidence.results.reference.read_reference`), figures included.
        against: the name of the reference in the report.
    """
    entries = [Compared(*each) for each in _pairs(grid, results, reference)]
    noise, levels, cells = {}, {}, [entry.cell for entry in entries]
    by_column = grouped(range(len(cells)), lambda index: (cells[index].dataset, cells[index].column))
    for dataset in grid.runs:
        for column in COLUMNS:
            scores, theirs = _noisier_side(results, dataset, column, reference)
            noise[dataset, column] = components(list(scores.values()))
            spreads = dict(zip(scores, moderate(list(scores.values())), strict=True))
            indices = by_column.get((dataset, column), [])
            measured = [compare_cell(entries[i], spreads.get(entries[i].cell.run, UNKNOWN_SPREAD)) for i in indices]
            judged, level = judge_column(measured, scores if theirs else None)
            for index, cell in zip(indices, judged, strict=True):
                cells[index] = cell
            if level is not None:
                levels[dataset, column] = level
    return Diff(
        tuple(cells),
        _agreement(cells),
        noise,
        levels,
        tuple(grid.datasets),
        results.seeds,
        (*results.messages, *reference_doubts(reference or {}, against)),
        against,
        tuple(dict.fromkeys(dataset for dataset, _ in reference or ())),
    )


def _pairs(
    grid: Grid, results: Results, reference: Reference | None
) -> Iterator[tuple[Comparison, dict[int, float], dict[int | None, float]]]:
    """Every cell, still empty, with our scores and the reference's by seed (None: that of the published run)."""
    for table in grid.tables.values():
        for row in table.rows if reference is not None or table.kind == "table" else ():
            for dataset, run in row.run.items():
                failed = any(result.status == "failed" for result in results.of(dataset, run))
                for column in COLUMNS:
                    theirs = _reference_scores(row, dataset, column, reference)
                    if theirs:
                        cell = _empty_cell(table.name, row, dataset, column, theirs, published=reference is None)
                        ours = results.draws(dataset, run, column)
                        yield replace(cell, verdict="failed" if failed else "missing"), ours, theirs


def _reference_scores(row: Row, dataset: str, column: str, reference: Reference | None) -> dict[int | None, float]:
    if reference is not None:
        return reference_scores(reference, dataset, row.run[dataset], column)
    published = dict(zip(COLUMNS, row.published.get(dataset, ()), strict=False))
    return {None: published[column]} if published else {}


def _empty_cell(table: str, row: Row, dataset: str, column: str, theirs: dict, *, published: bool) -> Comparison:
    value = fmean(theirs.values())
    tolerance = rounding_tolerance(dataset, column, value, row.origin) if published else PRINTED
    return Comparison(
        table,
        row.label,
        dataset,
        column,
        row.run[dataset],
        origin=row.origin if published else "reference",
        reference=value,
        reference_n=len(theirs),
        tolerance=tolerance,
    )


def _noisier_side(
    results: Results, dataset: str, column: str, reference: Reference | None
) -> tuple[dict[str, dict[int, float]], bool]:
    """Scores by run and seed of the side with more degrees of freedom, and whether it is the reference's."""
    runs = results.names(dataset)
    ours = {run: results.draws(dataset, run, column) for run in runs}
    theirs = {run: reference_scores(reference or {}, dataset, run, column) for run in runs}
    degrees = [sum(max(len(scores) - 1, 0) for scores in side.values()) for side in (ours, theirs)]
    return (theirs, True) if degrees[1] > degrees[0] else (ours, False)


def _agreement(cells: Sequence[Comparison]) -> tuple[Agreement, ...]:
    measured = (cell for cell in cells if cell.ours is not None)
    columns = grouped(measured, lambda cell: (cell.table, cell.dataset, cell.column))
    return tuple(
        Agreement(
            *key,
            len(group),
            *kendall([round(cell.ours, 2) for cell in group], [round(cell.reference, 2) for cell in group]),
        )
        for key, group in columns.items()
    )
