"""Every regenerated number against the published one, with a verdict where the seeds allow one.

A published number is one draw: even an exact reproduction differs from it by seed noise. So the question is not
whether the numbers are equal but whether the published number could be one more run of ours. Per data set and column,
s is pooled over the seeds of all runs (``uncertainty/noise``), and the published number is expected within
ours ± t s sqrt(1 + 1/n), the 95 % prediction interval for one new run. Rounding
(``rounding_tolerance``) is granted on top: only what exceeds it counts as a difference.

* match: equal as printed, the difference is within rounding.
* within noise: inside the prediction interval, which is what one more run of ours does.
* above, below: ours lies outside, also when all cells are tested together (Benjamini-Hochberg, rate 0.05).
* inconclusive: outside this cell's own interval, but among so many cells such differences are expected by chance.
  It says how many seeds of ours would decide, or "not decidable: the published run is one draw" where no number would.
* no verdict: one seed, a difference but nothing to measure the noise with.
* missing, failed: no number of ours.

"Within noise" is not a proof of equality; the width of the interval, printed beside it, says how large a difference
could hide.

With a reference file of our own earlier runs (m seeds) in place of published numbers, the interval becomes t s
sqrt(1/m + 1/n). Seeds that both sides have are compared with each other alone, so that an installation that
reproduces ours bit for bit shows differences of exactly zero; the interval then is that of independent runs, which
equal seeds can only narrow. s comes from the side that has more degrees of freedom: equal runs must not be counted
twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean

from ltmlc.evidence.comparison.verdicts import VERDICTS, Comparison, compare_cell, judge
from ltmlc.evidence.results.reference import PRINTED, Reference, rounding_tolerance
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.uncertainty.noise import Noise, kendall, pooled_noise
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
    noise: Mapping[tuple[str, str], Noise]  # (data set, column) -> s
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    messages: tuple[str, ...]
    against: str = "published"  # or the path of the reference file

    def counts(self) -> dict[str, int]:
        """Verdict -> number of cells, in the order of ``VERDICTS``, zeros included."""
        return {verdict: sum(cell.verdict == verdict for cell in self.cells) for verdict in VERDICTS}

    def records(self) -> list[dict[str, object]]:
        return [asdict(cell) for cell in self.cells]


def compare(grid: Grid, results: Results, *, reference: Reference | None = None, against: str = "published") -> Diff:
    """Compare every cell that has a reference; cells without one are left out.

    Args:
        grid: the declared tables. Their published numbers are the reference; those of figures are copies of the
            tables' and are not counted again.
        results: from :func:`ltmlc.evidence.results.results.load_results`.
        reference: instead of published numbers, earlier runs of our own
            (:func:`ltmlc.evidence.results.reference.read_reference`), figures included.
        against: the name of the reference in the report.
    """
    noise = {
        (dataset, column): _noise(results, dataset, column, reference) for dataset in grid.runs for column in COLUMNS
    }
    cells = [
        compare_cell(cell, ours, theirs, noise[cell.dataset, cell.column])
        for cell, ours, theirs in _pairs(grid, results, reference)
    ]
    return Diff(
        judge(cells, noise), _agreement(cells), noise, tuple(grid.datasets), results.seeds, results.messages, against
    )


def _pairs(
    grid: Grid, results: Results, reference: Reference | None
) -> Iterator[tuple[Comparison, dict[int, float], dict[int | None, float]]]:
    """Every cell, still empty, with our scores and the reference's by seed (None: the published run's, which nobody
    knows).
    """
    for table in grid.tables.values():
        for row in table.rows if reference is not None or table.kind == "table" else ():
            for dataset, run in row.run.items():
                failed = any(result.status == "failed" for result in results.of(dataset, run))
                for column in COLUMNS:
                    theirs = _reference_scores(row, dataset, column, reference)
                    if theirs:
                        cell = _empty_cell(table.name, row, dataset, column, theirs, published=reference is None)
                        ours = results.scores(dataset, run, column)
                        yield replace(cell, verdict="failed" if failed else "missing"), ours, theirs


def _reference_scores(row: Row, dataset: str, column: str, reference: Reference | None) -> dict[int | None, float]:
    if reference is not None:
        seeds = reference.get((dataset, row.run[dataset]), {})
        return {seed: values[column] for seed, values in seeds.items() if column in values}
    published = dict(zip(COLUMNS, row.published.get(dataset, ()), strict=False))
    return {None: published[column]} if published else {}


def _empty_cell(table: str, row: Row, dataset: str, column: str, theirs: dict, *, published: bool) -> Comparison:
    value = fmean(theirs.values())
    tolerance = rounding_tolerance(dataset, column, value, row.origin) if published else PRINTED
    return Comparison(
        *(table, row.label, dataset, column, row.run[dataset]),
        origin=row.origin if published else "reference",
        reference=value,
        reference_n=len(theirs),
        tolerance=tolerance,
    )


def _noise(results: Results, dataset: str, column: str, reference: Reference | None) -> Noise:
    runs = {run for name, run, _ in results.runs if name == dataset}
    ours = pooled_noise(list(results.scores(dataset, run, column).values()) for run in sorted(runs))
    theirs = pooled_noise(
        [values[column] for values in seeds.values() if column in values]
        for (name, run), seeds in sorted((reference or {}).items())
        if name == dataset and run in runs
    )
    return max(ours, theirs, key=lambda noise: noise.df)


def _agreement(cells: Sequence[Comparison]) -> tuple[Agreement, ...]:
    columns: dict[tuple[str, str, str], list[Comparison]] = {}
    for cell in cells:
        if cell.ours is not None:
            columns.setdefault((cell.table, cell.dataset, cell.column), []).append(cell)
    return tuple(
        Agreement(
            *key,
            len(group),
            *kendall([round(cell.ours, 2) for cell in group], [round(cell.reference, 2) for cell in group]),
        )
        for key, group in columns.items()
    )
