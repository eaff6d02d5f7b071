"""The report: one HTML page, the same in Markdown, numbers for LaTeX and the reproducibility checklist."""

from pathlib import Path

from ltmlc.evidence.checklist import checklist_markdown
from ltmlc.evidence.gather import Evidence
from ltmlc.evidence.numbers import numbers_tex
from ltmlc.evidence.report.page import report_html
from ltmlc.evidence.summary import evidence_markdown
from ltmlc.files import write_atomically


def write_report(evidence: Evidence, directory: str | Path) -> list[Path]:
    """Write ``report.html``, ``REPRODUCTION.md``, ``numbers.tex`` and ``checklist.md`` into ``directory``.

    Args:
        evidence: from :func:`ltmlc.evidence.gather.gather`; partial results give partial pages, never an error.
        directory: links in the pages are relative to it.
    """
    texts = {
        "report.html": report_html(evidence, folder=directory),
        "REPRODUCTION.md": evidence_markdown(evidence, folder=directory),
        "numbers.tex": numbers_tex(evidence),
        "checklist.md": checklist_markdown(evidence),
    }
    paths = [Path(directory) / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_atomically(path, text)
    return paths
