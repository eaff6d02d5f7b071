"""The report: one HTML page, the same in Markdown, numbers for LaTeX and the reproducibility checklist."""

from pathlib import Path

from ltmlc.evidence.report.checklist import checklist_markdown
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.report.latex_numbers import numbers_tex
from ltmlc.evidence.report.markdown import evidence_markdown


def report_files(evidence: Evidence, directory: str | Path) -> dict[str, str]:
    """Name -> text; links in the pages are relative to ``directory``, where they will lie. Partial results give partial
    pages, never an error.
    """
    return {
        "report.html": report_html(evidence, folder=directory),
        "REPRODUCTION.md": evidence_markdown(evidence, folder=directory),
        "numbers.tex": numbers_tex(evidence),
        "checklist.md": checklist_markdown(evidence),
    }
