"""One page about the rows of tables on one data set: everything that their metrics files say, and how far it goes.

Nothing on it is written by hand but what the sections are called: the same files give the same page.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean, stdev
from typing import Any

from ltmlc.errors import InputError
from ltmlc.evidence.claims.judge import Verdict
from ltmlc.evidence.claims.measure import paired_noise
from ltmlc.evidence.claims.report import count_table, verdict_table
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.pages.bounds import between_chance_and_probe
from ltmlc.evidence.pages.limits import how_they_were_made, limits
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.tables import tabulate
from ltmlc.evidence.tuning.tuned import half_interval
from ltmlc.evidence.uncertainty.noise import Noise, pooled_noise
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
    more: Sequence[str] = (),
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
        more: tables that stand beneath it with their numbers.

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
    runs = list(dict.fromkeys(run for name in tables for run, _ in distinct_rows(grid, name, dataset)))
    bodies = [_body(grid, results, name, splits) for name in tables]
    sections = [
        f"# {grid.tables[table].title}: {grid.datasets[dataset].get('title', dataset)}",
        f"Every number here comes from the metrics files in `{_source(results, dataset)}`; `{made_by}` writes this "
        "page from them.",
        how_they_were_made(results, dataset, runs, splits.get(dataset)),
        _equal_rows(grid, tables, dataset, set(runs)),
        f"## mAP\n\n{bodies[0]}",
        *(f"## {grid.tables[name].title}\n\n{body}" for name, body in zip(more, bodies[1:], strict=True)),
        between_chance_and_probe(grid, results, tables, splits.get(dataset), probe),
        _differences(results, dataset, rows),
        _noise(results, dataset, rows),
        _claims(verdicts, grid.datasets[dataset].get("title", dataset)),
        limits(grid, dataset, runs, splits.get(dataset), twin or {}),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _body(grid: Grid, results: Results, table: str, splits: Mapping[str, Any]) -> str:
    """A table as `ltmlc tabulate` prints it, without title and caption."""
    shown = Grid(grid.config, grid.datasets, {table: grid.tables[table]}, grid.runs, grid.seeds)
    return tabulate(shown, results, table, splits=splits)["md"].split("\n\n", 2)[2].strip()


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
        f"The same trainings are also rows of the paper's tables ({others}); equal rows are equal here."
        if others
        else ""
    )


def _source(results: Results, dataset: str) -> str:
    directory = next(result.directory for result in results.runs.values() if result.dataset == dataset)
    return (directory.parents[2]).as_posix()


def _differences(results: Results, dataset: str, rows: Sequence[tuple[str, Row]]) -> str:
    """Every pair of rows, the later one less the earlier one, on the seeds both have."""
    lines = []
    noise = {column: paired_noise(results, dataset, column) for column in COLUMNS}
    for (first, above), (second, below) in combinations(rows, 2):
        cells = []
        for column in COLUMNS:
            before, after = results.scores(dataset, first, column), results.scores(dataset, second, column)
            gains = [after[seed] - before[seed] for seed in sorted(set(before) & set(after))]
            width = half_interval(noise[column], len(gains))
            interval = f" ± {width:.2f}" if gains and not math.isnan(width) else ""
            cells.append(f"{fmean(gains):+.2f}{interval}" if gains else "…")
        lines.append([f"{below.label} − {above.label}", *cells])
    text = (
        "## Differences, paired by seed\n\nPoints of mAP, mean over the seeds that both rows have, ± the 95 % interval "
        "from the noise of differences that all rows share (s of the model row + seed; s √(2/n) for n seeds). Not "
        "corrected for their number: for verdicts see the claims."
    )
    return f"{text}\n\n{markdown_table(['difference', *COLUMNS], lines)}"


def _noise(results: Results, dataset: str, rows: Sequence[tuple[str, Row]]) -> str:
    """The standard deviation between seeds, of each row and pooled."""
    lines = []
    for run, row in rows:
        scores = [list(results.scores(dataset, run, column).values()) for column in COLUMNS]
        lines.append([row.label, *(f"{stdev(values):.2f}" if len(values) > 1 else "…" for values in scores)])
    for label, measure in (("pooled over rows", _pooled), ("of row + seed (for differences)", paired_noise)):
        noises = [measure(results, dataset, column) for column in COLUMNS]
        lines.append([label, *(f"{noise.sd:.2f} ({noise.df} df)" if noise.df else "…" for noise in noises)])
    text = "## Noise between seeds, measured\n\nStandard deviations, points of mAP."
    return f"{text}\n\n{markdown_table(['row', *COLUMNS], lines)}"


def _pooled(results: Results, dataset: str, column: str) -> Noise:
    runs = dict.fromkeys(run for name, run, _ in results.runs if name == dataset)
    return pooled_noise(list(results.scores(dataset, run, column).values()) for run in runs)


def _claims(verdicts: Sequence[Verdict], title: str) -> str:
    judged = [verdict for verdict in verdicts if verdict.dataset and verdict.verdict != "missing"]
    missing = sum(verdict.verdict == "missing" for verdict in verdicts if verdict.dataset)
    text = (
        "## What the paper says, judged on these runs\n\nStatements about the paper's data set that this one is or "
        f"stands for, or about both, that rest on rows trained here: {len(judged)}; that need others: {missing}."
    )
    if not judged:
        return text
    how = (
        "Differences as above, positive where they point the stated way; *holds* and *reversed* survive Holm's "
        "correction at 5 %. The paper's amounts are for its own protocol; only the direction is judged."
    )
    counts = count_table(judged, {judged[0].dataset: title}).strip()
    return f"{text} {how}\n\n{counts}\n\n{verdict_table(judged)}"
