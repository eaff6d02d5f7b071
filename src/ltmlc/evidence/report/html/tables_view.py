"""Tables of the page: every cell with ours, the reference, the difference, and what stands behind the number."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ltmlc.data.split import untested
from ltmlc.errors import counted_noun
from ltmlc.evidence.comparison.verdicts import Comparison
from ltmlc.evidence.markup import number
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.look import CELLS, NO_REFERENCE, Look
from ltmlc.evidence.results.results import COLUMNS, RunResult
from ltmlc.evidence.tables.cells import Cell, best, failed_runs
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.evidence.tables.steps import our_steps
from ltmlc.evidence.tables.tables import number_or_sign
from ltmlc.plan.grid import Row, Table

View = dict[str, Any]
"""Plain values for the template."""


def table_views(evidence: Evidence, folder: str | Path) -> list[View]:
    """Every table; ``folder`` is where the page will lie."""
    return [_table(evidence, table, folder) for table in evidence.grid.tables.values()]


def failure(result: RunResult, folder: str | Path) -> View:
    log = result.log
    return {"name": result.name, "error": result.error, "log": log.as_posix(), "link": link_to(log, folder)}


def link_to(path: Path, folder: str | Path) -> str:
    """A relative link that no character of the path can turn into anything else."""
    return "./" + quote(Path(os.path.relpath(path, folder)).as_posix())


def anchor_of(dataset: str, run: str) -> str:
    """Where a run stands in the list of runs; a fragment without anything that would need escaping."""
    return "run-" + "".join(
        c if c.isascii() and (c.isalnum() or c in "-_") else f".{ord(c):x}." for c in f"{dataset}/{run}"
    )


def _table(evidence: Evidence, table: Table, folder: str | Path) -> View:
    notes = list(dict.fromkeys(row.note for row in table.rows if row.note))
    datasets = evidence.grid.datasets
    splits = [evidence.splits[name] for name in datasets if name in evidence.splits]
    return {
        "name": table.name,
        "title": table.title,
        "caption": table.caption,
        "kind": table.kind,
        "datasets": [_dataset(evidence, table, name, notes) for name in datasets],
        "notes": notes,  # of rows
        "remarks": [  # on the table as a whole
            *our_steps(evidence.grid, evidence.results, table),
            *(sentence for split in splits for sentence in untested(split)),
        ],
        "failures": [failure(each, folder) for each in failed_runs(evidence.rows[table.name])],
    }


def _dataset(evidence: Evidence, table: Table, dataset: str, notes: Sequence[str]) -> View:
    rows = evidence.rows[table.name]
    highest = best(rows)
    split = evidence.splits.get(dataset)
    sizes = {"total": len(split.classes), **{name: len(each) for name, each in split.groups.items()}} if split else {}
    controls = split_controls(split) if split and table.kind == "table" else {}
    return {
        "title": evidence.titles[dataset],
        "sizes": sizes,  # column -> classes
        "rows": [
            {
                "label": row.label,
                "mark": notes.index(row.note) + 1 if row.note else None,
                "cells": [_cell(evidence, table, row, cells[dataset], column, highest) for column in COLUMNS],
            }
            for row, cells in rows
        ],
        "controls": {name: [number(values[column]) for column in COLUMNS] for name, values in controls.items()},
        "agreement": _agreement(evidence, table, dataset),
    }


def _agreement(evidence: Evidence, table: Table, dataset: str) -> list[str]:
    """Kendall's tau with the reference's order of the rows; empty without any."""
    found = {
        each.column: each.tau for each in evidence.diff.agreement if (each.table, each.dataset) == (table.name, dataset)
    }
    taus = [signed(found.get(column)) for column in COLUMNS]
    return taus if any(taus) else []


def _cell(
    evidence: Evidence, table: Table, row: Row, cell: Cell, column: str, highest: Mapping[tuple[str, str], str]
) -> View:
    """One number; ``sort``: what a column is sorted by, where there is a number; ``details``: for the pop-up."""
    comparison = evidence.comparisons.get((table.name, row.label, cell.run, cell.dataset, column))
    mean, anchor = cell.mean.get(column), anchor_of(cell.dataset, cell.run)
    ours = number_or_sign(mean, cell.status)
    look, values = NO_REFERENCE, {"ours": mean}
    if comparison:
        look = CELLS[comparison.verdict]
        values |= {"reference": comparison.reference, "difference": comparison.difference}
    elif cell.status != "finished":
        look = CELLS[cell.status]
    return {
        "anchor": anchor,  # of its run, in the list of runs
        "ours": ours,
        "sd": number(cell.sd.get(column)),
        "extra": _extra(cell, column),
        "is_best": ours == highest.get((cell.dataset, column)),
        "reference": number(values.get("reference")),
        "difference": signed(values.get("difference")),
        "look": look,
        "sort": {name: value for name, value in values.items() if value is not None},
        "details": {
            "title": f"{table.title}: {row.label}",
            "where": f"{evidence.titles[cell.dataset]}, {column}",
            "lines": lines_behind(evidence, row, cell, column, comparison, look),
            "run": anchor,
        },
    }


def _extra(cell: Cell, column: str) -> str:
    """Gain over the row above, seeds where not all are there."""
    if column != "total" or cell.status != "finished":
        return ""
    parts = [f"gain {signed(cell.delta)}"] if cell.delta is not None else []
    return "; ".join(parts + ([f"{cell.n} of {cell.planned} seeds"] if cell.n != cell.planned else []))


ORIGINS = {"own": "run by the authors", "cited": "cited by them", "retrained": "others' loss, their training"}


def lines_behind(
    evidence: Evidence, row: Row, cell: Cell, column: str, comparison: Comparison | None, look: Look
) -> list[tuple[str, str]]:
    """Term and text; the seeds one by one, then what the number is held against."""
    lines = []
    if cell.status == "finished" and cell.mean[column] is not None:
        sd = "" if cell.sd[column] is None else f" ± {cell.sd[column]:.2f}"
        scores = evidence.results.draws(cell.dataset, cell.run, column)
        lines.append(("ours", f"{cell.mean[column]:.2f}{sd}"))
        lines.append(("seeds", ", ".join(f"{seed}: {value:.2f}" for seed, value in scores.items())))
    elif cell.status == "missing":
        lines.append(("ours", "not run yet"))
    lines += [("failed", f"seed {r.seed}: {r.error}") for r in cell.failed]
    if comparison:
        lines.append(_reference_line(evidence, row, comparison))
    if comparison and comparison.difference is not None:
        shared = "" if comparison.n == cell.n else f", over the {comparison.n} seeds that both have"
        lines.append(("difference", f"{signed(comparison.difference)}{shared}"))
    if comparison and comparison.low is not None:
        lines.append(("expected", f"{comparison.low:.2f} to {comparison.high:.2f} (95 %, df {comparison.df:.1f})"))
    if comparison:
        why = f": {comparison.reason}" if comparison.reason else ""
        lines.append(("verdict", f"{look.sign} {look.word}{why}"))
    return lines


def _reference_line(evidence: Evidence, row: Row, comparison: Comparison) -> tuple[str, str]:
    if evidence.published:
        return "published", f"{comparison.reference:.2f} ({ORIGINS[row.origin]})"
    seeds = counted_noun(comparison.reference_n, "seed")
    return "reference", f"{comparison.reference:.2f} (mean of {seeds}, {evidence.diff.against})"


def signed(value: float | None) -> str:
    """With a real minus sign, as wide as a plus."""
    return number(value, sign="+").replace("-", "−")
