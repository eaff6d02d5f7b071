"""``REPRODUCTION.md``: one page that says what came out, verdicts first, and how far to trust it."""

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
from ltmlc.evidence.markup import markdown_page, markdown_table, tally
from ltmlc.evidence.report.facts import judged_datasets
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.lead import lead, not_asked
from ltmlc.evidence.report.markdown_parts import how_to_cite, left_open, link, tables, what_was_run

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
        what_was_run(evidence),
        tables(evidence, folder),
        _numbers(evidence.diff, evidence.problem),
        _claims(evidence.verdicts, evidence.subjects, folder),
        _labels(evidence),
        _audit(evidence.findings, folder),
        left_open(evidence),
        how_to_cite(evidence),
    ]
    return markdown_page(sections)


def _verdicts(evidence: Evidence, folder: Path) -> str:
    """Both counts, side by side with the data sets."""
    diff, titles = evidence.diff, evidence.titles
    other = "the published ones" if evidence.published else f"our reference {markdown_code(diff.against)}"
    parts = ["## Verdicts"]
    if diff.cells:
        parts.append(f"Numbers against {other}{link(folder, ' ([every cell]({}))', 'diff.md')}:")
        parts.append(_counts(CELL_VERDICTS, diff.cells, titles))
    elif evidence.problem:
        parts.append(evidence.problem)
    else:
        parts.append(multiplicity(diff))
    if evidence.verdicts:
        parts.append(f"Sentences of the paper{link(folder, ' ([every claim]({}))', 'claims.md')}:")
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
    more = link(folder, "Which comparison, and why the verdict: [{0}]({0}).", "claims.md")
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
    rest = link(folder, " (the rest: [{0}]({0}))", "audit.md")
    return f"{text}The contradictions{rest}:\n\n{finding_table(grave)}" if grave else text
