"""One page about the rows of tables on one data set: everything that their metrics files say, and how far it goes.

Nothing on it is written by hand but what the sections are called: the same files give the same page.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean, stdev
from typing import Any

from page_parts.beside import beside_the_paper
from page_parts.bounds import between_chance_and_probe
from page_parts.limits import how_they_were_made, limits
from page_parts.precision import in_another_precision

from ltmlc.errors import InputError
from ltmlc.evidence.claims.report import count_table, how_to_read, verdict_table
from ltmlc.evidence.claims.verdict import Verdict
from ltmlc.evidence.markup import markdown_page, markdown_table
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.tables import tabulate
from ltmlc.evidence.uncertainty.components import components
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import paired
from ltmlc.plan.grid import Grid, Row


def page_markdown(
    grid: Grid,
    results: Results,
    table: str,
    *,
    splits: Mapping[str, Any],
    verdicts: Sequence[Verdict],
    probe: Mapping[str, Any] | None,
    made_by: str,
    twin: Mapping[str, Mapping[str, Any]] | None = None,
    published: Mapping[str, Sequence[float]] | None = None,
    paper: str = "",
    more: Sequence[str] = (),
    precisions: Mapping[str, Results] | None = None,
) -> str:
    """The page as text, from whatever is finished.

    Args:
        grid: with one data set, and this table among its tables.
        results: of the grid.
        table: whose rows the page is about, pair by pair.
        splits: split or its statistics by data set.
        verdicts: of :func:`ltmlc.evidence.claims.judge.judge_claims`; those that are missing are only counted.
        probe: content of a file of ``benchmarks/linear_probe.py``, or None.
        made_by: the command that writes the page.
        twin: run id here -> specification of the same row on the paper's data set, for what differs.
        published: run id here -> the paper's total, head, medium and tail of the same row, on its own data set.
        paper: title of that data set.
        more: tables that stand beneath it with their numbers.
        precisions: results of the same runs in other precisions.

    Raises:
        InputError: for several data sets, or a table that the configuration does not have.
    """
    if len(grid.datasets) != 1:
        raise InputError(f"a page is about one data set; the configuration has {', '.join(grid.datasets)}")
    tables = [table, *more]
    for name in tables:
        if name not in grid.tables:
            raise InputError(f"table {name!r} is not in the configuration; it has {', '.join(grid.tables)}")
    (dataset,) = grid.datasets
    rows = distinct_rows(grid, table, dataset)
    labels: dict[str, str] = {}
    for name in tables:
        for run, row in distinct_rows(grid, name, dataset):
            labels.setdefault(run, row.label)
    runs = list(labels)
    bodies = [_body(grid, results, name, splits) for name in tables]
    sections = [
        f"# {grid.tables[table].title}: {grid.datasets[dataset].get('title', dataset)}",
        f"Every number here comes from the metrics files in `{_source(results, dataset)}`; `{made_by}` writes this "
        "page from them.",
        how_they_were_made(results, dataset, runs, splits.get(dataset)),
        _equal_rows(grid, tables, dataset, set(runs)),
        f"## mAP\n\n{bodies[0]}",
        *(f"## {grid.tables[name].title}\n\n{body}" for name, body in zip(more, bodies[1:], strict=True)),
        beside_the_paper(grid, results, tables, published or {}, paper),
        between_chance_and_probe(grid, results, tables, splits.get(dataset), probe),
        _differences(results, dataset, rows),
        _noise(results, dataset, rows),
        in_another_precision(grid, results, labels, precisions or {}),
        _claims(verdicts, grid.datasets[dataset].get("title", dataset)),
        limits(grid, dataset, runs, splits.get(dataset), twin or {}),
    ]
    return markdown_page(sections)


def _body(grid: Grid, results: Results, table: str, splits: Mapping[str, Any]) -> str:
    """A table as `ltmlc tabulate` prints it, without title and caption."""
    return tabulate(grid, results, table, splits=splits)["md"].split("\n\n", 2)[2].strip()


def distinct_rows(grid: Grid, table: str, dataset: str) -> list[tuple[str, Row]]:
    """Run id and row, rows that are the same run once."""
    rows: dict[str, Row] = {}
    for row in grid.tables[table].rows:
        rows.setdefault(row.run[dataset], row)
    return list(rows.items())


def _equal_rows(grid: Grid, shown: Sequence[str], dataset: str, runs: set[str]) -> str:
    """Rows of the other tables that are the same runs: one training each, so they cannot differ."""
    count = {
        name: sum(row.run[dataset] in runs for row in each.rows)
        for name, each in grid.tables.items()
        if name not in shown
    }
    others = ", ".join(f"{number} of {name}" for name, number in count.items() if number)
    return (
        f"The same trainings are also rows of the paper's tables ({others}); such a row is one training, so its "
        "numbers are the same in every table."
        if others
        else ""
    )


def _source(results: Results, dataset: str) -> str:
    directory = next(result.directory for result in results.runs.values() if result.dataset == dataset)
    return (directory.parents[2]).as_posix()


def _differences(results: Results, dataset: str, rows: Sequence[tuple[str, Row]]) -> str:
    """Every pair of rows, the later one less the earlier one, on the seeds both have."""
    pairs = list(combinations(rows, 2))
    cells: list[list[str]] = [[] for _ in pairs]
    seeds, measured = set(), False
    for column in COLUMNS:
        scores = {run: results.draws(dataset, run, column) for run, _ in rows}
        gains = [paired(scores[first], scores[second]) for (first, _), (second, _) in pairs]
        for cell, gain, spread in zip(cells, gains, moderate(gains), strict=True):
            interval = f" ± {spread.half_width(len(gain)):.2f}" if gain and spread.df else ""
            cell.append(f"{fmean(gain.values()):+.2f}{interval}" if gain else "…")
            seeds.add(len(gain))
            measured |= spread.df > 0
    names = [f"{below.label} − {above.label}" for (_, above), (_, below) in pairs]
    lines = [[name, *cell] for name, cell in zip(names, cells, strict=True) if set(cell) != {"…"}]
    table = markdown_table(["difference", *COLUMNS], lines)
    text = _how_they_vary(measured, alone=1 in seeds)
    return f"## Differences, paired by seed\n\n{text}\n\n{table}" if lines else ""


def _how_they_vary(measured: bool, *, alone: bool) -> str:
    """What stands beside a difference. ``alone``: some have one seed, which by itself measures nothing."""
    if not measured:
        return "Points of mAP, of the one seed that both rows have. One seed measures no interval."
    return (
        "Points of mAP, mean over the seeds that both rows have, ± the 95 % interval from how much this difference "
        "varies between seeds, shrunk towards the other differences of its column"
        + ("; of a difference of one seed, from how much the others vary. " if alone else ". ")
        + "Not corrected for their number: for verdicts see the claims. Seeds alone: another subset, other test images "
        "and other starting weights are not in it."
    )


def _noise(results: Results, dataset: str, rows: Sequence[tuple[str, Row]]) -> str:
    """The standard deviation between seeds, of each row and what it is made of."""
    lines = []
    for run, row in rows:
        scores = [list(results.draws(dataset, run, column).values()) for column in COLUMNS]
        lines.append([row.label, *(f"{stdev(values):.2f}" if len(values) > 1 else "…" for values in scores)])
    runs = dict.fromkeys(run for name, run, _ in results.runs if name == dataset)
    parts = [components([results.draws(dataset, run, column) for run in runs]) for column in COLUMNS]
    if not any(part.df for part in parts):
        return "## Noise between seeds\n\nNot measured: no row has two seeds."
    shown = {
        "one run, all rows": [(part.sd, f" ({part.df:.1f} df)") for part in parts],
        "of it shared by all rows of a seed": [(part.seed, f" ({part.shared_text})") for part in parts],
        "of it a row's own": [(part.residual, "") for part in parts],
    }
    for label, found in shown.items():
        lines.append([label, *("…" if math.isnan(sd) else f"{sd:.2f}{text}" for sd, text in found)])
    text = (
        "## Noise between seeds, measured\n\nStandard deviations, points of mAP. A seed moves all rows together, so "
        "the spread of one run is known from about as many independent draws as there are seeds (degrees of freedom "
        "by Satterthwaite); in parentheses the share of the variance that all rows have in common. The squares of the "
        "two parts add."
    )
    return f"{text}\n\n{markdown_table(['row', *COLUMNS], lines)}"


def _claims(verdicts: Sequence[Verdict], title: str) -> str:
    judged = [verdict for verdict in verdicts if verdict.dataset and verdict.verdict != "missing"]
    missing = sum(verdict.verdict == "missing" for verdict in verdicts if verdict.dataset)
    distinct = sum(not verdict.same_as for verdict in judged)
    text = (
        "## What the paper says, judged on these runs\n\nStatements about the paper's data set that this one is or "
        f"stands for, or about both, that rest on rows trained here: {len(judged)}"
        + (f" ({distinct} different tests)" if distinct < len(judged) else "")
        + f"; that need others: {missing}."
    )
    if not judged:
        return text
    how = how_to_read(judged) + " The paper's amounts are for its own protocol."
    counts = count_table(judged, {judged[0].dataset: title}).strip()
    return f"{text} {how}\n\n{counts}\n\n{verdict_table(judged)}"
