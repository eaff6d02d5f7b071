"""The rows of a CSV, however its columns are parted."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import CONTROL
from ltmlc.data.sources.source import OWN, first_existing
from ltmlc.disk.reading import UTF8, read_text
from ltmlc.errors import InputError

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}

LARGEST_TABLE = 500_000_000
"""Of one CSV: ten million images."""


@dataclass(frozen=True)
class CsvRow:
    """One image's row: where it stands, for messages, and its cells, as many as the table has columns."""

    where: str
    cells: list[str]


@dataclass(frozen=True)
class CsvTable:
    """A CSV: its columns by name, and its rows in file order."""

    path: Path
    delimiter: str
    columns: list[str]
    rows: list[CsvRow]

    def cells(self, column: str) -> list[str]:
        index = self.columns.index(column)
        return [row.cells[index] for row in self.rows]


def read_table(path: Path, *, expected: list[str], encoding: str | None, faults: Faults, prefix: str = "") -> CsvTable:
    """The table of one CSV.

    Args:
        expected: names of columns; how columns are parted is what finds most of them in the first line.
        encoding: of the file; None is UTF-8.
        faults: takes rows with more or fewer cells than the first line names.
        prefix: of the places of rows, where a message is about several files.

    Raises:
        InputError: no such file, no regular file, another encoding, no first line.
    """
    first_existing([path], what="CSV of the data set", mend=OWN)
    mend = "save the file as UTF-8, or say its encoding, such as source.encoding: latin-1"
    text = read_text(path, limit=LARGEST_TABLE, encoding=encoding or UTF8, mend=mend)
    lines = list(io.StringIO(text, newline=""))  # not splitlines, which parts a name at U+2028, too
    said = re.fullmatch(r'"?sep=(.)"?', lines[0].strip(" \r\n"), re.IGNORECASE) if lines else None  # Excel's own
    skipped = 1 if said else 0
    delimiter = said[1] if said else _delimiter(lines, expected)
    records = _records(lines[skipped:], delimiter, path, first=skipped + 1)
    _, columns = next(records, (0, []))
    columns = [name.strip() for name in columns]
    if not any(columns):
        raise InputError(f"{path} is empty; its first line must name the columns, such as path,labels,split")
    if any(re.search(f"[{CONTROL}]", name) for name in columns):
        raise InputError(
            f"{path}, line {skipped + 1}: a name of a column has a line end; is a quotation mark open there?"
        )
    rows = []
    for line, cells in records:
        cells = [cell.strip(" \t\r\n") for cell in cells]
        if any(cells):
            rows.append(
                CsvRow(f"{prefix}line {line}", _fitted(cells, columns, delimiter, f"{prefix}line {line}", faults))
            )
    return CsvTable(path, delimiter, columns, rows)


def _delimiter(lines: list[str], expected: list[str]) -> str:
    def found(delimiter: str) -> tuple[int, int]:
        names = [name.strip() for name in next(csv.reader(lines[:1], delimiter=delimiter), [])]
        return len(set(expected) & set(names)), len(names)

    return max(DELIMITERS, key=found)


def _records(lines: list[str], delimiter: str, path: Path, *, first: int) -> Iterator[tuple[int, list[str]]]:
    """Number of the first line and cells of each record; a cell in quotation marks may span lines."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    start = first
    try:
        for cells in reader:
            yield start, cells
            start = first + reader.line_num
    except csv.Error as error:
        raise InputError(f"{path}, line {start}: {error}; is a quotation mark open there?") from None


def _fitted(cells: list[str], columns: list[str], delimiter: str, where: str, faults: Faults) -> list[str]:
    wanted = len(columns)
    if any(cells[wanted:]):
        faults.add(
            f"{where} has {len(cells)} fields, but the first line names {wanted}",
            mend=f"put a cell that has {DELIMITERS.get(delimiter, delimiter)} in it between quotation marks, or part "
            f"labels by {'|' if delimiter == ';' else ';'}",
        )
    if len(cells) < wanted:
        faults.add(
            f"{where} has {len(cells)} {'field' if len(cells) == 1 else 'fields'}, but the first line names {wanted}",
            mend="write every cell, also an empty one: after the path of an image without labels stands "
            f"{DELIMITERS.get(delimiter, delimiter)}",
        )
    return (cells + [""] * wanted)[:wanted]
