"""What a row says beside its labels: which image it is, and whether it is for training or for testing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import fault_of_path
from ltmlc.data.sources.source import LONGEST_LIST, OWN, first_existing, path_key, plain_path
from ltmlc.data.sources.tabular.table import CsvTable
from ltmlc.disk.reading import read_text

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation", "dev")
"""What a column split may say without being asked, in any case; of TEST only one in a table."""

Splits = Mapping[str, Sequence[str]]
"""``train`` and ``test`` -> the values of the column split that are meant."""


def image_ids(table: CsvTable, column: str, *, suffix: str, faults: Faults) -> list[str]:
    """The id of each row, its path in plain form. ``faults`` takes what is no path, and repetitions."""
    ids: list[str] = []
    seen: dict[str, str] = {}
    for row, text in zip(table.rows, table.cells(column), strict=True):
        if (reason := fault_of_path(text)) is not None:
            faults.add(
                f"{row.where}: the path {text[:80]!r} {reason}", mend="write the path of a file below source.images"
            )
        image = plain_path(text + suffix)
        key = path_key(image)
        if key in seen and text:
            faults.add(
                f"{row.where}: image {text!r} is listed twice (before: {seen[key]})",
                mend="give each image one row, with all its labels in it; or if every row is one label of its image, "
                "write source.rows: labels",
            )
        seen.setdefault(key, row.where)
        ids.append(image)
    return ids


def parts_of(table: CsvTable, column: str, *, splits: Splits | None, faults: Faults) -> list[str | None]:
    """``train`` or ``test`` of each row; None for a row that ``splits`` does not name."""
    values = table.cells(column)
    if splits is not None:
        part_of = {value: part for part, named in splits.items() for value in named}
        return [part_of.get(value) for value in values]
    part_of = dict.fromkeys(TRAIN, "train") | dict.fromkeys(TEST, "test")
    distinct = list(dict.fromkeys(values))
    tests = [value for value in distinct if part_of.get(value.casefold()) == "test"]
    trains = [value for value in distinct if part_of.get(value.casefold()) == "train"]
    if len({value.casefold() for value in tests}) > 1:
        counts = ", ".join(f"{value} ({values.count(value)} rows)" for value in tests)
        faults.add(
            f"the column {column} says {counts}: it is not certain which is the test set",
            mend="say what is trained and tested on, such as source.splits: "
            f"{{train: [{', '.join(trains) or 'train'}], test: [{tests[0]}]}}; other rows are left out",
        )
    for row, value in zip(table.rows, values, strict=True):
        if value.casefold() not in part_of:
            faults.add(
                f"{row.where}: {column} is {value[:40]!r}",
                mend="write train or test, or say what the values mean, such as source.splits: {train: [a], test: [b]}",
            )
    return [part_of.get(value.casefold()) for value in values]


def parts_in_lists(ids: Sequence[str], lists: Mapping[str, Path], *, suffix: str, faults: Faults) -> list[str | None]:
    """``train`` or ``test`` of each image, as lists of images say, one path a line; None for one that no list has.

    ``faults`` takes images that both lists have, or that have no row.
    """
    part_of: dict[str, str] = {}
    rows = set(ids)
    for part, path in lists.items():
        first_existing([path], what=f"list of images (source.lists.{part})", mend=OWN)
        lines = enumerate(read_text(path, limit=LONGEST_LIST).split("\n"), start=1)
        for line, text in ((number, text.strip(" \t\r")) for number, text in lines):
            image = plain_path(text if text.endswith(suffix) else text + suffix) if text else None
            if image is None:
                continue
            if image not in rows:
                faults.add(f"{path}, line {line}: {text[:80]!r} has no row", mend="write it as the table does")
            elif part_of.setdefault(image, part) != part:
                mend = "an image is for training or for testing; take it out of one of the lists"
                faults.add(f"{path}, line {line}: {text[:80]!r} is in both lists", mend=mend)
    return [part_of.get(image) for image in ids]
