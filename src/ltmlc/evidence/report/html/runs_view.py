"""The list of runs: every training once, with its seeds, logs and command."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import hours, number
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.tables_view import anchor_of, link_to
from ltmlc.evidence.results.results import RunResult
from ltmlc.evidence.tables.cells import shown_by, summarise
from ltmlc.evidence.tables.tables import number_or_sign
from ltmlc.plan.grid import Row, Table


def run_views(evidence: Evidence, folder: str | Path) -> list[dict[str, Any]]:
    """Every run of the grid, as plain values for the template; ``folder`` is where the page will lie."""
    return [_run(evidence, *pair, users, folder) for pair, users in shown_by(evidence.grid).items()]


def _run(
    evidence: Evidence, dataset: str, run: str, users: Sequence[tuple[Table, Row]], folder: str | Path
) -> dict[str, Any]:
    results = evidence.results.of(dataset, run)
    cell = summarise(evidence.results, dataset, run)
    return {
        "anchor": anchor_of(dataset, run),
        "run": run,
        "dataset": evidence.titles[dataset],
        "total": number_or_sign(cell.mean.get("total"), cell.status),
        "sd": number(cell.sd.get("total")),
        "tables": list(dict.fromkeys(table.title for table, _ in users)),
        "seeds": [_seed(result, folder) for result in results],
        "command": command_of(results),
    }


def _seed(result: RunResult, folder: str | Path) -> dict[str, Any]:
    return {
        "seed": result.seed,
        "status": result.status,
        "total": number_or_sign(result.percent.get("total"), result.status),
        "time": "" if result.seconds is None else hours(result.seconds),
        "log": result.log.as_posix() if result.metrics else "",
        "link": link_to(result.log, folder) if result.metrics else "",
        "error": result.error if result.status == "failed" else "",
    }


def command_of(results: Sequence[RunResult]) -> str:
    """The recorded command. Once, where the seeds' commands differ in nothing but the seed; else each its own."""
    commands = {result.seed: str(result.metrics["command"]) for result in results if result.metrics.get("command")}
    lines = grouped(commands, lambda seed: re.sub(rf"(--seed[ =]|/seed){seed}\b", r"\1SEED", commands[seed]))
    if len(lines) == 1 and len(commands) > 1:
        pattern, seeds = next(iter(lines.items()))
        return f"{pattern}\n# SEED: {', '.join(map(str, seeds))}"
    return "\n".join(commands.values())
