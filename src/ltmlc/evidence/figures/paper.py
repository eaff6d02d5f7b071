"""Fig. 3 (gradients of a negative logit) and Fig. 4 (total mAP over gamma1 and gamma2), and their numbers."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from string import ascii_lowercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.files import write_texts
from ltmlc.evidence.figures.gradients import (
    CRITERION,
    NGC_GAMMA1,
    READ_AT,
    GradientCurve,
    company_gradients,
    gradient_curves,
)
from ltmlc.evidence.figures.style import BLACK, BLUE, COLOURS, LINES, MARKERS, RED, draw_all, plain, shared_legend
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import Cell, table_cells
from ltmlc.plan.grid import Grid, Row, Table

_SYMBOLS = {"gamma1": r"$\gamma_1$", "gamma2": r"$\gamma_2$"}


def write_figure3(directory: str | Path) -> list[Path]:
    """``fig3.{pdf,png}``, ``fig3.csv`` (thresholds beside the text's) and ``fig3_curves.csv``. Returns the paths."""
    curves = gradient_curves()
    texts = {"fig3.csv": thresholds_csv(curves, company_gradients()), "fig3_curves.csv": _curves_csv(curves)}
    return [*draw_all({"fig3": partial(draw_figure3, curves)}, directory), *write_texts(directory, texts)]


def thresholds_csv(curves: Sequence[GradientCurve], company: Mapping[str, Sequence[float]]) -> str:
    """One line a curve: its maximum, its threshold as logit and probability, the probability the paper states, where it
    does, and the gradient at ``READ_AT``. Then ``company``, of which there are only the latter: gradients on an absent
    class while the image's present one stands at these probabilities.
    """
    header = [
        "family",
        "gamma1",
        "gamma2",
        "maximum",
        "criterion",
        "threshold_logit",
        "threshold_probability",
        "stated_probability",
        *(f"gradient_at_{probability:g}" for probability in READ_AT),
    ]
    lines = [
        [
            curve.family,
            *_gammas(curve),
            f"{curve.maximum:.4f}",
            f"{CRITERION:.0%} of the maximum",
            f"{curve.threshold:.4f}",
            f"{curve.threshold_probability:.4f}",
            "" if curve.stated is None else curve.stated,
            *(f"{curve.at(probability):.4g}" for probability in READ_AT),
        ]
        for curve in curves
    ]
    lines += [[name, 1, *[""] * 6, *(f"{value:.4g}" for value in values)] for name, values in company.items()]
    return csv_text(header, lines)


def _gammas(curve: GradientCurve) -> tuple[int, int | str]:
    return (curve.gamma, "") if curve.family == "C-LSEP" else (NGC_GAMMA1, curve.gamma)


def _curves_csv(curves: Sequence[GradientCurve]) -> str:
    lines = [
        [curve.family, *_gammas(curve), f"{x:.3f}", f"{value:.6g}"]
        for curve in curves
        for x, value in zip(curve.x[::20], curve.gradient[::20], strict=True)
    ]
    return csv_text(["family", "gamma1", "gamma2", "logit", "gradient"], lines)


def draw_figure3(curves: Sequence[GradientCurve]) -> Figure:
    """Two panels: C-LSEP at several gamma1, NGC at several gamma2; thresholds marked, the text's beside them."""
    figure = Figure(figsize=(7.2, 4.3), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    titles = {"C-LSEP": "(a) C-LSEP", "NGC": rf"(b) C-LSEP ($\gamma_1 = {NGC_GAMMA1}$) + NGC"}
    for axes, (family, title) in zip(panels, titles.items(), strict=True):
        symbol = _SYMBOLS["gamma1" if family == "C-LSEP" else "gamma2"]
        members = [curve for curve in curves if curve.family == family]
        for index, curve in enumerate(members):
            text = f"{symbol} = {curve.gamma}: {curve.threshold_probability:.2f}"
            text += f" (paper: {curve.stated:g})" if curve.stated is not None else ""
            _gradient_line(axes, curve, index, text)
        axes.set(
            title=title, xlabel="logit of the negative, $x$", xlim=(-6, 6), ylim=(-0.3, 10.6), xticks=range(-6, 7, 2)
        )
        axes.legend(
            title="probability at 10 % of the largest gradient (open marks)",
            title_fontsize=8,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.17),
            ncols=2,
            handlelength=3.5,
        )
        top = axes.secondary_xaxis("top", functions=(lambda x: x, lambda x: x))
        top.set_xticks(
            [np.log(p / (1 - p)) for p in (0.01, 0.1, 0.5, 0.9, 0.99)], ["0.01", "0.1", "0.5", "0.9", "0.99"]
        )
        top.tick_params(labelsize=7)
        top.set_xlabel(r"probability $\sigma(x)$", fontsize=8)
    panels[0].set_ylabel(r"gradient $\partial L / \partial x$")
    return figure


def _gradient_line(axes: Axes, curve: GradientCurve, index: int, label: str) -> None:
    look = {"color": COLOURS[index], "marker": MARKERS[index]}
    every = (80 * index, 400)
    axes.plot(curve.x, curve.gradient, linestyle=LINES[index], markevery=every, markersize=4, label=label, **look)
    at = curve.threshold, CRITERION * curve.maximum
    axes.plot(*at, markersize=7, fillstyle="none", linestyle="none", zorder=4, **look)


def write_figure4(grid: Grid, results: Results, directory: str | Path, *, tables: Sequence[str]) -> list[Path]:
    """``{table}.{pdf,png}`` for tables of kind "figure" (Fig. 4 is one); points without a result are absent."""
    return draw_all({name: partial(draw_figure4, grid, results, grid.tables[name]) for name in tables}, directory)


def draw_figure4(grid: Grid, results: Results, table: Table) -> Figure:
    """Panels a, b, ... as in the paper: a row for each parameter, a column for each data set; one row for a single one.

    Mean and sd over seeds, single seeds, and the published points.
    """
    rows = table_cells(table, results)
    parameters = list(dict.fromkeys(row.panel for row in table.rows))
    places = [(parameter, dataset) for parameter in parameters for dataset in grid.datasets]
    lines, columns = (len(parameters), len(grid.datasets)) if len(grid.datasets) > 1 else (1, len(parameters))
    figure = Figure(figsize=(3.6 * columns, 2.6 * lines + 0.3), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, letter, (parameter, dataset) in zip(panels, ascii_lowercase, places, strict=False):
        members = [(row, cells[dataset]) for row, cells in rows if row.panel == parameter]
        _sweep(axes, members, results)
        axes.set_title(f"({letter}) {plain(grid.titles[dataset])}")
        axes.set(
            xlabel=_SYMBOLS.get(parameter, parameter), ylabel="total mAP (%)", xticks=[row.x for row, _ in members]
        )
    shared_legend(figure, panels, ncols=5 if columns > 1 else 2)
    return figure


def _sweep(axes: Axes, members: list[tuple[Row, Cell]], results: Results) -> None:
    done = [(row.x, cell) for row, cell in members if cell.status == "finished"]
    several = [(x, cell) for x, cell in done if cell.n > 1]
    if done:
        x, means = [x for x, _ in done], [cell.mean["total"] for _, cell in done]
        axes.plot(x, means, "o-", color=BLUE, label="ours, mean" if several else "ours", zorder=3)
        best = int(np.argmax(means))
        look = {"color": BLUE, "markersize": 10, "fillstyle": "none", "zorder": 3}
        axes.plot(x[best], means[best], "o", label="ours, best", **look)
    if several:
        x, means, sds = zip(*((x, cell.mean["total"], cell.sd["total"]) for x, cell in several), strict=True)
        axes.errorbar(x, means, yerr=sds, fmt="none", ecolor=BLUE, capsize=3, elinewidth=1, zorder=2, label="± sd")
        singles = [
            (x, score) for x, cell in several for score in results.draws(cell.dataset, cell.run, "total").values()
        ]
        look = {"color": BLACK, "alpha": 0.35, "markersize": 4, "zorder": 2}
        axes.plot(*zip(*singles, strict=True), ".", label="single seeds", **look)
    published = [(row.x, row.published[cell.dataset][0]) for row, cell in members if cell.dataset in row.published]
    if published:
        look = {"color": RED, "markersize": 7, "fillstyle": "none", "markeredgewidth": 1.6, "zorder": 4}
        axes.plot(*zip(*published, strict=True), "D", label="published", **look)
    if not done and not published:
        axes.text(0.5, 0.5, "no result yet", ha="center", transform=axes.transAxes)
    axes.set_xlim(min(row.x for row, _ in members) - 0.5, max(row.x for row, _ in members) + 0.5)
