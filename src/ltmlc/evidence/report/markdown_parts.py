"""Sections of ``REPRODUCTION.md`` that restate what is on file: runs, tables, open choices, citation."""

import os
from pathlib import Path

from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.markup import hours, markdown_table, named_seeds
from ltmlc.evidence.report.facts import (
    ENVIRONMENT,
    Citation,
    DatasetCost,
    citations,
    costs,
    environment,
    open_choices,
    total_time,
)
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.tables.tables import tabulate


def what_was_run(evidence: Evidence) -> str:
    """Data sets, runs, time, versions; more than one value of a version stands side by side."""
    results = evidence.results
    header = ["data set", "classes", "training images", "test images", "finished", "failed", "missing", "training time"]
    parts = [
        "## What was run",
        f"{named_seeds(results.seeds).capitalize()}; {total_time(results)} of training in all.",
        markdown_table(header, map(_dataset, costs(evidence))).strip(),
    ]
    found = environment(results.with_status("finished"), ENVIRONMENT)
    lines = [f"- {name}: {', '.join(map(markdown_escape, values))}" for name, values in found.items()]
    lines += [f"- **{markdown_escape(message)}**" for message in results.messages]
    failed = results.with_status("failed")
    lines += [f"- failed: {markdown_escape(f'{result.name}: {result.error}')}" for result in failed]
    return "\n\n".join([*parts, "\n".join(lines)])


def _dataset(cost: DatasetCost) -> list[object]:
    sizes = [cost.class_text, cost.train_images or "", cost.test_images or ""]
    return [markdown_escape(cost.title), *sizes, *cost.runs.values(), hours(cost.seconds)]


def link(folder: Path, text: str, name: str) -> str:
    """``text`` with the name in its braces; empty where no such file lies in ``folder``."""
    return text.format(name) if (folder / name).exists() else ""


def tables(evidence: Evidence, folder: Path) -> str:
    """Every table as it stands in ``tables/``; a figure that is drawn is linked, with the file of its numbers."""
    parts = ["## Tables"]
    for name, table in evidence.grid.tables.items():
        figure = os.path.relpath(evidence.figures / f"{name}.png", folder)
        if table.kind == "figure" and (folder / figure).exists():
            title, caption = markdown_escape(table.title), markdown_escape(table.caption)
            numbers = link(folder, "\n\nIts numbers: [{0}]({0}).", f"tables/{name}.md")
            parts.append(f"### {title}\n\n{caption}\n\n![{title}]({figure}){numbers}")
        else:
            text = tabulate(evidence.grid, evidence.results, name, splits=evidence.splits)["md"]
            parts.append("##" + text.strip())
    return "\n\n".join(parts)


def left_open(evidence: Evidence) -> str:
    """Every choice that the paper does not make, with where ours comes from; equal ones once."""
    choices = open_choices(evidence)
    if not choices:
        return ""
    rows = [[markdown_escape(text) for text in (value, "; ".join(names), origin)] for value, names, origin in choices]
    table = markdown_table(["choice", "for", "where it comes from"], rows, left=3)
    return f"## What the paper leaves open\n\n{table}"


def how_to_cite(evidence: Evidence) -> str:
    """The paper and the software, from ``CITATION.cff``."""
    lines = [f"- {_reference(citation)}" for citation in citations(evidence.root)]
    return "## How to cite\n\n" + "\n".join(lines) if lines else ""


def _reference(citation: Citation) -> str:
    doi = f" https://doi.org/{citation.doi}" if citation.doi else ""
    return f"{citation.authors}: *{citation.title}*. {citation.place}.{doi}"
