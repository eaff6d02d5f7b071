"""The report: one HTML page, the same in Markdown, numbers for LaTeX and the reproducibility checklist."""

from pathlib import Path

from ltmlc.evidence.markup import write_texts
from ltmlc.evidence.report.checklist import checklist_markdown
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.report.latex_numbers import numbers_tex
from ltmlc.evidence.report.markdown import evidence_markdown


def write_report(evidence: Evidence, directory: str | Path) -> list[Path]:
    """Write ``report.html``, ``REPRODUCTION.md``, ``numbers.tex`` and ``checklist.md`` into ``directory``, to which
    links in the pages are relative. Partial results give partial pages, never an error.
    """
    texts = {
        "report.html": report_html(evidence, folder=directory),
        "REPRODUCTION.md": evidence_markdown(evidence, folder=directory),
        "numbers.tex": numbers_tex(evidence),
        "checklist.md": checklist_markdown(evidence),
    }
    return write_texts(directory, texts)
