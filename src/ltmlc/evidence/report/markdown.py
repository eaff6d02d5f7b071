"""``REPRODUCTION.md``: one page that says what came out, verdicts first, and how far to trust it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltmlc.disk.markdown_file import markdown_code, markdown_escape
from ltmlc.evidence.audit.report import audit_summary, finding_table
from ltmlc.evidence.audit.rows import Finding
from ltmlc.evidence.claims.report import by_dataset, differences_in_words, verdict_table
from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS, Verdict
from ltmlc.evidence.comparison.compare import Diff
from ltmlc.evidence.comparison.report import multiplicity
from ltmlc.evidence.comparison.verdicts import CELL_VERDICTS, Comparison
from ltmlc.evidence.labels.report import TITLE, label_markdown
from ltmlc.evidence.markup import hours, markdown_page, markdown_table, named_seeds, tally
from ltmlc.evidence.report.facts import (
    ENVIRONMENT,
    Citation,
    DatasetCost,
    citations,
    costs,
    environment,
    judged_datasets,
    open_choices,
    total_time,
)
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.lead import lead, not_asked
from ltmlc.evidence.tables.tables import tabulate

_WORST = 10  # cells shown here; all stand in diff.md


def evidence_markdown(evidence: Evidence, *, folder: str | Path = ".") -> str:
    """The page as text; ``folder`` is where it will lie, and files that lie there are linked.

    What is not there yet is said to be missing.
    """
    folder = Path(folder)
    sections = [
        f"# Reproduction: {' and '.join(map(markdown_escape, evidence.titles.values()))}",
        "\n\n".join(lead(evidence)),
        _verdicts(evidence, folder),
        _what_was_run(evidence),
        _tables(evidence, folder),
        _numbers(evidence.diff, evidence.problem),
        _claims(evidence.verdicts, evidence.subjects, folder),
        _labels(evidence),
        _audit(evidence.findings, folder),
        _left_open(evidence),
        how_to_cite(evidence),
    ]
    return markdown_page(sections)


def _verdicts(evidence: Evidence, folder: Path) -> str:
    """Both counts, side by side with the data sets."""
    diff, titles = evidence.diff, evidence.titles
    other = "the published ones" if evidence.published else f"our reference {markdown_code(diff.against)}"
    parts = ["## Verdicts"]
    if diff.cells:
        parts.append(f"Numbers against {other}{_link(folder, ' ([every cell]({}))', 'diff.md')}:")
        parts.append(_counts(CELL_VERDICTS, diff.cells, titles))
    elif evidence.problem:
        parts.append(evidence.problem)
    else:
        parts.append(multiplicity(diff))
    if evidence.verdicts:
        parts.append(f"Sentences of the paper{_link(folder, ' ([every claim]({}))', 'claims.md')}:")
        parts.append(_counts(CLAIM_VERDICTS, evidence.counted, evidence.subjects))
    if note := not_asked(evidence):
        parts.append(note)
    return "\n\n".join(part.strip() for part in parts)


def _counts(names: Sequence[str], judged: Sequence[Any], titles: Mapping[str, str]) -> str:
    shown = {name: markdown_escape(titles[name]) for name in judged_datasets(judged, titles)}
    return tally("all", names, judged, shown)


def _numbers(diff: Diff, problem: str) -> str:
    """What so many tests imply, and the largest differences."""
    if problem or not diff.cells:
        return ""
    outside = largest_differences(diff)
    text = f"## The numbers\n\n{multiplicity(diff)}"
    if outside:
        text += f"\n\nThe largest differences{f' ({_WORST} of {len(outside)})' if len(outside) > _WORST else ''}:\n\n"
        header = ["table", "row", "data set", "column", "ours", "reference", "difference", "verdict"]
        text += markdown_table(header, map(_cell, outside[:_WORST]), left=4)
    return text


def largest_differences(diff: Diff) -> list[Comparison]:
    """The cells that lie outside, or that have no verdict, largest difference first."""
    outside = [cell for cell in diff.cells if cell.verdict in ("above", "below", "no verdict")]
    return sorted((cell for cell in outside if cell.difference), key=lambda cell: -abs(cell.difference))


def _cell(cell: Comparison) -> list[str]:
    numbers = [f"{cell.ours:.2f}", f"{cell.reference:.2f}", f"{cell.difference:+.2f}"]
    return [cell.table, markdown_escape(cell.row), cell.dataset, cell.column, *numbers, cell.verdict]


def _claims(verdicts: list[Verdict], titles: Mapping[str, str], folder: Path) -> str:
    if not verdicts:
        return ""
    more = _link(folder, "Which comparison, and why the verdict: [{0}]({0}).", "claims.md")
    parts = ["## The paper's sentences"]
    parts += [f"{text} {more}".strip()] if (text := differences_in_words(verdicts)) else []
    for dataset, own in by_dataset(verdicts).items():
        parts.append(f"### {markdown_escape(titles[dataset])}")
        parts.append(verdict_table(own, brief=True).strip())
    return "\n\n".join(parts)


def _labels(evidence: Evidence) -> str:
    """Precision, recall and F1 of predicted labels, where any run has predictions."""
    rows, _ = evidence.labels
    tables = label_markdown(rows, evidence.titles, heading="###")
    return f"## {TITLE}\n\n{tables}" if any(row.n for row in rows) else ""


def _audit(findings: Sequence[Finding], folder: Path) -> str:
    """The paper's own numbers, short."""
    grave = [finding for finding in findings if finding.severity == "contradiction"]
    text = f"## The paper's own numbers\n\n{audit_summary(findings)}\n"
    rest = _link(folder, " (the rest: [{0}]({0}))", "audit.md")
    return f"{text}The contradictions{rest}:\n\n{finding_table(grave)}" if grave else text


