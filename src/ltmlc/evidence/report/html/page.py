"""``report.html``: everything in one file that needs no network, from the same evidence as ``REPRODUCTION.md``."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ltmlc.evidence.audit.report import HOW_TO_READ_AUDIT, audit_counts
from ltmlc.evidence.claims.report import by_dataset, differences_in_words, own_reason, shown_difference, stated
from ltmlc.evidence.claims.verdict import Verdict
from ltmlc.evidence.comparison.report import multiplicity
from ltmlc.evidence.labels.report import ARBITRARY, HOW_TO_READ_LABELS, NAMES, TITLE, shown_tables
from ltmlc.evidence.report.facts import citations, open_choices, total_time
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html import look, page_facts, pictures
from ltmlc.evidence.report.html.runs_view import run_views
from ltmlc.evidence.report.html.tables_view import View, signed, table_views
from ltmlc.evidence.report.lead import lead
from ltmlc.evidence.report.markdown import largest_differences
from ltmlc.evidence.results.results import COLUMNS

_SHOWN = 8  # of the largest differences


def report_html(evidence: Evidence, *, folder: str | Path = ".") -> str:
    """The page as text; links to logs are relative to ``folder``, where it will lie."""
    environment = _environment()
    script = _source(environment, "report.js")
    return environment.get_template("report.html.j2").render(
        **_context(evidence, Path(folder)),
        style=Markup(_source(environment, "report.css")),  # nosec B704 # our own file
        script=Markup(script),  # nosec B704 # our own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ltmlc.evidence.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inline"] = pictures.inline
    return environment


def _source(environment: Environment, name: str) -> str:
    return environment.loader.get_source(environment, name)[0]


def _context(evidence: Evidence, folder: Path) -> dict[str, Any]:
    tables, runs = table_views(evidence, folder), run_views(evidence, folder)
    sweeps = {
        table.name: pictures.sweep_picture(evidence, table, folder)
        for table in evidence.grid.tables.values()
        if table.kind == "figure"
    }
    curves = pictures.curve_pictures(evidence, folder)
    others = pictures.other_pictures(evidence, folder)
    return {
        "title": f"Reproduction: {' and '.join(evidence.titles.values())}",
        "lead": lead(evidence),
        "problem": evidence.problem,
        "finished": len(evidence.results.with_status("finished")),
        "seeds": evidence.results.seeds,
        "time": total_time(evidence.results),
        "published": evidence.published,
        "against": evidence.diff.against,
        "columns": COLUMNS,
        "counts": page_facts.verdict_counts(evidence),
        "multiplicity": "" if evidence.problem else multiplicity(evidence.diff),
        "largest": _largest(evidence),
        "shown": page_facts.shown(tables),
        "tables": tables,
        "sweeps": sweeps,
        "claims": _claims(evidence),
        "claims_text": differences_in_words(evidence.verdicts),
        "labels": _labels(evidence),
        "audit": {
            "text": HOW_TO_READ_AUDIT,
            "counts": audit_counts(evidence.findings),
            "groups": [
                (each, found)
                for each in look.SEVERITY_LOOKS.values()
                if (found := [finding for finding in evidence.findings if finding.severity == each.word])
            ],
        },
        "curves": [picture for picture in curves if not picture.reason],
        "pictures": [picture for picture in others if not picture.reason],
        "costs": page_facts.cost_table(evidence),
        "environment": page_facts.environment_rows(evidence),
        "gaps": page_facts.gaps(evidence, [*sweeps.values(), *curves, *others], folder),
        "choices": open_choices(evidence),
        "citations": citations(evidence.root),
        "runs": runs,
        "details": _details(tables, runs),
        "signed": signed,
    }


def _largest(evidence: Evidence) -> list[dict[str, Any]]:
    tables = evidence.grid.tables
    return [
        {
            "cell": cell,
            "table": tables[cell.table].title,
            "dataset": evidence.titles[cell.dataset],
            "difference": signed(cell.difference),
            "look": look.CELLS[cell.verdict],
        }
        for cell in largest_differences(evidence.diff)[:_SHOWN]
    ]


def _claims(evidence: Evidence) -> list[tuple[str, list[dict[str, Any]]]]:
    subjects = evidence.subjects
    return [(subjects[dataset], list(map(_claim, own))) for dataset, own in by_dataset(evidence.verdicts).items()]


def _claim(verdict: Verdict) -> dict[str, Any]:
    return {
        "section": verdict.section,
        "statement": verdict.statement,
        "look": look.CLAIMS[verdict.verdict],
        "missing": verdict.verdict == "missing",
        "difference": verdict.difference,
        "ours": shown_difference(verdict).replace("-", "−"),
        "stated": stated(verdict),
        "comparison": verdict.comparison,
        "reason": own_reason(verdict),
    }


def _labels(evidence: Evidence) -> View:
    """``tables`` is empty where no run has predictions; the section is then left out."""
    return {
        "title": TITLE,
        "texts": [HOW_TO_READ_LABELS, ARBITRARY],
        "names": list(NAMES.values()),
        "tables": [
            {"title": f"{title}, {evidence.titles[dataset]}", "rows": rows}
            for title, dataset, rows in shown_tables(evidence.labels[0])
        ],
    }


def _details(tables: Sequence[View], runs: Sequence[View]) -> View:
    """What the pop-ups say: every cell's lines in reading order, every run once."""
    views = [view for table in tables for view in table["datasets"]]
    return {
        "cells": [cell["details"] for view in views for row in view["rows"] for cell in row["cells"]],
        "runs": {run["anchor"]: {"run": run["run"], "logs": _logs(run), "command": run["command"]} for run in runs},
    }


def _logs(run: View) -> list[list[Any]]:
    return [[seed[key] for key in ("seed", "status", "log", "link")] for seed in run["seeds"] if seed["log"]]
