"""``label_metrics.csv`` and ``label_metrics.md``: a table of their own, as the paper prints none of these numbers."""

from collections.abc import Mapping, Sequence

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.markdown_file import markdown_escape
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.labels.measure import LABEL_COLUMNS, LabelRow
from ltmlc.evidence.markup import markdown_table, number
from ltmlc.metrics import LABEL_METRICS

TITLE = "Predicted labels"
HOW_TO_READ_LABELS = (
    "The paper prints none of these numbers. Percent, means over seeds, of the labels whose probability exceeds 0.5 (a "
    "logit above 0), then of the three largest logits of each image. CP, CR: precision and recall, means over classes; "
    "CF1: of these two; OP, OR, OF1: all labels together, OF1 is micro F1; macro F1: mean over classes of F1. A class "
    "that is never predicted has precision 0; one without a test image is in no mean over classes."
)
ARBITRARY = (
    "The threshold of a ranking loss is arbitrary: LSEP and C-LSEP see differences of logits alone, so nothing places "
    "their logits about 0; DR pushes absent classes below 0, but nothing pushes present ones above; ASL discounts "
    "absent classes, which moves it. Logits that a small rate has hardly moved lie about 0 whatever the loss. What "
    "exceeds 0.5 then says where the logits happen to lie, not how good the network is. C-LSEP never compares the "
    "classes of one image, so that its top three are arbitrary, too."
)
NAMES = {name: name.upper() for name in LABEL_METRICS} | {"macro_f1": "macro F1"}


def label_metrics_files(rows: Sequence[LabelRow], titles: Mapping[str, str]) -> dict[str, str]:
    """Name -> text; ``titles``: data set -> what it is called."""
    page = f"# {TITLE}\n\n{label_markdown(rows, titles)}"
    return {"label_metrics.csv": label_csv(rows), "label_metrics.md": page}


def label_csv(rows: Sequence[LabelRow]) -> str:
    """One line a row and data set: mean and sd of every column, empty where there are no predictions."""
    header = ["table", "row", "dataset", "run", "n"]
    header += [f"{column}{suffix}" for column in LABEL_COLUMNS for suffix in ("", "_sd")]
    lines = [
        [row.table.name, row.row.label, row.dataset, row.row.run[row.dataset], row.n]
        + [number(values.get(column)) for column in LABEL_COLUMNS for values in (row.mean, row.sd)]
        for row in rows
    ]
    return csv_text(header, lines)


def shown_tables(rows: Sequence[LabelRow]) -> list[tuple[str, str, list[tuple[str, list[str]]]]]:
    """(title of the table, data set, its rows: label and numbers as printed) of those that have any predictions."""
    groups = grouped(rows, lambda row: (row.table.name, row.dataset)).values()
    shown = [members for members in groups if any(row.n for row in members)]
    return [(rows[0].table.title, rows[0].dataset, list(map(_printed, rows))) for rows in shown]


def _printed(row: LabelRow) -> tuple[str, list[str]]:
    return row.row.label, [number(row.mean.get(column), none="…") for column in LABEL_COLUMNS]


def label_markdown(rows: Sequence[LabelRow], titles: Mapping[str, str], *, heading: str = "##") -> str:
    """How to read it, then one table under a ``heading`` a table and data set; ``…`` in a row without predictions."""
    header = ["Method", *NAMES.values(), *(f"top-3 {name}" for name in NAMES.values())]
    parts = [HOW_TO_READ_LABELS, ARBITRARY]
    for title, dataset, members in shown_tables(rows):
        lines = [[markdown_escape(label), *numbers] for label, numbers in members]
        parts.append(f"{heading} {markdown_escape(title)}, {markdown_escape(titles[dataset])}")
        parts.append(markdown_table(header, lines).strip())
    if len(parts) == 2:
        parts.append("No run has predictions yet.")
    return "\n\n".join(parts) + "\n"
