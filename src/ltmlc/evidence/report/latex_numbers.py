r"""``numbers.tex``: every number of every table as a LaTeX macro, so that a text never copies one by hand.

How macros are called, in letters alone as TeX wants them, the file says itself (``_HEADER``).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS
from ltmlc.evidence.comparison.verdicts import CELL_VERDICTS
from ltmlc.evidence.markup import latex_comment, number
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.tables.cells import Cell
from ltmlc.evidence.tables.controls import split_controls

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_number = partial(number, none=r"\ltmlcMissing")
_HEADER = r"""% Every number of every table: \input{numbers.tex}, then $\ltmlcTableTwoRowDrOnVocLtTotalMean$.
%
% \ltmlc  TABLE  Row LABEL  On DATASET  COLUMN  KIND, in letters alone: digits are spelled (16: OneSix, 1.5:
% OnePointFive), Greek letters named, other signs left out; labels that read alike get their place (PlaceTwo).
% COLUMN: Total, Head, Medium, Tail. KIND: Mean, Sd (over seeds), N (seeds), Gain (in total over the row above, where
% the table prints it), %(reference)s, Difference (ours minus that). Beneath each table: Chance, Oracle for Row LABEL.
% mAP in percent, differences in points, both with two decimals; signs are plain, so use them in math mode or \num{}.
% What is not there yet is \ltmlcMissing.
\providecommand{\ltmlcMissing}{\mbox{--}}
"""


def numbers_tex(evidence: Evidence) -> str:
    """The file as text. Whatever has no value yet is there all the same, so that a text with it compiles."""
    reference = "Published" if evidence.published else "Reference"
    lines, used = [_HEADER.replace("%(reference)s", reference).rstrip("\n")], set()
    for comment, values in _groups(evidence, reference):
        lines += ["", latex_comment(comment)]
        for name, value in values:
            while name in used:
                name += "Again"
            used.add(name)
            lines.append(rf"\newcommand{{\{name}}}{{{value}}}")
    return "\n".join(lines) + "\n"


def words(text: str) -> str:
    """A text as one word of capitalised parts, ASCII letters alone; empty if it has none."""
    text = re.sub(r"(?<=\d)[.,](?=\d)", " point ", text)
    text = re.sub(r"[\u0370-\u03ff]", lambda match: f" {_letter(match[0])} ", text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(character for character in text if not unicodedata.combining(character))
    text = re.sub(r"[0-9]", lambda match: f" {_DIGITS[int(match[0])]} ", text)
    return "".join(part.capitalize() for part in re.findall(r"[A-Za-z]+", text))


def _letter(greek: str) -> str:
    return unicodedata.name(greek, "").rpartition(" ")[2].lower()


def distinct(texts: Sequence[str]) -> list[str]:
    """The words of each text; those that read alike, or say nothing, get their place as well."""
    plain = [words(text) for text in texts]
    return [
        word if word and plain.count(word) == 1 else f"{word}Place{words(str(place))}"
        for place, word in enumerate(plain, 1)
    ]


def _groups(evidence: Evidence, reference: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(comment, its macros), counts first."""
    yield "counts", list(_counts(evidence))
    grid = evidence.grid
    datasets = dict(zip(grid.datasets, distinct(list(grid.datasets)), strict=True))
    for table, prefix in zip(grid.tables.values(), distinct(list(grid.tables)), strict=True):
        rows = evidence.rows[table.name]
        labels = distinct([row.label for row, _ in rows])
        for (row, cells), label in zip(rows, labels, strict=True):
            for dataset, cell in cells.items():
                stem = f"ltmlc{prefix}Row{label}On{datasets[dataset]}"
                values = [
                    (f"{stem}{column.capitalize()}{kind}", value)
                    for column in COLUMNS
                    for kind, value in _cell(evidence, table.name, row.label, cell, column, reference, row.delta)
                ]
                yield f"{table.title}, {row.label}, {evidence.titles[dataset]}: {cell.run}", values
        if table.kind == "table":
            yield from _controls(evidence, table.title, prefix, datasets)


def _counts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for status, count in evidence.results.counts.items():
        yield f"ltmlcRuns{status.capitalize()}", str(count)
    for verdict in CELL_VERDICTS:
        yield f"ltmlcCells{words(verdict)}", str(evidence.diff.counts[verdict])
    claims = Counter(each.verdict for each in evidence.counted)
    for verdict in CLAIM_VERDICTS:
        yield f"ltmlcClaims{words(verdict)}", str(claims[verdict])


def _cell(
    evidence: Evidence, table: str, label: str, cell: Cell, column: str, reference: str, gain: bool
) -> Iterator[tuple[str, str]]:
    yield "Mean", _number(cell.mean.get(column))
    yield "Sd", _number(cell.sd.get(column))
    yield "N", str(cell.n)
    if gain and column == "total":
        yield "Gain", _number(cell.delta, sign="+")
    comparison = evidence.comparisons.get((table, label, cell.run, cell.dataset, column))
    if comparison:
        yield reference, _number(comparison.reference)
        yield "Difference", _number(comparison.difference, sign="+")


def _controls(
    evidence: Evidence, title: str, prefix: str, datasets: dict[str, str]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for dataset, split in evidence.splits.items():
        if dataset in datasets:
            values = [
                (f"ltmlc{prefix}{control.capitalize()}On{datasets[dataset]}{column.capitalize()}", _number(value))
                for control, row in split_controls(split).items()
                for column, value in row.items()
            ]
            yield f"{title}, chance and oracle, {evidence.titles[dataset]}", values
