"""Two runs against each other, with both uncertainties side by side: that between seeds and that of the test images.

Between seeds: the mean over the seeds, ± its 95 % interval. Of one run it contains what a seed does to all runs alike;
of a difference only what a seed does to one of them. Its spread is shrunk towards that of the data set's other runs, or
other differences to the same run (:mod:`ltmlc.evidence.uncertainty.moderated`). It says whether training again would
show the same.
Of the images: bootstrap over the test images, the same draws for both runs and all seeds
(:mod:`ltmlc.evidence.uncertainty.bootstrap`). It says whether another test set would. Neither contains the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ltmlc.data.split import Split
from ltmlc.disk.csv_file import csv_text
from ltmlc.errors import InputError
from ltmlc.evidence.markup import markdown_table, number
from ltmlc.evidence.results.results import COLUMNS, Results, RunResult
from ltmlc.evidence.uncertainty.bootstrap import Interval, bootstrap_combination, read_predictions
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import UNKNOWN_SPREAD, Spread, paired
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import PREDICTIONS
from ltmlc.plan.methods import method_runs
from ltmlc.plan.rows import unknown_run


@dataclass(frozen=True)
class Line:
    """One column of one run, or of its difference to another. mAP in percent, differences in percentage points."""

    dataset: str
    run: str
    against: str  # empty for a run by itself
    column: str
    estimate: float
    n: int  # seeds
    seed_interval: Interval | None  # None: one seed in all runs, nothing to measure the noise with
    image_interval: Interval | None  # None: no readable predictions of these seeds


def measure_run(
    results: Results,
    split: Split,
    run: str,
    *,
    against: str | None = None,
    resamples: int = 1000,
) -> tuple[list[Line], list[str]]:
    """One run, or its difference to another, by column; and a message for each file that cannot be used.

    Args:
        against: id of the run to compare with, on the seeds that both have finished.
        resamples: test sets to draw.

    Raises:
        InputError: if no seed is finished (for both runs), saying what is.
    """
    chosen = _finished_seeds(results, split.dataset, run, against)
    images, messages = _image_intervals(chosen, split, resamples)
    lines = []
    for column in COLUMNS:
        values = list(_draws(results, split.dataset, column, run, against).values())
        if values:
            interval = _seed_interval(_spread(results, split.dataset, column, run, against), values)
            names = (split.dataset, run, against or "", column)
            lines.append(Line(*names, fmean(values), len(values), interval, images.get(column)))
    return lines, messages


def measure_methods(
    grid: Grid, results: Results, split: Split, *, resamples: int = 1000
) -> tuple[list[Line], list[str]]:
    """:func:`measure_run` of the compared methods, then of the steps between them; what is not finished is left out."""
    runs = method_runs(grid, split.dataset)
    names = list(runs.values())
    asked = [(run, None) for run in names] + list(zip(names[1:], names, strict=False))
    asked += [(names[-1], names[0])] if len(names) > 2 else []
    lines, messages = [], []
    for run, against in asked:
        try:
            found, said = measure_run(results, split, run, against=against, resamples=resamples)
        except InputError:  # no finished seed, or none in common
            continue
        lines += found
        messages += [message for message in said if message not in messages]
    return lines, messages


def _finished_seeds(
    results: Results, dataset: str, run: str, against: str | None
) -> dict[int, list[tuple[float, RunResult]]]:
    """Seed -> [(1, result)] or, with another run, [(1, result), (-1, its result)]; copies of a seed once."""
    names = [run] if against is None else [run, against]
    by_run = [{r.seed: r for r in results.finished(dataset, name)} for name in names]
    for name, finished in zip(names, by_run, strict=True):
        if not results.of(dataset, name):
            raise unknown_run(name, dataset, results.names(dataset))
        if not finished:
            raise InputError(f"{dataset}/{name} has no finished seed yet; `ltmlc status` says what is")
    shared = sorted(set.intersection(*map(set, by_run)))
    if not shared:
        raise InputError(f"{dataset}: {run} and {against} share no finished seed; train one of them with the other's")
    seeds = results.distinct(dataset, names, shared)
    return {seed: list(zip((1.0, -1.0), (each[seed] for each in by_run), strict=False)) for seed in seeds}


def _spread(results: Results, dataset: str, column: str, run: str, against: str | None) -> Spread:
    """Of this run, or of its difference to another, among those of all runs of the data set."""
    runs = [name for name in results.names(dataset) if name != against]
    draws = {name: values for name in runs if (values := _draws(results, dataset, column, name, against))}
    return dict(zip(draws, moderate(list(draws.values())), strict=True)).get(run, UNKNOWN_SPREAD)


def _draws(results: Results, dataset: str, column: str, run: str, against: str | None) -> dict[int, float]:
    """On the seeds of :func:`_finished_seeds`."""
    if against is None:
        return results.draws(dataset, run, column)
    differences = paired(*(results.scores(dataset, name, column) for name in (against, run)))
    return {seed: differences[seed] for seed in results.distinct(dataset, (run, against), differences)}


def _seed_interval(spread: Spread, values: Sequence[float]) -> Interval | None:
    if not spread.df:
        return None
    width = spread.half_width(len(values))
    return Interval(fmean(values), fmean(values) - width, fmean(values) + width)


def _image_intervals(
    chosen: Mapping[int, Sequence[tuple[float, RunResult]]], split: Split, resamples: int
) -> tuple[dict[str, Interval], list[str]]:
    """By column; over the seeds whose predictions can be read, which need not be all."""
    terms, messages = [], []
    for pair in chosen.values():
        try:
            logits = [(sign, logits_of(result, split)) for sign, result in pair]
        except InputError as error:
            messages.append(str(error))
            continue
        terms += logits
    if not terms:
        return {}, messages
    seeds = len(terms) / max(len(pair) for pair in chosen.values())
    scaled = [(sign / seeds, logits) for sign, logits in terms]
    return bootstrap_combination(scaled, split.test_matrix, split.groups, resamples=resamples), messages


def logits_of(result: RunResult, split: Split) -> np.ndarray:
    """Logits (N, C) of one finished run, its rows in the order of the split.

    Raises:
        InputError: the file is missing, damaged, or of other images.
    """
    path = result.directory / PREDICTIONS
    logits, labels, ids = read_predictions(path)
    if ids != list(split.test_ids) or not np.array_equal(labels, split.test_matrix):
        raise InputError(f"{path} is of other test images or labels than the split; train this run again")
    return logits


def pairs_markdown(lines: Sequence[Line]) -> str:
    """One table: the estimate, the interval between seeds and that of the test images."""
    rows = [
        [
            line.dataset,
            line.run,
            line.against or "–",
            line.column,
            number(line.estimate, sign=_sign(line)),
            str(line.n),
            _text(line, line.seed_interval),
            _text(line, line.image_interval),
        ]
        for line in lines
    ]
    header = ["data set", "run", "against", "column", "mAP", "seeds", "95 %, other seeds", "95 %, other test images"]
    return markdown_table(header, rows, left=4)


def _sign(line: Line) -> str:
    return "+" if line.against else ""


def _text(line: Line, interval: Interval | None) -> str:
    sign = _sign(line)
    return "–" if interval is None else f"{interval.low:{sign}.2f} to {interval.high:{sign}.2f}"


def pairs_csv(lines: Sequence[Line]) -> str:
    """One line a column; intervals empty where there is none."""
    header = ["dataset", "run", "against", "column", "map", "seeds"]
    header += ["seed_low", "seed_high", "image_low", "image_high"]
    rows = []
    for line in lines:
        intervals = (line.seed_interval, line.image_interval)
        bounds = [number(bound, 4) for each in intervals for bound in ((each.low, each.high) if each else (None, None))]
        rows.append([line.dataset, line.run, line.against, line.column, f"{line.estimate:.4f}", line.n, *bounds])
    return csv_text(header, rows)
