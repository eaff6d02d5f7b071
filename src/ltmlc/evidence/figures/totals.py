"""All methods beside each other: total mAP of every run of the tables, ± the spread of its seeds, best first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from ltmlc.evidence.figures.style import BLUE, RED, draw_all, plain
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import Cell, shown_by, summarise
from ltmlc.plan.grid import Grid


@dataclass(frozen=True)
class Total:
    """One run of a data set, called as the first row that shows it; ``published``: total mAP in percent, or None."""

    label: str
    cell: Cell
    published: float | None


def totals(grid: Grid, results: Results, dataset: str) -> list[Total]:
    """Each run of the tables once, highest mean first; runs without a result last, in the order of the tables.

    Points of figures are left out: they are one method over a parameter.
    """
    shown = {}
    for (name, run), users in shown_by(grid).items():
        rows = [(table, row) for table, row in users if table.kind == "table"]
        if name == dataset and rows:
            shown[run] = rows
    labels = Counter(rows[0][1].label for rows in shown.values())
    found = []
    for run, ((table, row), *others) in shown.items():
        label = row.label if labels[row.label] == 1 else f"{row.label}, {table.title}"
        published = [each.published[dataset][0] for each in (row, *(r for _, r in others)) if dataset in each.published]
        found.append(Total(label, summarise(results, dataset, run), published[0] if published else None))
    return sorted(found, key=lambda total: -total.cell.mean.get("total", 0.0))


def write_totals(grid: Grid, results: Results, directory: str | Path, *, datasets: Sequence[str]) -> list[Path]:
    """``totals_{dataset}.{pdf,png}`` of each; returns the paths."""
    said = {name: {"title": plain(grid.titles[name]), "seeds": len(results.seeds)} for name in datasets}
    drawings = {f"totals_{name}": partial(draw_totals, totals(grid, results, name), **said[name]) for name in datasets}
    return draw_all(drawings, directory)


def draw_totals(found: Sequence[Total], *, title: str, seeds: int) -> Figure:
    """One line a method: mean over seeds (dot) ± sd (bar), and the published number (open mark) where there is one."""
    figure = Figure(figsize=(7.2, max(2.2, 1.2 + 0.21 * len(found))), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title}: total mAP of every method")
    done = [(-place, total) for place, total in enumerate(found) if total.cell.status == "finished"]
    published = [(-place, total.published) for place, total in enumerate(found) if total.published is not None]
    if done:
        label = "ours, mean ± sd over seeds" if seeds > 1 else "ours"
        look = {"fmt": "o", "color": BLUE, "elinewidth": 1.2, "capsize": 2.5, "label": label, "zorder": 3}
        axes.errorbar(
            [total.cell.mean["total"] for _, total in done],
            [y for y, _ in done],
            xerr=[total.cell.sd["total"] or 0 for _, total in done] if seeds > 1 else None,
            **look,
        )
    if published:
        look = {"color": RED, "fillstyle": "none", "markersize": 6, "linestyle": "none"}
        axes.plot([value for _, value in published], [y for y, _ in published], "D", label="published", **look)
    if not done and not published:
        axes.text(0.5, 0.5, "no result yet", ha="center", transform=axes.transAxes)
    axes.set_yticks([-place for place in range(len(found))], [_name(total, seeds) for total in found])
    axes.set(ylim=(-len(found) + 0.3, 0.7), xlabel="total mAP (%)")
    if done or published:
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _name(total: Total, seeds: int) -> str:
    """With what keeps its dot from being what the others are."""
    label = plain(total.label)
    if total.cell.status != "finished":
        return f"{label} ({'failed' if total.cell.status == 'failed' else 'not run'})"
    return label if total.cell.n == seeds else f"{label} (n = {total.cell.n})"
