"""The extra table: every method at the recipe's rate and at the one chosen on held-out images, side by side.

Both trained on the whole training set with the same seeds and tested on the test set.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from scipy import stats

from ltmlc.evidence.claims.measure import paired_noise
from ltmlc.evidence.markup import csv_text, markdown_escape, markdown_table
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import Cell, summarise
from ltmlc.evidence.tables.tables import cell_text
from ltmlc.evidence.uncertainty.noise import LEVEL, Noise
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
            pairs.append(Pair(choice.label, dataset, rates, cells, _differences(results, dataset, present, tuned)))
    return pairs


def _differences(results: Results, dataset: str, present: str, tuned: str) -> dict[str, list[float]]:
    differences = {}
    for column in COLUMNS:
        before, after = (results.scores(dataset, run, column) for run in (present, tuned))
        differences[column] = [after[seed] - before[seed] for seed in sorted(set(before) & set(after))]
    return differences


def half_interval(noise: Noise, n: int) -> float:
    """Half the 95 % interval of a mean of ``n`` differences between two runs of one seed; NaN without noise or n."""
    if n == 0 or noise.df == 0:
        return math.nan
    return float(stats.t.isf((1 - LEVEL) / 2, noise.df)) * noise.sd * math.sqrt(2 / n)


def tuned_csv(pairs: list[Pair], results: Results) -> str:
    """One line a method and data set; percent, differences in points."""
    header = [
        *("dataset", "row", "lr", "run", "tuned_lr", "tuned_run", "n", "tuned_n"),
        *(f"{prefix}{column}{suffix}" for prefix in ("", "tuned_") for column in COLUMNS for suffix in ("", "_sd")),
        *(f"difference_{column}" for column in COLUMNS),
        "difference_total_half_interval",
    ]
    lines = []
    for pair in pairs:
        before, after = pair.cells
        noise = paired_noise(results, pair.dataset, "total")
        values = [x for cell in pair.cells for c in COLUMNS for x in (cell.mean.get(c), cell.sd.get(c))]
        means = [fmean(gains) if gains else None for gains in (pair.differences[column] for column in COLUMNS)]
        width = half_interval(noise, len(pair.differences["total"])) if before.run != after.run else math.nan
        lines.append(
            [pair.dataset, pair.label, pair.rates[0], before.run, pair.rates[1], after.run, before.n, after.n]
            + [_number(value) for value in (*values, *means, width)]
        )
    return csv_text(header, lines)


def tuned_markdown(pairs: list[Pair], results: Results, titles: Mapping[str, str]) -> str:
    """The same for a reader, one table a data set."""
    seeds = ", ".join(map(str, results.seeds))
    text = (
        "# The recipe's rate and the tuned one\n\n"
        f"mAP in percent on the test set, seed{'s' * (len(results.seeds) > 1)} {seeds}. The tuned rate was chosen on a "
        "held-out part of the training images (`ltmlc tune`), then the method was trained on all of them. Differences "
        "are tuned less recipe, paired by seed"
    )
    noisy = any(paired_noise(results, name, "total").df for name in titles)
    text += ", with their 95 % interval from the noise pooled over these runs." if noisy else "; one seed, no interval."
    header = ["method", "rate", "total", "tuned rate", "total, tuned", "difference", *COLUMNS[1:]]
    for dataset, title in titles.items():
        rows = [_row(pair, results) for pair in pairs if pair.dataset == dataset]
        text += f"\n\n## {title}\n\n" + (markdown_table(header, rows) if rows else "No rate is decided yet.\n")
    return text.rstrip() + "\n"


def _row(pair: Pair, results: Results) -> list[str]:
    before, after = pair.cells
    values = pair.differences
    kept = before.run == after.run
    difference = "kept" if kept else _signed(values["total"])
    width = half_interval(paired_noise(results, pair.dataset, "total"), len(values["total"]))
    if not kept and values["total"] and not math.isnan(width):
        difference += f" ± {width:.2f}"
    return [
        *(markdown_escape(pair.label), f"{pair.rates[0]:g}", "".join(cell_text(before, "total"))),
        *(f"{pair.rates[1]:g}", "".join(cell_text(after, "total")), difference),
        *("" if kept else _signed(values[column]) for column in COLUMNS[1:]),
    ]


def _signed(values: list[float]) -> str:
    return f"{fmean(values):+.2f}" if values else "…"


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4f}"
