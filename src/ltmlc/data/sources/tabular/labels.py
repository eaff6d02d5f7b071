"""The labels of every row of a CSV, and with them the classes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import check_names, fault_of
from ltmlc.data.sources.tabular.cells import part_cells
from ltmlc.data.sources.tabular.class_columns import find_class_columns, read_class_columns
from ltmlc.data.sources.tabular.table import CsvTable
from ltmlc.errors import InputError

Names = list[list[str] | None]
"""Labels of each row of a table; None for an image that is left out."""


@dataclass(frozen=True)
class LabelKeys:
    """What the user says of the labels: the keys of :class:`ltmlc.data.sources.csv_table.CsvSource`."""

    labels: str
    path: str
    split: str
    said: Collection[str]  # which of these three the user has named
    classes: Sequence[str] | None
    separator: str | None
    none: Sequence[str]
    rename: Mapping[str, str]
    meaning: Mapping[str, str | None]


def read_labels(
    tables: Sequence[CsvTable], keys: LabelKeys, *, faults: Faults, notes: list[str]
) -> tuple[list[str], list[Names]]:
    """The classes, and the labels of every row of every table: renamed, without those that say that there is none.

    Labels that are no class are among them where the user has listed the classes. ``faults`` takes what cannot be a
    label and what is to be asked, ``notes`` how the labels were read.
    """
    columns = None
    if all(keys.labels in table.columns for table in tables):
        unused = [f"source.{key}" for key, meaning in keys.meaning.items() if meaning is not None]
        _refuse_unused(unused, f"labels stand in the column {keys.labels}")
        found = _from_cells(tables, keys, faults, notes)
        read = {keys.labels, keys.path, keys.split, ""}
        unread = list(dict.fromkeys(name for table in tables for name in table.columns if name not in read))
        if unread:
            notes.append(f"columns that are not read: {', '.join(unread)}")
    else:
        unused = ["source.separator"] * (keys.separator is not None)
        unused += ["source.columns.labels"] * ("labels" in keys.said)
        _refuse_unused(unused, f"{tables[0].path} has no column {keys.labels}, and so one column a class")
        beside = {keys.path, keys.split}
        columns = find_class_columns(tables, beside=beside, classes=keys.classes, none=keys.none)
        options = {"image": keys.path, "meaning": keys.meaning, "faults": faults}
        found = [read_class_columns(table, columns, **options) for table in tables]
        notes.append("one column is one class")
    places, counts = _occurring(tables, found, columns or [])
    _check_none(tables, found, keys.none, faults)
    unused = [name for name in keys.rename if name not in places]
    if unused:
        faults.add(f"source.rename: {', '.join(unused)} is no label here", mend="write it as the file does")
    notes += [f"source.none: {name!r} is no label here" for name in keys.none if name not in places]
    asked = {name: where for name, where in places.items() if name not in keys.none and name not in keys.rename}
    check_names(asked, counts, known=keys.classes or (), faults=faults)
    classes = _classes(columns or sorted(places), keys, in_order=columns is not None)
    return classes, [[_kept(names, keys) for names in rows] for rows in found]


def _refuse_unused(keys: Sequence[str], reason: str) -> None:
    if keys:
        raise InputError(f"{' and '.join(keys)} would not be used: {reason}; remove it, or mend its value")


def _from_cells(tables: Sequence[CsvTable], keys: LabelKeys, faults: Faults, notes: list[str]) -> list[Names]:
    cells = [table.cells(keys.labels) for table in tables]
    places: dict[str, str] = {}
    for table, texts in zip(tables, cells, strict=True):
        for row, text in zip(table.rows, texts, strict=True):
            places.setdefault(text, row.where)
    whole = {*keys.none, *keys.rename, *(keys.classes or ())}
    parted, note = part_cells(places, separator=keys.separator, whole=whole, faults=faults)
    notes.append(note)
    return [[list(dict.fromkeys(parted.get(text, []))) for text in texts] for texts in cells]


def _occurring(
    tables: Sequence[CsvTable], found: Sequence[Names], columns: Sequence[str]
) -> tuple[dict[str, str], Counter[str]]:
    """Each label -> where it stands first, and -> how many images have it."""
    places: dict[str, str] = dict.fromkeys(columns, "the first line")
    counts: Counter[str] = Counter()
    for table, rows in zip(tables, found, strict=True):
        for row, names in zip(table.rows, rows, strict=True):
            for name in names or ():
                places.setdefault(name, row.where)
                counts[name] += 1
    return places, counts


def _check_none(tables: Sequence[CsvTable], found: Sequence[Names], none: Sequence[str], faults: Faults) -> None:
    for table, rows in zip(tables, found, strict=True):
        for row, names in zip(table.rows, rows, strict=True):
            if len(names or ()) > 1 and not set(none).isdisjoint(names or ()):
                mend = "no label and a label cannot both be true; mend the row, or take the word out of source.none"
                faults.add(f"{row.where}: {', '.join(names or ())}", mend=mend)


def _classes(names: Sequence[str], keys: LabelKeys, *, in_order: bool) -> list[str]:
    if keys.classes is not None:
        classes = list(keys.classes)
    else:
        kept = dict.fromkeys(keys.rename.get(name, name) for name in names if name not in keys.none)
        classes = list(kept) if in_order else sorted(kept)
    for name in classes:
        if (reason := fault_of(name)) is not None and (name in keys.rename.values() or keys.classes is not None):
            raise InputError(f"the class {name[:60]!r} of source.classes or source.rename {reason}")
    return classes


def _kept(names: list[str] | None, keys: LabelKeys) -> list[str] | None:
    if names is None:
        return None
    return [keys.rename.get(name, name) for name in names if name not in keys.none]
