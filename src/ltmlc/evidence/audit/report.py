"""``audit.csv`` and ``audit.md``: what the published numbers say against each other."""

from collections import Counter
from collections.abc import Sequence

from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.audit.rows import SEVERITIES, Finding
from ltmlc.evidence.markup import markdown_page, markdown_table, number, records_csv

HOW_TO_READ_AUDIT = (
    "Before any training, from the numbers as printed. Rows that show one run with the same numbers count once. "
    "The splits of the authors' own rows are means of class APs that were already rounded to whole percent, their "
    "totals are not: compare splits at that tolerance, and never rebuild a total from its splits."
)


def audit_files(findings: Sequence[Finding]) -> dict[str, str]:
    """Name -> text."""
    return {"audit.csv": records_csv(Finding, findings), "audit.md": audit_markdown(findings)}


def audit_markdown(findings: Sequence[Finding]) -> str:
    """The findings for a reader, gravest first."""
    sections = ["# The published numbers, held against each other", audit_summary(findings)]
    for severity, meaning in SEVERITIES.items():
        chosen = [finding for finding in findings if finding.severity == severity]
        if chosen:
            sections.append(f"## {severity.capitalize()}s: {meaning}\n\n{finding_table(chosen)}")
    return markdown_page(sections)


def audit_summary(findings: Sequence[Finding]) -> str:
    """How many findings of each kind and severity, in one sentence and one table."""
    if not findings:
        return "Nothing to report: no published numbers, or none that disagree."
    found = [severity for severity in SEVERITIES if any(finding.severity == severity for finding in findings)]
    rows = [[kind, *(counts[each] or "" for each in found)] for kind, counts in audit_counts(findings).items()]
    return f"{HOW_TO_READ_AUDIT}\n\n{markdown_table(['finding', *found], rows)}"


def audit_counts(findings: Sequence[Finding]) -> dict[str, dict[str, int]]:
    """Kind of finding -> severity -> how many, zeros included."""
    counts = Counter((finding.kind, finding.severity) for finding in findings)
    kinds = dict.fromkeys(finding.kind for finding in findings)
    return {kind: {severity: counts[kind, severity] for severity in SEVERITIES} for kind in kinds}


def finding_table(findings: Sequence[Finding]) -> str:
    rows = [
        [
            finding.kind,
            finding.dataset,
            markdown_escape(finding.rows),
            markdown_escape(finding.numbers),
            number(finding.difference, sign="+"),
            markdown_escape(finding.sentence),
        ]
        for finding in findings
    ]
    return markdown_table(["finding", "data set", "rows", "numbers", "difference", ""], rows, left=6)
