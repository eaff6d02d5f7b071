"""The extra table: every method at the recipe's rate and at the one chosen on held-out images, side by side.

Both trained on the whole training set with the same seeds and tested on the test set.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.markup import markdown_table, named_seeds, number
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import Cell, summarise
from ltmlc.evidence.tables.tables import cell_text
from ltmlc.evidence.uncertainty.moderated import UNKNOWN_SPREAD, Spread, moderate
from ltmlc.evidence.uncertainty.noise import paired
from ltmlc.plan.grid import Grid
from ltmlc.plan.sweep import Sweep


@dataclass(frozen=True)
class Pair:
    """One method on one data set. ``differences``: tuned less the recipe's rate, points, by column and seed."""

    label: str
    dataset: str
    rates: tuple[float, float]
    cells: tuple[Cell, Cell]
    differences: dict[str, list[float]]

    @property
    def kept(self) -> bool:
        """The recipe's rate was chosen again."""
        return self.cells[0].run == self.cells[1].run


def tuned_grid(sweep: Sweep, chosen: Mapping[str, Mapping[str, str]], seeds: tuple[int, ...]) -> Grid:
    """The trainings of the table: of each data set the present runs and those chosen in their place."""
    runs: dict[str, dict[str, Any]] = {}
    for dataset, pairs in chosen.items():
        known = sweep.grid.runs[dataset]
        runs[dataset] = {run: known[run] for pair in pairs.items() for run in pair if run in known}
    return Grid(sweep.grid.config, sweep.grid.datasets, {}, runs, seeds)


def tuned_pairs(sweep: Sweep, chosen: Mapping[str, Mapping[str, str]], results: Results) -> list[Pair]:
    """Every decided rate of the sweep, in the order of its tables."""
    pairs = []
    for dataset, choices in sweep.choices.items():
        for choice in choices:
            present = choice.present.run
            tuned = chosen.get(dataset, {}).get(present)
            if not choice.rate or tuned is None or tuned not in sweep.grid.runs[dataset]:
                continue
            rates = tuple(sweep.grid.runs[dataset][run]["recipe"]["lr"] for run in (present, tuned))
            cells = (summarise(results, dataset, present), summarise(results, dataset, tuned))
            scores = {c: [results.scores(dataset, run, c) for run in (present, tuned)] for c in COLUMNS}
            differences = {column: list(paired(*both).values()) for column, both in scores.items()}
            pairs.append(Pair(choice.label, dataset, rates, cells, differences))
    return pairs


def _spreads(pairs: list[Pair], results: Results) -> dict[tuple[str, str], Spread]:
    """(data set, row) -> the spread of its difference in total, shrunk towards the other methods'."""
    found = {}
    for dataset in dict.fromkeys(pair.dataset for pair in pairs):
        changed = [pair for pair in pairs if pair.dataset == dataset and not pair.kept]
        sides = ([results.draws(dataset, cell.run, "total") for cell in pair.cells] for pair in changed)
        spreads = moderate([paired(*side) for side in sides])
        found |= {(dataset, pair.label): spread for pair, spread in zip(changed, spreads, strict=True)}
    return found


def _half_interval(pair: Pair, spreads: Mapping[tuple[str, str], Spread]) -> float:
    """Half the 95 % interval of the mean difference in total; NaN where nothing measures it."""
    n = len(pair.differences["total"])
    return spreads.get((pair.dataset, pair.label), UNKNOWN_SPREAD).half_width(n) if n else math.nan


def tuned_csv(pairs: list[Pair], results: Results) -> str:
    """One line a method and data set; percent, differences in points."""
    header = [
        "dataset",
        "row",
        "lr",
        "run",
        "tuned_lr",
        "tuned_run",
        "n",
        "tuned_n",
        *(f"{prefix}{column}{suffix}" for prefix in ("", "tuned_") for column in COLUMNS for suffix in ("", "_sd")),
        *(f"difference_{column}" for column in COLUMNS),
        "difference_total_half_interval",
    ]
    lines, spreads = [], _spreads(pairs, results)
    for pair in pairs:
        before, after = pair.cells
        values = [x for cell in pair.cells for c in COLUMNS for x in (cell.mean.get(c), cell.sd.get(c))]
        means = [fmean(gains) if gains else None for gains in (pair.differences[column] for column in COLUMNS)]
        width = _half_interval(pair, spreads)
        lines.append(
            [pair.dataset, pair.label, pair.rates[0], before.run, pair.rates[1], after.run, before.n, after.n]
            + [number(value, 4) for value in (*values, *means, width)]
        )
    return csv_text(header, lines)


def tuned_markdown(pairs: list[Pair], results: Results, titles: Mapping[str, str]) -> str:
    """The same for a reader, one table a data set."""
    text = (
        "# The recipe's rate and the tuned one\n\n"
        f"mAP in percent on the test set, {named_seeds(results.seeds)}. The tuned rate was chosen on a "
        "held-out part of the training images (`ltmlc tune`), then the method was trained on all of them. Differences "
        "are tuned less recipe, paired by seed"
    )
    known = any(spread.df for spread in _spreads(pairs, results).values())
    text += ", with their 95 % interval from these seeds alone." if known else "; one seed, no interval."
    for dataset, title in titles.items():
        of_dataset = [pair for pair in pairs if pair.dataset == dataset]
        table = tuned_table(of_dataset, results) if of_dataset else "No rate is decided yet.\n"
        text += f"\n\n## {markdown_escape(title)}\n\n{table}"
    return text.rstrip() + "\n"


def tuned_table(pairs: list[Pair], results: Results) -> str:
    """Of one data set, one line a method."""
    spreads = _spreads(pairs, results)
    header = ["method", "rate", "total", "tuned rate", "total, tuned", "difference", *COLUMNS[1:]]
    return markdown_table(header, [_row(pair, spreads) for pair in pairs])


def _row(pair: Pair, spreads: Mapping[tuple[str, str], Spread]) -> list[str]:
    before, after = pair.cells
    values = pair.differences
    kept = pair.kept
    difference = "kept" if kept else _signed(values["total"])
    width = _half_interval(pair, spreads)
    if not kept and values["total"] and not math.isnan(width):
        difference += f" ± {width:.2f}"
    return [
        markdown_escape(pair.label),
        f"{pair.rates[0]:g}",
        "".join(cell_text(before, "total")),
        f"{pair.rates[1]:g}",
        "".join(cell_text(after, "total")),
        difference,
        *("" if kept else _signed(values[column]) for column in COLUMNS[1:]),
    ]


def _signed(values: list[float]) -> str:
    return f"{fmean(values):+.2f}" if values else "…"
