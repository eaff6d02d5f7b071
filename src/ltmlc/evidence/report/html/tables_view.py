"""Tables of the page: every cell with ours, the reference, the difference, and what stands behind the number."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ltmlc.data.split import untested
from ltmlc.evidence.markup import number
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.behind import lines_behind, signed
from ltmlc.evidence.report.html.look import CELLS, NO_REFERENCE, Look, look_of
from ltmlc.evidence.results.results import COLUMNS, RunResult
from ltmlc.evidence.tables.cells import Cell, best, failed_runs
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.evidence.tables.steps import our_steps
from ltmlc.evidence.tables.tables import number_or_sign
from ltmlc.plan.grid import Row, Table


@dataclass(frozen=True)
class CellView:
    """One number as shown. ``sort``: what a column is sorted by, where there is a number."""

    anchor: str  # of its run, in the list of runs
    ours: str
    sd: str
    extra: str  # gain over the row above, seeds where not all are there
    is_best: bool
    reference: str
    difference: str
    look: Look
    sort: Mapping[str, float]
    details: Mapping[str, Any] = field(repr=False)  # for the pop-up: title, lines of (term, text), run


@dataclass(frozen=True)
class RowView:
    label: str
    mark: int | None  # number of its footnote
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class DatasetView:
    dataset: str
    title: str
    sizes: Mapping[str, int]  # column -> classes, where the split is known
    rows: tuple[RowView, ...]
    controls: Mapping[str, tuple[str, ...]]  # chance, oracle
    agreement: tuple[str, ...]  # Kendall's tau with the reference's order of the rows; empty without any


@dataclass(frozen=True)
class TableView:
    name: str
    title: str
    caption: str
    kind: str
    datasets: tuple[DatasetView, ...]
    notes: tuple[str, ...]  # footnotes of rows
    remarks: tuple[str, ...]  # on the table as a whole
    failures: tuple["Failure", ...]


@dataclass(frozen=True)
class Failure:
    name: str
    error: str
    log: str  # path as text
    link: str  # the same, relative to the page


def table_views(evidence: Evidence, folder: str | Path) -> list[TableView]:
    """Every table; ``folder`` is where the page will lie."""
    return [_table(evidence, table, folder) for table in evidence.grid.tables.values()]


def failure(result: RunResult, folder: str | Path) -> Failure:
    return Failure(result.name, result.error, result.log.as_posix(), link_to(result.log, folder))


def link_to(path: Path, folder: str | Path) -> str:
    """A relative link that no character of the path can turn into anything else."""
    return "./" + quote(Path(os.path.relpath(path, folder)).as_posix())


def anchor_of(dataset: str, run: str) -> str:
    """Where a run stands in the list of runs; a fragment without anything that would need escaping."""
    return "run-" + "".join(
        c if c.isascii() and (c.isalnum() or c in "-_") else f".{ord(c):x}." for c in f"{dataset}/{run}"
    )


def _table(evidence: Evidence, table: Table, folder: str | Path) -> TableView:
    notes = tuple(dict.fromkeys(row.note for row in table.rows if row.note))
    datasets = tuple(
        _dataset(evidence, table, name, notes)
        for name in evidence.grid.datasets
        if any(name in r.run for r in table.rows)
    )
    failures = tuple(failure(each, folder) for each in failed_runs(evidence.rows[table.name]))
    shown = [evidence.splits[view.dataset] for view in datasets if view.dataset in evidence.splits]
    left_out = [sentence for split in shown for sentence in untested(split)]
    remarks = (*our_steps(evidence.grid, evidence.results, table), *left_out)
    return TableView(table.name, table.title, table.caption, table.kind, datasets, notes, remarks, failures)


def _dataset(evidence: Evidence, table: Table, dataset: str, notes: Sequence[str]) -> DatasetView:
    rows = [(row, cells[dataset]) for row, cells in evidence.rows[table.name] if dataset in cells]
    highest = best([(row, {dataset: cell}) for row, cell in rows])
    split = evidence.splits.get(dataset)
    controls = split_controls(split) if split and table.kind == "table" else {}
    return DatasetView(
        dataset,
        evidence.titles[dataset],
        sizes={"total": len(split.classes), **{name: len(each) for name, each in split.groups.items()}}
        if split
        else {},
        rows=tuple(
            RowView(
                row.label,
                notes.index(row.note) + 1 if row.note else None,
                tuple(_cell(evidence, table, row, cell, column, highest) for column in COLUMNS),
            )
            for row, cell in rows
        ),
        controls={name: tuple(number(values[column]) for column in COLUMNS) for name, values in controls.items()},
        agreement=_agreement(evidence, table, dataset),
    )


def _agreement(evidence: Evidence, table: Table, dataset: str) -> tuple[str, ...]:
    found = {
        each.column: each.tau for each in evidence.diff.agreement if (each.table, each.dataset) == (table.name, dataset)
    }
    taus = tuple("" if math.isnan(found.get(column, math.nan)) else signed(found[column]) for column in COLUMNS)
    return taus if any(taus) else ()


def _cell(
    evidence: Evidence, table: Table, row: Row, cell: Cell, column: str, highest: Mapping[tuple[str, str], str]
) -> CellView:
    comparison = evidence.comparisons.get((table.name, row.label, cell.run, cell.dataset, column))
    mean = cell.mean.get(column)
    ours = number_or_sign(mean, cell.status)
    look = NO_REFERENCE
    if comparison:
        look = look_of(CELLS, comparison.verdict)
    elif cell.status != "finished":
        look = look_of(CELLS, cell.status)
    values = {"ours": mean}
    if comparison:
        values |= {"reference": comparison.reference, "difference": comparison.difference}
    return CellView(
        anchor_of(cell.dataset, cell.run),
        ours,
        number(cell.sd.get(column)),
        _extra(cell, column),
        is_best=ours == highest.get((cell.dataset, column)),
        reference=number(comparison.reference) if comparison else "",
        difference=signed(comparison.difference) if comparison else "",
        look=look,
        sort={name: value for name, value in values.items() if value is not None},
        details={
            "title": f"{table.title}: {row.label}",
            "where": f"{evidence.titles[cell.dataset]}, {column}",
            "lines": lines_behind(evidence, row, cell, column, comparison, look),
            "run": anchor_of(cell.dataset, cell.run),
        },
    )


def _extra(cell: Cell, column: str) -> str:
    if column != "total" or cell.status != "finished":
        return ""
    parts = [f"gain {signed(cell.delta)}"] if cell.delta is not None else []
    return "; ".join(parts + ([f"{cell.n} of {cell.planned} seeds"] if cell.n != cell.planned else []))
