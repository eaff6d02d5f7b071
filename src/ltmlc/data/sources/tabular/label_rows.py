"""Tables with one label a row, as Open Images has them: made into one row an image, which everything else reads."""

import json
from collections.abc import Mapping

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.source import path_key
from ltmlc.data.sources.tabular.class_columns import BLANK, MEANING, value_of
from ltmlc.data.sources.tabular.columns import describe_missing
from ltmlc.data.sources.tabular.table import CsvRow, CsvTable
from ltmlc.errors import InputError

PRESENT = {cell: kind == "positive" for cell, kind in MEANING.items() if kind != "uncertain"}
PRESENT |= {"yes": True, "no": False}
"""What a cell of the column that says whether the label is there may be."""

ANSWERS = {*PRESENT, "y", "n", "positive", "negative", "present", "absent"}
"""What else looks like an answer to whether a label is there."""


def one_row_an_image(table: CsvTable, columns: Mapping[str, str], *, ask: bool, faults: Faults) -> tuple[CsvTable, str]:
    """The table with all labels of an image in one cell, as a list; and how it was read, for people.

    Args:
        table: with one label a row.
        columns: ``path``, ``labels``, and where there are such columns ``split`` and ``present``, by their names here.
        ask: whether a column that looks like ``present`` is to be asked for; the user has not said that there is none.
        faults: takes rows of one image that disagree, and cells that say neither yes nor no.

    Raises:
        InputError: a column is missing, or one that is not named looks as if it said whether a label is there.
    """
    wanted = [key for key in ("path", "labels", "present") if key in columns]
    missing = [key for key in wanted if columns[key] not in table.columns]
    if missing:
        raise InputError(f"{table.path} has no column {describe_missing(missing, table.columns, called=columns)}")
    if ask and "present" not in columns:
        _ask_for_present(table, set(columns.values()))
    paths, labels = table.cells(columns["path"]), table.cells(columns["labels"])
    present = table.cells(columns["present"]) if "present" in columns else ["1"] * len(paths)
    groups: dict[str, tuple[CsvRow, list[str]]] = {}
    place = table.columns.index(columns["labels"])
    split = table.columns.index(columns["split"]) if columns["split"] in table.columns else None
    for row, path, label, said in zip(table.rows, paths, labels, present, strict=True):
        first, names = groups.setdefault(path_key(path), (row, []))
        there = PRESENT.get(value_of(said))
        if there is None:
            faults.add(
                f"{row.where}: {columns['present']} is {said[:40]!r}", mend="write 1 or 0: whether the label is there"
            )
        elif there and label and label not in names:
            names.append(label)
        if split is not None and row.cells[split] != first.cells[split]:
            faults.add(
                f"{row.where}: {columns['split']} is {row.cells[split][:40]!r}, before ({first.where}) it was "
                f"{first.cells[split][:40]!r}",
                mend="an image is for training or for testing; write the same in all its rows",
            )
    kept = [index for index, name in enumerate(table.columns) if name != columns.get("present")]
    rows = [
        CsvRow(first.where, [json.dumps(names) if index == place else first.cells[index] for index in kept])
        for first, names in groups.values()
    ]
    note = f"{table.path}: one label a row, {len(table.rows)} rows of {len(rows)} images"
    return CsvTable(table.path, table.delimiter, [table.columns[index] for index in kept], rows), note


def _ask_for_present(table: CsvTable, named: set[str]) -> None:
    """Where a label may be said to be absent, reading it as there would be wrong, so it is asked for."""
    for column in table.columns:
        seen = set(map(value_of, table.cells(column))) - BLANK if column and column not in named else set()
        there_alone = all(PRESENT.get(cell, False) for cell in seen)
        if not there_alone and (seen <= ANSWERS or all(map(_is_number, seen))):
            raise InputError(
                f"{table.path}: the column {column} says {', '.join(sorted(seen)[:4])}: it is not certain whether it "
                f"says which labels are there; if so, write source.columns.present: {column} (1 or 0 in each row), or "
                "else source.columns.present: null"
            )


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False
