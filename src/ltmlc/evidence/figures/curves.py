"""How every row of a table trained: loss and learning rate over the epochs, from the histories in the metrics files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from ltmlc.evidence.figures.style import COLOURS, LINES, draw_all, plain, shared_legend
from ltmlc.evidence.results.results import Results, RunResult
from ltmlc.plan.grid import Grid, Table
from ltmlc.plan.lookup import HELD_OUT_MAP

CURVES_PER_ROW = 4
FEW = 10
"""Epochs that are marked one by one where there are fewer."""
LINE = 0.15
"""Height of a line of words at the top of a panel, in units of its axis."""
BEHIND_WORDS = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}


@dataclass(frozen=True)
class Curve:
    """One run over its E epochs, mean over its seeds; NaN where an epoch has no value.

    Attributes:
        loss: (E,), as it is.
        sd: (E,), over the seeds; NaN for fewer than two.
        rate: (E,) learning rate, the highest of the network's parts.
        held_out: (E,) mAP on held-out training images from 0 to 1.
        notes: in words, which seeds are not in it.
    """

    loss: np.ndarray
    sd: np.ndarray
    rate: np.ndarray
    held_out: np.ndarray
    notes: tuple[str, ...]


def curve_of(results: Results, dataset: str, run: str) -> Curve:
    """The curve of a run's finished seeds, copies of one counted once; of those that failed where none has finished."""
    seeds, finished = results.of(dataset, run), results.drawn(dataset, run)
    failed = [result for result in seeds if result.status == "failed"]
    shown = [result for result in finished or failed if result.metrics.get("history")]
    histories = [result.metrics["history"] for result in shown]
    named = {
        "failed": failed,
        "not run": [result for result in seeds if result.status == "missing"],
        "no history": [result for result in finished if result not in shown],
    }
    notes = [_note(word, those, len(seeds)) for word, those in named.items() if those]
    loss = _column(histories, "loss")
    several = (~np.isnan(loss)).sum(0) > 1
    sd = np.full(loss.shape[1], np.nan)
    sd[several] = np.nanstd(loss[:, several], axis=0, ddof=1)
    means = {key: _means(_column(histories, key)) for key in ("lr", HELD_OUT_MAP)}
    return Curve(_means(loss), sd, means["lr"], means[HELD_OUT_MAP], tuple(notes))


def _note(word: str, those: Sequence[RunResult], of: int) -> str:
    """The word alone where it is said of all of several seeds."""
    return word if len(those) == of > 1 else f"{word}: seed {', '.join(str(result.seed) for result in those)}"


def _column(histories: Sequence[Sequence[dict]], key: str) -> np.ndarray:
    """(seeds, E) of histories that may end early; NaN where one says nothing."""
    values = np.full((len(histories), max(map(len, histories), default=0)), np.nan)
    for line, history in zip(values, histories, strict=True):
        line[: len(history)] = [np.nan if epoch.get(key) is None else epoch[key] for epoch in history]
    return values


def _means(values: np.ndarray) -> np.ndarray:
    """Means of the columns of (seeds, E) without what is NaN."""
    known = ~np.isnan(values)
    return np.where(known.any(0), np.where(known, values, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)


def write_curves(grid: Grid, results: Results, directory: str | Path, *, tables: Sequence[str]) -> list[Path]:
    """``curves_{table}.{pdf,png}``: a panel for each row. Returns the paths."""
    drawings = {f"curves_{name}": partial(draw_curves, grid, results, grid.tables[name]) for name in tables}
    return draw_all(drawings, directory)


def draw_curves(grid: Grid, results: Results, table: Table) -> Figure:
    """A panel a row, its loss as a share of that of its own first epoch, as losses differ in scale and runs in length.

    The words in a panel say the loss itself, and which seeds are missing.
    """
    columns = min(CURVES_PER_ROW, len(table.rows))
    lines = -(-len(table.rows) // columns)
    figure = Figure(figsize=(max(1.95 * columns, 4.2), 1.35 * lines + 1.0), layout="constrained")
    figure.suptitle(f"{plain(table.title)}: training loss and learning rate", fontsize=9)
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    panels[0].set(ylim=(0, 1.07 + LINE * len(grid.datasets)), yticks=[0, 0.5, 1])
    for place, (axes, row) in enumerate(zip(panels, table.rows, strict=False)):
        for index, name in enumerate(grid.datasets):
            words = _draw(axes, curve_of(results, name, row.run[name]), plain(grid.titles[name]), index)
            look = {"ha": "right", "va": "bottom", "fontsize": 6, "color": COLOURS[index % len(COLOURS)]}
            place_of = {"transform": axes.get_yaxis_transform(), "zorder": 4}
            axes.text(0.99, 1.04 + LINE * index, words, bbox=BEHIND_WORDS, **place_of, **look)
        axes.set_title(plain(row.label), fontsize=7.5)
        axes.set_xlabel("epoch" if place + columns >= len(table.rows) else "", fontsize=7.5)  # the last of its column
        axes.tick_params(labelsize=6.5)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True) if axes.lines else NullLocator())
    for axes in panels[len(table.rows) :]:
        axes.set_axis_off()
    figure.supylabel("loss / that of the first epoch", fontsize=8)
    shared_legend(figure, panels, ncols=2, fontsize=7.5)
    return figure


def _draw(axes: Axes, curve: Curve, title: str, index: int) -> str:
    """One data set's lines in a panel; returns what is to be said of them."""
    colour, line = COLOURS[index % len(COLOURS)], LINES[index % len(LINES)]
    if not len(curve.loss):
        return "; ".join(curve.notes)
    if not curve.loss[0] > 0:
        return "; ".join(["the first epoch's loss is not above 0", *curve.notes])
    epochs, share, sd = np.arange(1, len(curve.loss) + 1), curve.loss / curve.loss[0], curve.sd / curve.loss[0]
    look = {"color": "#e6e6e6", "step": "mid", "label": "learning rate / its highest", "zorder": 0}
    axes.fill_between(epochs, curve.rate / np.nanmax(curve.rate), **look)
    axes.fill_between(epochs, share - sd, share + sd, color=colour, alpha=0.2, linewidth=0, zorder=2)
    look = {
        "color": colour,
        "linestyle": line,
        "marker": "." if len(epochs) < FEW else "",
        "linewidth": 1.2,
        "zorder": 3,
    }
    axes.plot(epochs, share, label=f"{title}: loss", **look)
    scored = ~np.isnan(curve.held_out)
    if scored.any():
        look = {"color": colour, "marker": "D", "markersize": 3, "fillstyle": "none", "linewidth": 0.6, "zorder": 3}
        label = f"{title}: mAP on held-out training images, from 0 to 1"
        axes.plot(epochs[scored], curve.held_out[scored], label=label, **look)
    known = curve.loss[~np.isnan(curve.loss)]
    words = [f"loss {known[0]:.3g} to {known[-1]:.3g}"]
    if np.nanmax(share) > axes.get_ylim()[1]:
        words.append(f"highest {known.max():.3g}")
    return "; ".join([*words, *curve.notes])