def _what_was_run(evidence: Evidence) -> str:
    """Data sets, runs, time, versions; more than one value of a version stands side by side."""
    results = evidence.results
    header = ["data set", "classes", "training images", "test images", "finished", "failed", "missing", "training time"]
    parts = [
        "## What was run",
        f"{named_seeds(results.seeds).capitalize()}; {total_time(results)} of training in all.",
        markdown_table(header, map(_data_line, costs(evidence))).strip(),
    ]
    found = environment(results.with_status("finished"), ENVIRONMENT)
    lines = [f"- {name}: {', '.join(map(markdown_escape, values))}" for name, values in found.items()]
    lines += [f"- **{markdown_escape(message)}**" for message in evidence.diff.messages]
    failed = results.with_status("failed")
    lines += [f"- failed: {markdown_escape(f'{result.name}: {result.error}')}" for result in failed]
    return "\n\n".join([*parts, "\n".join(lines)])


def _data_line(cost: DatasetCost) -> list[object]:
    sizes = [cost.class_text, cost.train_images or "", cost.test_images or ""]
    return [markdown_escape(cost.title), *sizes, *cost.runs.values(), hours(cost.seconds)]


def _link(folder: Path, text: str, name: str) -> str:
    """``text`` with the name in its braces; empty where no such file lies in ``folder``."""
    return text.format(name) if (folder / name).exists() else ""


def _tables(evidence: Evidence, folder: Path) -> str:
    """Every table as it stands in ``tables/``; a figure that is drawn is linked, with the file of its numbers."""
    parts = ["## Tables"]
    for name, table in evidence.grid.tables.items():
        figure = os.path.relpath(evidence.figures / f"{name}.png", folder)
        if table.kind == "figure" and (folder / figure).exists():
            title, caption = markdown_escape(table.title), markdown_escape(table.caption)
            numbers = _link(folder, "\n\nIts numbers: [{0}]({0}).", f"tables/{name}.md")
            parts.append(f"### {title}\n\n{caption}\n\n![{title}]({figure}){numbers}")
        else:
            text = tabulate(evidence.grid, evidence.results, name, splits=evidence.splits)["md"]
            parts.append("##" + text.strip())
    return "\n\n".join(parts)


def _left_open(evidence: Evidence) -> str:
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
