"""Which images are trained on and tested on: the split, its statistics, and its file."""

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.longtail import cooccurrence
from ltmlc.data.selection import repeated, select_rows
from ltmlc.data.sources.source import Pool, Source, first_existing
from ltmlc.disk.files import canonical_json, sealed, unsealed, write_atomically
from ltmlc.disk.reading import read_regular
from ltmlc.errors import InputError, few
from ltmlc.metrics import groups_of
from ltmlc.plan.reading.schema import defaults

LARGEST_SPLIT = 1_000_000_000
"""Bytes of a split file; one of 30 000 images has 0.9 MB."""

PAIRS_LISTED = 1000
"""Classes up to which a split lists how often two are together: of 10 000 that would be 200 MB of zeros."""


@dataclass(frozen=True)
class SplitStatistics:
    """What is counted from a split. Where it was read without the images, their ids only say how many there are."""

    dataset: str
    classes: list[str]
    train_ids: Sequence[Any]
    test_ids: Sequence[Any]
    class_counts: list[int]
    test_class_counts: list[int]
    cooccurrence: list[list[int]] | None
    """Training images with both of two classes; None for more than PAIRS_LISTED classes: ask ``Split.together``."""
    groups: dict[str, list[int]]
    thresholds: dict[str, int]
    sha256: str


@dataclass(frozen=True)
class Split(SplitStatistics):
    """Training and test images with their labels (class indices per image), and what is counted from them."""

    train_labels: list[list[int]]
    test_labels: list[list[int]]

    @classmethod
    def of(
        cls,
        dataset: str,
        classes: Sequence[str],
        train: Pool,
        test: Pool,
        thresholds: dict[str, int],
        groups: dict[str, list[int]] | None = None,
    ) -> "Split":
        """The split of these images; ``groups`` are those of the training images unless given."""
        counts = train.labels.sum(axis=0, dtype=np.int64)  # count_nonzero would copy them
        fields = {
            "dataset": dataset,
            "classes": list(classes),
            "train_ids": list(train.ids),
            "test_ids": list(test.ids),
            "train_labels": _indices(train.labels),
            "test_labels": _indices(test.labels),
            "class_counts": counts.tolist(),
            "test_class_counts": test.labels.sum(axis=0, dtype=np.int64).tolist(),
            "cooccurrence": cooccurrence(train.labels).tolist() if len(counts) <= PAIRS_LISTED else None,
            "groups": groups or groups_of(counts, **thresholds),
            "thresholds": thresholds,
        }
        return cls(**sealed(fields))

    @property
    def train_matrix(self) -> np.ndarray:
        """uint8 (N, C)"""
        return _matrix(self.train_labels, len(self.classes))

    @property
    def test_matrix(self) -> np.ndarray:
        """uint8 (N, C)"""
        return _matrix(self.test_labels, len(self.classes))

    @property
    def matrix(self) -> np.ndarray:
        """uint8 (N, C) of all images, training images first, as a pack has them."""
        return np.concatenate([self.train_matrix, self.test_matrix])

    def together(self) -> np.ndarray:
        """Training images with both of two classes, int64 (C, C)."""
        return cooccurrence(self.train_matrix) if self.cooccurrence is None else np.array(self.cooccurrence, np.int64)


def make_split(dataset_name: str, source: Source, config: dict[str, Any], *, root: str | Path = ".") -> Split:
    """Select the training images of a data set as its config says.

    ``config["subset"]`` with ``ids``: a published list, one id a line, a path relative to ``root``. Otherwise with
    ``alpha``, ``maximum``, ``minimum``, ``seed``: the construction of :mod:`ltmlc.data.longtail`. Without ``subset``:
    the whole pool. ``sha256`` is what the id list, read or constructed, must have (each id followed by a line end).

    Raises InputError for a list with another checksum, ids without labels, a class without a training image, or an
    image that is listed twice or in both sets.
    """
    pool, test = source.train_pool(), source.test_pool()
    if not pool.ids:
        raise InputError("no training image has a label; label some, or see whether source.train names the right file")
    tested = test.labels.sum(axis=0, dtype=np.int64)
    mend = "leave it out with source.classes, which lists the others, or add a training image of it"
    _refuse_empty_classes(source.classes, pool.labels, tested, where="the pool to select from", mend=mend)
    rows = select_rows(pool, config.get("subset"), Path(root))
    train = pool.chosen(rows)
    where = f"the {len(rows)} selected images"
    mend = "select more of them (subset.ids, or a larger subset.maximum), or leave it out with source.classes"
    _refuse_empty_classes(source.classes, train.labels, tested, where=where, mend=mend)
    twice = repeated([unicodedata.normalize("NFC", image) for image in train.ids + test.ids])
    if twice:
        raise InputError(
            f"{dataset_name}: {len(twice)} images (first: {twice[0]}) are listed twice or in both the training and the "
            "test set; list each once"
        )

    thresholds = defaults("dataset", "properties", "thresholds") | config.get("thresholds", {})
    return Split.of(dataset_name, source.classes, train, test, thresholds)


def untested(split: Split) -> list[str]:
    """A sentence on the classes that no test image has; none where there are none."""
    names = [name for name, count in zip(split.classes, split.test_class_counts, strict=True) if not count]
    return [f"{split.dataset}: no test image has class {', '.join(names)}, so no mean counts it"] if names else []


def class_lines(split: Split, *, most: int = 100) -> list[str]:
    """Each class with its training and test images, most frequent first, for people: a label misread is seen here.

    Of more than ``most`` classes the first and the last are shown.
    """
    rows = sorted(zip(split.class_counts, split.test_class_counts, split.classes, strict=True), key=lambda row: -row[0])
    lines = [f"{train:>8} {test:>8}  {name}" for train, test, name in rows]
    if len(lines) > most:
        left = len(lines) - most
        lines[most // 2 : -(most // 2)] = [f"{'...':>8} {'...':>8}  ({left} classes more; all are in the split file)"]
    return [f"{'training':>8} {'test':>8}  class", *lines]


def save_split(split: Split, path: str | Path) -> None:
    write_atomically(path, canonical_json(asdict(split)) + "\n")


def load_split(path: str | Path) -> Split:
    """Read a split file and verify its checksum. Raises InputError if it is missing, unreadable or edited."""
    mend = "make it with `ltmlc subset` (held out: `ltmlc holdout`), or run the workflow, which makes it"
    first_existing([Path(path)], what="split file", mend=mend)
    try:
        fields = unsealed(read_regular(path, limit=LARGEST_SPLIT))
        if fields is not None:
            return Split(**fields)
    except TypeError:  # other keys
        pass
    raise InputError(
        f"split file {path} was edited or damaged: its checksum does not fit its content; delete it, and it will be "
        "built again"
    )


def _refuse_empty_classes(
    classes: Sequence[str], labels: np.ndarray, tested: np.ndarray, *, where: str, mend: str
) -> None:
    empty = np.flatnonzero(~labels.any(axis=0)).tolist()
    if empty:
        named = few([f"{classes[k]} ({tested[k]} test images)" for k in empty], 12)
        raise InputError(f"class {named} has no image in {where}; {mend}")


def _indices(labels: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in labels]


def _matrix(labels: list[list[int]], num_classes: int) -> np.ndarray:
    matrix = np.zeros((len(labels), num_classes), np.uint8)
    for row, indices in zip(matrix, labels, strict=True):
        row[indices] = 1
    return matrix
