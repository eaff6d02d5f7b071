"""The list of runs: every training once, with its seeds, logs and command."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import hours, number
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.tables_view import anchor_of, link_to
from ltmlc.evidence.results.results import RunResult
from ltmlc.evidence.tables.cells import shown_by, summarise
from ltmlc.evidence.tables.tables import number_or_sign


@dataclass(frozen=True)
class SeedView:
    seed: int
    status: str
    total: str  # mAP, or the sign of a failed or missing run
    time: str
    log: str  # path as text
    link: str  # the same, relative to the page
    error: str


@dataclass(frozen=True)
class RunView:
    anchor: str
    run: str
    dataset: str
    total: str
    sd: str
    tables: tuple[str, ...]  # titles of all that show it
    seeds: tuple[SeedView, ...]
    command: str


def run_views(evidence: Evidence, folder: str | Path) -> list[RunView]:
    """Every run of the grid; ``folder`` is where the page will lie."""
    shown = shown_by(evidence.grid)
    titles = {pair: tuple(dict.fromkeys(table.title for table, _ in each)) for pair, each in shown.items()}
    return [_run(evidence, *pair, tables, folder) for pair, tables in titles.items()]


def _run(evidence: Evidence, dataset: str, run: str, tables: tuple[str, ...], folder: str | Path) -> RunView:
    results = evidence.results.of(dataset, run)
    cell = summarise(evidence.results, dataset, run)
    return RunView(
        anchor_of(dataset, run),
        run,
        evidence.titles[dataset],
        number_or_sign(cell.mean.get("total"), cell.status),
        number(cell.sd.get("total")),
        tables,
        tuple(_seed(result, folder) for result in results),
        command_of(results),
    )


def _seed(result: RunResult, folder: str | Path) -> SeedView:
    return SeedView(
        result.seed,
        result.status,
        number_or_sign(result.percent.get("total"), result.status),
        "" if result.seconds is None else hours(result.seconds),
        result.log.as_posix() if result.metrics else "",
        link_to(result.log, folder) if result.metrics else "",
        result.error if result.status == "failed" else "",
    )


def command_of(results: Sequence[RunResult]) -> str:
    """The recorded command. Once, where the seeds' commands differ in nothing but the seed; else each its own."""
    commands = {result.seed: str(result.metrics["command"]) for result in results if result.metrics.get("command")}
    lines = grouped(commands, lambda seed: re.sub(rf"(--seed[ =]|/seed){seed}\b", r"\1SEED", commands[seed]))
    if len(lines) == 1 and len(commands) > 1:
        pattern, seeds = next(iter(lines.items()))
        return f"{pattern}\n# SEED: {', '.join(map(str, seeds))}"
    return "\n".join(commands.values())
