"""Your own data set: a CSV with one image a row, its labels in one cell or one column a class; or one label a row."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.names import plain_form
from ltmlc.data.sources.source import Files, Pool, Source, UnusableImageError, no_labels, spelled
from ltmlc.data.sources.tabular.columns import describe_missing
from ltmlc.data.sources.tabular.label_rows import one_row_an_image
from ltmlc.data.sources.tabular.labels import LabelKeys, read_labels
from ltmlc.data.sources.tabular.rows import image_ids, parts_in_lists, parts_of
from ltmlc.data.sources.tabular.table import DELIMITERS, CsvTable, read_table
from ltmlc.errors import InputError

Rows = dict[str, list[str]]
"""Image id -> its label names."""

USUAL_NAMES = {"path": "path", "labels": "labels", "split": "split"}


class CsvSource(Source):
    """CSV files. An image's id is its path, in plain form.

    Args:
        root: the data root; ``train``, ``test``, ``table`` and ``images`` are relative to it.
        train, test: one CSV each; or
        table: one CSV for both, with a column ``split``.
        images: folder that the paths are relative to.
        classes: class names in order; other labels are left out, and counted. Without it the labels that occur, sorted,
            or the columns that are classes.
        columns: what the columns ``path``, ``labels`` and ``split`` are called here, and with one label a row
            ``present``, which says 1 or 0; None: there is no such column.
        rows: images or labels: what a row is of.
        separator: what parts labels in a cell; without it, it is looked for.
        none: labels that say that there is none.
        rename: label -> what it is called.
        splits: ``train`` and ``test`` -> values of the column ``split``; rows with others are left out, and counted.
        lists: ``train`` and ``test`` -> a file with one path of ``table`` a line, in place of the column ``split``.
        uncertain, blank: what -1 and an empty cell are in a column of a class: positive, negative, or exclude (the
            image is left out, and counted).
        suffix: what is missing at the end of each path, such as ``.jpg``.
        encoding: of the files, if not UTF-8.

    ``notes`` says how the files were read, and what was left out. What is not certain is an InputError that asks; so
    are all faults of the files, in one message with their lines.
    An image without labels is kept in the test set and left out of the training pool.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        train: str | None = None,
        test: str | None = None,
        table: str | None = None,
        images: str = ".",
        classes: list[str] | None = None,
        columns: Mapping[str, str | None] | None = None,
        rows: str = "images",
        separator: str | None = None,
        none: str | Sequence[str] = (),
        rename: Mapping[str, str] | None = None,
        splits: Mapping[str, str | Sequence[str]] | None = None,
        lists: Mapping[str, str] | None = None,
        uncertain: str | None = None,
        blank: str | None = None,
        suffix: str = "",
        encoding: str | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._images = Path(root) / images
        self._classes = classes
        self._columns = USUAL_NAMES | {key: name for key, name in (columns or {}).items() if name is not None}
        self._encoding = encoding
        files = [Path(root) / name for name in ([table] if table is not None else [train, test])]
        faults = Faults(" and ".join(map(str, files)))
        tables = [
            self._table(file, faults, several=len(files) > 1, split=table is not None and not lists) for file in files
        ]
        if rows == "labels":
            ask = "present" not in (columns or {})
            read = [one_row_an_image(each, self._columns, ask=ask, faults=faults) for each in tables]
            tables = [each for each, _ in read]
            self.notes += [note for _, note in read]
        ids = [image_ids(each, self._columns["path"], suffix=suffix, faults=faults) for each in tables]
        if table is None:
            parts: list[list[str | None]] = [
                [part] * len(each.rows) for part, each in zip(("train", "test"), tables, strict=True)
            ]
        elif lists:
            named_in = {part: Path(root) / name for part, name in lists.items()}
            parts = [parts_in_lists(ids[0], named_in, suffix=suffix, faults=faults)]
        else:
            named = {part: _listed(values) for part, values in (splits or {}).items()} or None
            parts = [parts_of(tables[0], self._columns["split"], splits=named, faults=faults)]
        keys = LabelKeys(
            labels=self._columns["labels"],
            path=self._columns["path"],
            split=self._columns["split"],
            said=frozenset(columns or ()),
            classes=classes,
            separator=separator,
            none=_listed(none),
            rename=dict(rename or {}),
            meaning={"uncertain": uncertain, "blank": blank},
        )
        self.classes, names = read_labels(tables, keys, faults=faults, notes=self.notes)
        faults.refuse()
        self._rows = self._chosen(ids, parts, names)
        self._note_paths(tables)

    def train_pool(self) -> Pool:
        return self._pool({image: names for image, names in self._rows["train"].items() if names})

    def test_pool(self) -> Pool:
        return self._pool(self._rows["test"])

    def read_image(self, image_id: str) -> np.ndarray:
        path = spelled(self._images, image_id)
        if not path.exists():
            raise UnusableImageError(path, _absent(path))
        return read_rgb(path)

    @staticmethod
    def label_files(source: dict[str, Any], root: Path) -> Files:
        files = {name: root / source[name] for name in ("table", "train", "test") if name in source}
        return files | {f"{part} list": root / name for part, name in source.get("lists", {}).items()}

    @staticmethod
    def photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
        folder = root / source.get("images", ".")
        return {image: spelled(folder, image) for image in ids}

    def _table(self, file: Path, faults: Faults, *, several: bool, split: bool) -> CsvTable:
        needed = ["path"] + ["split"] * split
        expected = [*self._columns.values(), *(self._classes or [])]
        prefix = f"{file.name}, " if several else ""
        table = read_table(file, expected=expected, encoding=self._encoding, faults=faults, prefix=prefix)
        missing = [key for key in needed if self._columns[key] not in table.columns]
        if missing:
            raise InputError(f"{file} has no column {describe_missing(missing, table.columns, called=self._columns)}")
        twice = [name for name in self._columns.values() if table.columns.count(name) > 1]
        if twice:
            raise InputError(f"{file} has two columns called {', '.join(twice)}; rename one")
        if table.delimiter != ",":
            self.notes.append(f"{file}: columns are parted by {DELIMITERS.get(table.delimiter, table.delimiter)}")
        return table

    def _chosen(
        self, ids: list[list[str]], parts: list[list[str | None]], names: list[list[list[str] | None]]
    ) -> dict[str, Rows]:
        rows: dict[str, Rows] = {"train": {}, "test": {}}
        outside: Counter[str] = Counter()
        no_part = excluded = 0
        known = set(self.classes)
        for table in zip(ids, parts, names, strict=True):
            for image, part, labels in zip(*table, strict=True):
                no_part += part is None
                excluded += part is not None and labels is None
                if part is not None and labels is not None:
                    outside.update(label for label in labels if label not in known)
                    rows[part][image] = list(dict.fromkeys(label for label in labels if label in known))
        unlabelled = sum(not labels for labels in rows["train"].values())
        if unlabelled:
            self.notes.append(f"{unlabelled} training images have no label and are left out")
        if no_part:
            self.notes.append(f"{no_part} rows are left out: source.splits or source.lists does not name them")
        if excluded:
            self.notes.append(f"{excluded} images are left out: source.uncertain or source.blank excludes them")
        if outside:
            shown = ", ".join(f"{name} ({count} images)" for name, count in outside.most_common(20))
            self.notes.append(f"{len(outside)} labels that source.classes does not name are left out: {shown}")
        return rows

    def _note_paths(self, tables: list[CsvTable]) -> None:
        count = sum("\\" in text for table in tables for text in table.cells(self._columns["path"]))
        if count:
            self.notes.append(f"{count} paths are written with \\, which is read as /")

    def _pool(self, rows: Rows) -> Pool:
        column = {name: index for index, name in enumerate(self.classes)}
        matrix = no_labels(len(rows), len(column))
        for row, labels in zip(matrix, rows.values(), strict=True):
            row[[column[label] for label in labels]] = 1
        return Pool(list(rows), matrix)


def _listed(value: str | int | Sequence[str]) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def _absent(path: Path) -> str:
    """That a file is not there, and what is there in its place."""
    wanted = plain_form(path.stem)
    files = path.parent.iterdir() if path.parent.is_dir() else ()
    beside = next((file.name for file in files if plain_form(file.stem) == wanted), None)
    if beside is None:
        return "is not there"
    return f"is not there, but {beside} is: write its name as it is (source.suffix adds an ending to all)"
