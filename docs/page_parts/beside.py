"""The part of a page that puts our numbers beside the paper's, of other photographs: level and order compare."""

import math
from collections.abc import Mapping, Sequence

from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import table_cells
from ltmlc.evidence.uncertainty.ranks import kendall
from ltmlc.plan.grid import Grid


def beside_the_paper(
    grid: Grid, results: Results, tables: Sequence[str], published: Mapping[str, Sequence[float]], paper: str
) -> str:
    """Every finished row of the tables that the paper has a number for, and how alike the two orders are.

    Args:
        grid: with one data set.
        results: of the grid.
        tables: whose rows are shown, equal rows once.
        published: run id here -> the paper's total, head, medium and tail, in percent, on its own data set.
        paper: title of that data set.
    """
    (dataset,) = grid.datasets
    ours = {}
    for name in tables:
        for row, cells in table_cells(grid.tables[name], results):
            if cells[dataset].status == "finished" and row.run[dataset] in published:
                theirs = dict(zip(COLUMNS, published[row.run[dataset]], strict=True))
                ours.setdefault(row.run[dataset], (row.label, cells[dataset].mean, theirs))
    if not ours:
        return ""
    both = list(ours.values())
    lines = [
        [label, *(f"{mean[column]:.1f} / {theirs[column]:.1f}" for column in COLUMNS)] for label, mean, theirs in both
    ]
    text = (
        f"## Beside the paper's {paper}\n\nOurs / the paper's, mAP in percent, of the {len(ours)} rows that are "
        "finished. The classes are the same and so is the long tail, the photographs are others: level and order can "
        "be compared, numbers cannot. Where the paper prints a row twice, its first number stands here."
    )
    taus = []
    for column in COLUMNS:
        tau, p = kendall([mean[column] for _, mean, _ in both], [theirs[column] for *_, theirs in both])
        if not math.isnan(tau):  # as it is for fewer than three rows
            taus.append(f"{column} {tau:+.2f} (p = {p:.2g})")
    order = f"\n\nKendall's tau between the two orders of these rows: {', '.join(taus)}." if taus else ""
    return f"{text}\n\n{markdown_table(['Method', *COLUMNS], lines).strip()}{order}"
