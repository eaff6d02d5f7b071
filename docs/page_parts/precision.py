"""The part of a page that sets runs beside the same ones in another precision: is rounding within what a seed does?"""

import math
from collections.abc import Mapping, Sequence
from itertools import product

from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import paired
from ltmlc.plan.grid import Grid


def in_another_precision(grid: Grid, results: Results, rows: Mapping[str, str], others: Mapping[str, Results]) -> str:
    """Every run and seed that is finished in both; empty without any.

    Args:
        grid: with one data set.
        results: of the grid.
        rows: run id -> label of the rows of the page.
        others: precision -> results of the same runs.
    """
    (dataset,) = grid.datasets
    cells: dict[tuple[str, str, int], list[str]] = {}
    beyond = measured = 0
    by_seed = {column: _half_widths(results, dataset, list(rows), column) for column in COLUMNS}
    for column, run, (precision, other) in product(COLUMNS, rows, others.items()):
        ours, theirs = (each.draws(dataset, run, column) for each in (results, other))
        width = by_seed[column][run]
        within = "" if math.isnan(width) else f" (± {width:.2f})"
        for seed, gain in paired(ours, theirs).items():
            text = f"{ours[seed]:.2f} → {theirs[seed]:.2f}: {round(gain, 2) + 0.0:+.2f}{within}"
            cells.setdefault((rows[run], precision, seed), []).append(text)
            measured += not math.isnan(width)
            beyond += abs(gain) > width
    if not cells:
        return ""
    (here,) = {grid.runs[dataset][run]["precision"] for run in rows}
    lines = [[f"{label}, seed {seed}", f"{here} → {there}", *texts] for (label, there, seed), texts in cells.items()]
    verdict = (
        f"{beyond} of {measured} differences are larger."
        if measured
        else "How much a seed does is not measured here: no row has two."
    )
    return (
        "## In another precision\n\nThe same trainings from the same seeds, but for the arithmetic; mAP in percent. In "
        "parentheses what a seed does: 95 % of the differences between two runs of a row that differ in their seed "
        f"lie within it, as far as the seeds here can tell. {verdict}\n\n"
        + markdown_table(["run", "precision", *COLUMNS], lines, left=2)
    )


def _half_widths(results: Results, dataset: str, runs: Sequence[str], column: str) -> dict[str, float]:
    """Of 95 % of the differences between two seeds of a run; NaN where no row has two seeds."""
    spreads = moderate([results.draws(dataset, run, column) for run in runs])
    return {run: spread.half_width(1, 1) for run, spread in zip(runs, spreads, strict=True)}
