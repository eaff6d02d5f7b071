"""Your own data set: a CSV with one image a row, ``path,labels`` and optionally ``split``."""

import csv
from pathlib import Path

import numpy as np

from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.source import Pool, first_existing
from ltmlc.errors import InputError

Rows = dict[str, list[str]]
"""Image path -> its label names."""


class CsvSource:
    """A :class:`ltmlc.data.sources.source.Source` over CSV files. An image's id is its ``path``.

    Args:
        root: the data root; ``train``, ``test``, ``table`` and ``images`` are relative to it.
        train, test: one CSV each; or
        table: one CSV for both, with a column ``split`` that says ``train`` or ``test``.
        images: folder that the column ``path`` is relative to.
        classes: class names in order, other labels are errors; without it the labels that occur, sorted.

    The column ``labels`` is split at ``;`` if it has one and else at spaces: ``traffic light;person`` and
    ``dog person`` are two each. An image without labels is kept in the test set and left out of the training pool.
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
    ) -> None:
        if (table is None) == (train is None or test is None) or (table and (train or test)):
            raise InputError(
                "source (kind csv) needs either train and test, one CSV each, or table, one CSV with a column split"
            )
        self._images = Path(root) / images
        if table is None:
            self._train, self._test = read_table(Path(root) / train), read_table(Path(root) / test)
        else:
            self._train = read_table(Path(root) / table, split="train")
            self._test = read_table(Path(root) / table, split="test")
        occurring = {label for rows in (self._train, self._test) for labels in rows.values() for label in labels}
        self.classes = sorted(occurring) if classes is None else list(classes)
        outside = sorted(occurring - set(self.classes))
        if outside:
            raise InputError(
                f"source.classes does not have the label {', '.join(outside)} of the CSV; valid: "
                f"{', '.join(self.classes)}"
            )

    def train_pool(self) -> Pool:
        return self._pool({path: labels for path, labels in self._train.items() if labels})

    def test_pool(self) -> Pool:
        return self._pool(self._test)

    def read_image(self, image_id: str) -> np.ndarray:
        return read_rgb(self._images / image_id)

    def _pool(self, rows: Rows) -> Pool:
        column = {name: index for index, name in enumerate(self.classes)}
        matrix = np.zeros((len(rows), len(column)), np.uint8)
        for row, labels in zip(matrix, rows.values(), strict=True):
            row[[column[label] for label in labels]] = 1
        return Pool(list(rows), matrix)


def read_table(path: Path, *, split: str | None = None) -> Rows:
    """The images of one CSV in file order; with ``split`` only those whose column ``split`` says so.

    Raises InputError naming the line of a missing path, an image that is listed twice, or an unknown split.
    """
    first_existing([path], what="CSV of the data set")
    needed = ["path", "labels"] + ["split"] * (split is not None)
    rows: Rows = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in needed if name not in (reader.fieldnames or [])]
            if missing:
                raise InputError(
                    f"{path} has no column {', '.join(missing)}; its first line must name the columns "
                    f"{', '.join(needed)}"
                )
            for record in reader:
                where = f"{path}, line {reader.line_num}"
                image = (record["path"] or "").strip()
                if not image or image in rows:
                    raise InputError(
                        f"{where}: image {image!r} is listed twice" if image else f"{where}: the path is empty"
                    )
                if not image.isprintable():
                    raise InputError(f"{where}: {image[:40]!r} is no path; is a quotation mark open before it?")
                part = (record["split"] or "").strip() if split is not None else None
                if part not in (None, "train", "test"):
                    raise InputError(f"{where}: split is {part!r}; valid: train, test")
                if part == split:
                    rows[image] = split_labels(record["labels"] or "")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV in UTF-8: {error}") from None
    return rows


def split_labels(cell: str) -> list[str]:
    """``"traffic light;person"`` -> two names, ``"dog person"`` -> two names."""
    parts = cell.split(";") if ";" in cell else cell.split()
    return [part.strip() for part in parts if part.strip()]
