"""Precision, recall and F1 of predicted labels, as plain values for the template."""

from typing import Any

from ltmlc.evidence.labels.measure import LABEL_COLUMNS
from ltmlc.evidence.labels.report import ARBITRARY, HOW_TO_READ_LABELS, NAMES, TITLE, tables_of
from ltmlc.evidence.markup import number
from ltmlc.evidence.report.gather import Evidence


def labels_view(evidence: Evidence) -> dict[str, Any]:
    """``tables`` is empty where no run has predictions; the section is then left out."""
    rows, _ = evidence.labels
    return {
        "title": TITLE,
        "texts": [HOW_TO_READ_LABELS, ARBITRARY],
        "names": list(NAMES.values()),
        "tables": [
            {"title": f"{title}, {evidence.titles[dataset]}", "rows": list(map(_line, members))}
            for title, dataset, members in tables_of(rows)
        ],
    }


def _line(row: Any) -> tuple[str, list[str]]:
    return row.row.label, [number(row.mean.get(column), none="…") for column in LABEL_COLUMNS]
