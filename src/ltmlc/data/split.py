"""Which images are trained on and tested on: the split, its statistics, and its file."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.longtail import cooccurrence, longtail_subset
from ltmlc.data.sources.source import Pool, Source, first_existing
from ltmlc.disk.files import canonical_json, sha256_file, sha256_text, write_atomically
from ltmlc.errors import InputError
from ltmlc.metrics import groups_of

THRESHOLDS = {"head": 100, "medium": 20}
"""Fewest training images of a head and of a medium class; the papers' groups 6:6:8 and 22:33:25 need >=, not >."""


@dataclass(frozen=True)
class Split:
    """Training and test images, their labels (class indices per image), and what is counted from them."""

    dataset: str
    classes: list[str]
    train_ids: list[str]
    test_ids: list[str]
    train_labels: list[list[int]]
    test_labels: list[list[int]]
    class_counts: list[int]
    test_class_counts: list[int]
    cooccurrence: list[list[int]]
    groups: dict[str, list[int]]
    thresholds: dict[str, int]
    sha256: str

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


def make_split(dataset_name: str, source: Source, config: dict[str, Any], *, root: str | Path = ".") -> Split:
    """Select the training images of a data set as its config says.

    ``config["subset"]`` with ``ids``: a published list, one id a line, a path relative to ``root``. Otherwise with
    ``alpha``, ``maximum``, ``minimum``, ``seed``: the construction of :mod:`ltmlc.data.longtail`. Without ``subset``:
    the whole pool. ``sha256`` is what the id list, read or constructed, must have (each id followed by a line end).

    Raises InputError for a list with another checksum, ids without labels, a class without a training image, or an
    image that is listed twice or in both sets.
    """
    pool, test = source.train_pool(), source.test_pool()
    _refuse_empty_classes(source.classes, pool.labels, where="the pool to select from")
    rows = _select(pool, config.get("subset"), Path(root))
    train = Pool([pool.ids[row] for row in rows], pool.labels[rows])
    _refuse_empty_classes(source.classes, train.labels, where=f"the {len(rows)} selected images")
    twice = _repeated(train.ids + test.ids)
    if twice:
        raise InputError(
            f"{dataset_name}: {len(twice)} images (first: {twice[0]}) are listed twice or in both the training and the "
            "test set; list each once"
        )

    together = cooccurrence(train.labels)
    counts = together.diagonal()
    thresholds = THRESHOLDS | config.get("thresholds", {})
    fields = {
        "dataset": dataset_name,
        "classes": list(source.classes),
        "train_ids": train.ids,
        "test_ids": list(test.ids),
        "train_labels": _indices(train.labels),
        "test_labels": _indices(test.labels),
        "class_counts": counts.tolist(),
        "test_class_counts": np.count_nonzero(test.labels, axis=0).tolist(),
        "cooccurrence": together.tolist(),
        "groups": class_groups(counts, thresholds),
        "thresholds": thresholds,
    }
    return Split(**fields, sha256=sha256_text(canonical_json(fields)))


def class_groups(counts: Sequence[int], thresholds: dict[str, int] = THRESHOLDS) -> dict[str, list[int]]:
    """Class indices of head, medium and tail, from training counts (C,). A group may be empty."""
    try:
        return groups_of(counts, **thresholds)
    except ValueError:
        head, medium = thresholds["head"], thresholds["medium"]
        raise InputError(f"thresholds.head is {head} and thresholds.medium {medium}; head must exceed medium") from None


def save_split(split: Split, path: str | Path) -> None:
    write_atomically(path, canonical_json(asdict(split)) + "\n")


def load_split(path: str | Path) -> Split:
    """Read a split file and verify its checksum. Raises InputError if it is missing, unreadable or edited."""
    first_existing([Path(path)], what="split file (made by `python -m ltmlc subset`)")
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
        content = {key: value for key, value in fields.items() if key != "sha256"}
        if sha256_text(canonical_json(content)) == fields["sha256"]:
            return Split(**fields)
    except (ValueError, AttributeError, KeyError, TypeError):  # not JSON, not a mapping, other keys
        pass
    raise InputError(
        f"split file {path} was edited or damaged: its checksum does not fit its content; delete it, and it will be "
        "built again"
    )


def read_ids(path: Path, *, sha256: str | None = None) -> list[str]:
    """A published id list, one id a line, verified against ``sha256`` if given."""
    first_existing([path], what="published list of training images (subset.ids)")
    if sha256 is not None and (found := sha256_file(path)) != sha256:
        raise InputError(
            f"{path} has sha256 {found}, but subset.sha256 is {sha256}; delete the file and download it again"
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    ids = [line.strip() for line in lines if line.strip()]  # one's own may have spaces inside
    twice = _repeated(ids)
    if twice or not ids:
        raise InputError(f"{path} lists {twice[0]} twice" if twice else f"{path} lists no image")
    return ids


def compare_with_published(
    pool: Pool, published: Sequence[str], *, alpha: float, maximum: int, minimum: int = 1, seed: int | random.Random = 0
) -> dict[str, Any]:
    """How far the construction agrees with a published list: sizes, shared images, equality in order."""
    rows = longtail_subset(pool.labels, alpha, maximum, minimum, seed)
    built = [pool.ids[row] for row in rows]
    return {
        "constructed": len(built),
        "published": len(published),
        "shared": len(set(built) & set(published)),
        "equal": built == list(published),
    }


def _select(pool: Pool, subset: dict[str, Any] | None, root: Path) -> list[int]:
    """Rows of the pool that are trained on, in order."""
    if not subset:
        return list(range(len(pool.ids)))
    sha256 = subset.get("sha256")
    if "ids" in subset:
        ids = read_ids(root / subset["ids"], sha256=sha256)
        row_of = {image_id: row for row, image_id in enumerate(pool.ids)}
        absent = [image_id for image_id in ids if image_id not in row_of]
        if absent:
            raise InputError(
                f"{len(absent)} of the {len(ids)} images that {root / subset['ids']} lists have no labels in the "
                f"annotations (first: {absent[0]}); the list and source.train do not belong together"
            )
        return [row_of[image_id] for image_id in ids]
    parameters = {key: subset[key] for key in ("alpha", "maximum", "minimum", "seed") if key in subset}
    rows = longtail_subset(pool.labels, **parameters)
    if sha256 is not None and sha256_text("".join(f"{pool.ids[row]}\n" for row in rows)) != sha256:
        raise InputError(
            f"the construction selected {len(rows)} images, but not the list with subset.sha256 {sha256}: the "
            "annotations are not the original ones, or Python is not CPython; for your own, say subset.sha256: null"
        )
    return rows


def _refuse_empty_classes(classes: Sequence[str], labels: np.ndarray, *, where: str) -> None:
    empty = [name for name, present in zip(classes, labels.any(axis=0), strict=True) if not present]
    if empty:
        raise InputError(f"class {', '.join(empty)} has no image in {where}; remove it from the classes, or add images")


def _repeated(ids: Sequence[str]) -> list[str]:
    return [image_id for image_id, count in Counter(ids).items() if count > 1]


def _indices(labels: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in labels]


def _matrix(labels: list[list[int]], num_classes: int) -> np.ndarray:
    matrix = np.zeros((len(labels), num_classes), np.uint8)
    for row, indices in zip(matrix, labels, strict=True):
        row[indices] = 1
    return matrix
