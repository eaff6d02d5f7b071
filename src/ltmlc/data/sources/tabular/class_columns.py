"""A table with one column a class: 1 where the image has it, 0 where not."""

from collections.abc import Mapping, Sequence

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import NOTHING, plain_form, yaml_text
from ltmlc.data.sources.tabular.table import CsvTable
from ltmlc.errors import InputError, few

MEANING = {"1": "positive", "true": "positive", "0": "negative", "false": "negative", "-1": "uncertain"}
BLANK = {"", "nan", "na", "none", "null", "<na>"}

NO_CLASSES = {"id", "index", "idx", "number", "no", "unnamed: 0", "level 0", "fold", "group", "sex", "gender", "age"}
"""Columns, as :func:`ltmlc.data.sources.names.plain_form` gives them, that may hold 0 and 1 and be no class."""

ASKED = {
    "uncertain": "source.uncertain: positive, negative or exclude (the image is left out) says what -1 is",
    "blank": "source.blank: positive, negative or exclude (the image is left out) says what an empty cell is",
}


def find_class_columns(
    tables: Sequence[CsvTable], *, beside: set[str], classes: Sequence[str] | None, none: Sequence[str]
) -> list[str]:
    """Names of the columns that are classes.

    Args:
        beside: columns that have another meaning.
        classes: what the user names; else all columns with a name whose cells are 0, 1, -1 or empty.
        none: a column of that name says that an image has no label.

    Raises:
        InputError: no such column, one that one of two files lacks, or columns of other kinds among them.
    """
    first = tables[0]
    where = " and ".join(str(table.path) for table in tables)
    candidates = [name for name in first.columns if name and name not in beside]
    if classes is not None:
        absent = [name for name in classes if not all(name in table.columns for table in tables)]
        if absent:
            raise InputError(
                f"source.classes: {', '.join(absent)} is no column of {where}, which has: {', '.join(candidates)}"
            )
        return [*classes, *(name for name in none if name in candidates)]
    for table in tables[1:]:
        different = set(candidates) ^ {name for name in table.columns if name and name not in beside}
        if different:
            raise InputError(
                f"{where} do not have the same columns: {', '.join(sorted(different))} is in one of them; name the "
                "classes in source.classes"
            )
    fitting = [
        name
        for name in candidates
        if plain_form(name) not in NO_CLASSES and all(_holds_classes(table.cells(name)) for table in tables)
    ]
    if fitting != candidates or not candidates:
        others = [name for name in candidates if name not in fitting]
        shown = [name for name in fitting if plain_form(name) not in NOTHING]
        ways = [f"source.classes: [{', '.join(map(yaml_text, shown))}]"] if shown else []
        ways += [f"source.columns: {{labels: {yaml_text(name)}}}" for name in others[:1] if not fitting]
        raise InputError(
            f"{where} has no column labels, and not every other column is sure to be a class that holds 0 and 1 "
            f"({', '.join(others) or 'there is none'} is not); name the classes, or the column that holds labels: "
            f"{' or '.join(ways) or 'source.columns: {labels: NAME}'}"
        )
    return candidates


def _holds_classes(cells: Sequence[str]) -> bool:
    return all(value_of(cell) in MEANING or value_of(cell) in BLANK for cell in cells)


def value_of(cell: str) -> str:
    """A cell as ``MEANING`` and ``BLANK`` have it: 1.0 is 1, TRUE is true."""
    text = cell.casefold()
    return text.removesuffix(".0") if text not in BLANK else text


def read_class_columns(
    table: CsvTable,
    classes: Sequence[str],
    *,
    image: str,
    meaning: Mapping[str, str | None],
    faults: Faults,
) -> list[list[str] | None]:
    """Names of the classes of each row; None for an image that is to be left out.

    Args:
        image: the column of paths, for messages.
        meaning: of ``uncertain`` and ``blank``: positive, negative, exclude, or None where nobody said.
        faults: takes cells that are neither 0 nor 1, and the questions what -1 and an empty one are.
    """
    columns = [(name, table.columns.index(name)) for name in classes]
    path = table.columns.index(image)
    found: list[list[str] | None] = []
    for row in table.rows:
        names, excluded = [], False
        asked: dict[str, list[str]] = {}
        for name, index in columns:
            value = value_of(row.cells[index])
            kind = "blank" if value in BLANK else MEANING.get(value)
            if kind is None:
                asked.setdefault(f"is {row.cells[index][:40]!r}", []).append(name)
                continue
            said = meaning.get(kind, kind)
            if said is None:
                asked.setdefault(kind, []).append(name)
            elif said == "positive":
                names.append(name)
            excluded |= said == "exclude"
        for kind, these in asked.items():
            shown = {"uncertain": "is -1", "blank": "is empty"}.get(kind, kind)
            mend = ASKED.get(kind, "write 1 where the image has the class and 0 where not")
            faults.add(f"{row.where} ({row.cells[path][:80]}): {few(these, 5)} {shown}", mend=mend)
        found.append(None if excluded else names)
    return found
