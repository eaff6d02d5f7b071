"""The extra table: every method at the recipe's rate and at the one chosen on held-out images, side by side.

Both trained on the whole training set with the same seeds and tested on the test set.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.markup import markdown_table, named_seeds, number
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import Cell, summarise
from ltmlc.evidence.tables.tables import cell_text
from ltmlc.evidence.tuning.gains import NO_GAIN, Gain
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import Spread, paired
from ltmlc.plan.grid import Grid
from ltmlc.plan.sweep import Sweep


@dataclass(frozen=True)
class Pair:
    """One method on one data set. ``differences``: tuned less the recipe's rate, points, by column and seed;
    ``spread``: of one of them in total, shrunk towards the other methods'.
    """

    label: str
    dataset: str
    rates: tuple[float, float]
    cells: tuple[Cell, Cell]
    differences: dict[str, list[float]]
    spread: Spread

    @property
    def kept(self) -> bool:
        """The recipe's rate was chosen again."""
        return self.cells[0].run == self.cells[1].run

    @property
    def gain(self) -> Gain:
        """In total; none where the rate is kept."""
        return NO_GAIN if self.kept else Gain.of(self.differences["total"], self.spread)


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
        known, present_to_tuned = sweep.grid.runs[dataset], chosen.get(dataset, {})
        rates = [choice for choice in choices if choice.rate and present_to_tuned.get(choice.present.run) in known]
        runs = [(choice.present.run, present_to_tuned[choice.present.run]) for choice in rates]
        spreads = moderate([_draws(results, dataset, both) for both in runs])
        for choice, both, spread in zip(rates, runs, spreads, strict=True):
            lr = tuple(known[run]["recipe"]["lr"] for run in both)
            cells = tuple(summarise(results, dataset, run) for run in both)
            draws = {column: [results.draws(dataset, run, column) for run in both] for column in COLUMNS}
            differences = {column: list(paired(*each).values()) for column, each in draws.items()}
            pairs.append(Pair(choice.label, dataset, lr, cells, differences, spread))
    return pairs


def _draws(results: Results, dataset: str, runs: tuple[str, str]) -> dict[int, float]:
    """Differences in total; a kept rate has none, and lends none to the others."""
    kept = runs[0] == runs[1]
    return {} if kept else paired(*(results.draws(dataset, run, "total") for run in runs))


def tuned_csv(pairs: list[Pair]) -> str:
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
    lines = []
    for pair in pairs:
        before, after = pair.cells
        values = [x for cell in pair.cells for c in COLUMNS for x in (cell.mean.get(c), cell.sd.get(c))]
        means = [fmean(gains) if gains else None for gains in (pair.differences[column] for column in COLUMNS)]
        lines.append(
            [pair.dataset, pair.label, pair.rates[0], before.run, pair.rates[1], after.run, before.n, after.n]
            + [number(value, 4) for value in (*values, *means, pair.gain.half_interval)]
        )
    return csv_text(header, lines)


def tuned_markdown(pairs: list[Pair], seeds: Sequence[int], titles: Mapping[str, str]) -> str:
    """The same for a reader, one table a data set."""
    text = (
        "# The recipe's rate and the tuned one\n\n"
        f"mAP in percent on the test set, {named_seeds(seeds)}. The tuned rate was chosen on a "
        "held-out part of the training images (`ltmlc tune`), then the method was trained on all of them. Differences "
        "are tuned less recipe, paired by seed"
    )
    known = any(not math.isnan(pair.gain.half_interval) for pair in pairs)
    without = "; one seed, no interval." if len(seeds) == 1 else "."
    text += ", with their 95 % interval from these seeds alone." if known else without
    for dataset, title in titles.items():
        of_dataset = [pair for pair in pairs if pair.dataset == dataset]
        table = tuned_table(of_dataset) if of_dataset else "No rate is decided yet.\n"
        text += f"\n\n## {markdown_escape(title)}\n\n{table}"
    return text.rstrip() + "\n"


def tuned_table(pairs: list[Pair]) -> str:
    """Of one data set, one line a method."""
    header = ["method", "rate", "total", "tuned rate", "total, tuned", "difference", *COLUMNS[1:]]
    return markdown_table(header, map(_row, pairs))


def _row(pair: Pair) -> list[str]:
    before, after = pair.cells
    return [
        markdown_escape(pair.label),
        f"{pair.rates[0]:g}",
        "".join(cell_text(before, "total")),
        f"{pair.rates[1]:g}",
        "".join(cell_text(after, "total")),
        "kept" if pair.kept else str(pair.gain) or "…",
        *("" if pair.kept else _signed(pair.differences[column]) for column in COLUMNS[1:]),
    ]


def _signed(values: list[float]) -> str:
    return f"{fmean(values):+.2f}" if values else "…"
