"""One cell group of a table: a run on a data set, summarised over its seeds."""

from dataclasses import dataclass, field
from statistics import fmean

from ltmlc.evidence.claims.predicates import RowName
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.results.results import COLUMNS, Results, RunResult
from ltmlc.evidence.uncertainty.noise import paired, sample_sd
from ltmlc.plan.grid import Grid, Row, Table


@dataclass(frozen=True)
class Cell:
    """mAP in percent of one run on one data set, empty unless finished; ``sd`` None for fewer than two draws."""

    dataset: str
    run: str
    status: str  # finished (at least one seed) | failed (none finished, one failed) | missing
    n: int  # seeds, copies of one counted once
    planned: int
    mean: dict[str, float | None] = field(default_factory=dict)
    sd: dict[str, float | None] = field(default_factory=dict)
    delta: float | None = None  # gain in total over the row above
    failed: tuple[RunResult, ...] = ()


def summarise(results: Results, dataset: str, run: str, *, previous: str | None = None) -> Cell:
    """The cell of one run; ``previous``: the run of the row above, for rows that print their gain over it.

    The gain is taken over the seeds both runs have, so that a missing seed does not pass for an effect.
    """
    scores = {column: results.draws(dataset, run, column) for column in COLUMNS}
    failed = tuple(result for result in results.of(dataset, run) if result.status == "failed")
    n, planned = len(scores["total"]), len(results.seeds)
    if n == 0:
        return Cell(dataset, run, "failed" if failed else "missing", 0, planned, failed=failed)
    above = results.draws(dataset, previous, "total") if previous else {}
    gains = paired(above, scores["total"]).values()
    return Cell(
        dataset,
        run,
        "finished",
        n,
        planned,
        mean={column: fmean(values.values()) if values else None for column, values in scores.items()},
        sd={column: sample_sd(values.values()) for column, values in scores.items()},
        delta=fmean(gains) if gains else None,
        failed=failed,
    )


def table_cells(table: Table, results: Results) -> list[tuple[Row, dict[str, Cell]]]:
    """Every row of a table with its cells by data set, as printed from top to bottom."""
    cells = []
    above: dict[str, str] = {}
    for row in table.rows:
        previous = above if row.delta else {}
        cells.append(
            (row, {name: summarise(results, name, run, previous=previous.get(name)) for name, run in row.run.items()})
        )
        above = row.run
    return cells


def best(rows: list[tuple[Row, dict[str, Cell]]]) -> dict[tuple[str, str], str]:
    """(data set, column) -> the highest mean as printed; every row that prints it is best."""
    highest: dict[tuple[str, str], float] = {}
    for _, cells in rows:
        for dataset, cell in cells.items():
            for column, value in cell.mean.items():
                if value is not None:
                    highest[dataset, column] = max(value, highest.get((dataset, column), value))
    return {key: f"{value:.2f}" for key, value in highest.items()}


def failed_runs(rows: list[tuple[Row, dict[str, Cell]]]) -> list[RunResult]:
    """Of a table, each once."""
    return list(
        {result.name: result for _, cells in rows for cell in cells.values() for result in cell.failed}.values()
    )


def shown_by(grid: Grid) -> dict[tuple[str, str], list[tuple[Table, Row]]]:
    """(data set, run) -> every table and row that shows it, from the first table on."""
    cells = [(pair, (table, row)) for table in grid.tables.values() for row in table.rows for pair in row.run.items()]
    return {pair: [shown for _, shown in each] for pair, each in grouped(cells, lambda cell: cell[0]).items()}


def named_rows(grid: Grid) -> dict[RowName, Row]:
    """Every row of the tables by its name."""
    return {RowName(table.name, row.label): row for table in grid.tables.values() for row in table.rows}
