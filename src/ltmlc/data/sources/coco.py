"""COCO-style annotations: image-level labels from a JSON of boxes, or of labels alone."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.sources.coco_file import CocoLabels, read_labels
from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.source import OWN, Files, Pool, Source, first_existing
from ltmlc.errors import InputError


class CocoSource(Source):
    """COCO itself, or your own JSON in its format.

    Args:
        root: the data root.
        train, test: ``{"set": "train2017"}`` for COCO itself: ``annotations/instances_train2017.json`` and
            ``train2017/`` or ``images/train2017/``, under the root or its folder ``coco``. The id is the COCO id.
            ``{"annotations": "my.json", "images": "photos"}`` for your own, relative to the root. An image's id is its
            path below the root, so that training and test files may both count from 1.
        classes: names of the categories to keep, in this order; without it all, by category id.
    """

    def __init__(
        self, root: str | Path, *, train: dict[str, Any], test: dict[str, Any], classes: list[str] | None = None
    ) -> None:
        self._root = Path(root)
        self._chosen = classes
        self._parts = {"train": train, "test": test}
        self._loaded: dict[str, CocoLabels] = {}
        self.notes: list[str] = []

    @property
    def classes(self) -> list[str]:
        return self._load("test").classes  # the smaller file; train_pool checks that the other agrees

    def train_pool(self) -> Pool:
        """Images without any label are left out: there is nothing to select them for."""
        train, test = self._load("train"), self._load("test")
        if train.classes != test.classes:
            raise InputError(
                f"{self.annotations('train')} and {self.annotations('test')} do not have the same categories: "
                f"{_difference(train.category_ids, test.category_ids)}; make them the same, or name those "
                "that both have in source.classes"
            )
        pool = train.pool
        labelled = np.flatnonzero(pool.labels.any(axis=1))
        note = f"{len(pool.ids) - len(labelled)} training images have no label and are left out"
        if len(labelled) < len(pool.ids) and note not in self.notes:
            self.notes.append(note)
        return pool.chosen(labelled)

    def test_pool(self) -> Pool:
        return self._load("test").pool

    def read_image(self, image_id: str) -> np.ndarray:
        """Needs no annotation file, so that packing does not wait for one of 450 MB."""
        return read_rgb(first_existing(self.image_paths(image_id), what=f"image {image_id}"))

    def image_paths(self, image_id: str) -> list[Path]:
        """Where an image may lie."""
        candidates = [path for part in self._parts.values() for path in self._image_paths(part, image_id)]
        return list(dict.fromkeys(candidates))

    def _image_paths(self, part: dict[str, str], image_id: str) -> list[Path]:
        if "set" not in part:
            return [self._root / image_id]
        return photograph_files(self._root, part["set"], image_id)

    def annotations(self, name: str) -> Path:
        """The annotation file of ``train`` or ``test``; InputError where there is none."""
        part = self._parts[name]
        if "annotations" in part:
            path = self._root / part["annotations"]
            return first_existing([path], what=f"annotation file (source.{name}.annotations)", mend=OWN)
        return first_existing(annotation_files(self._root, part["set"]), what=f"COCO annotations (source.{name})")

    @staticmethod
    def label_files(source: dict[str, Any], root: Path) -> Files:
        reader = CocoSource(root, train=source["train"], test=source["test"])
        return {name: reader.annotations(name) for name in ("train", "test")}

    @staticmethod
    def photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
        reader = CocoSource(root, train=source["train"], test=source["test"])
        return {image: first_existing(reader.image_paths(image), what=f"image {image}") for image in ids}

    def _load(self, name: str) -> CocoLabels:
        if name not in self._loaded:
            part = self._parts[name]
            self._loaded[name] = read_labels(self.annotations(name), images=part.get("images"), classes=self._chosen)
            self.notes += self._loaded[name].notes
        return self._loaded[name]


def annotation_files(root: Path, image_set: str) -> list[Path]:
    """Where the annotations of one of COCO's own sets may lie."""
    return [root / folder / f"instances_{image_set}.json" for folder in ("annotations", "coco/annotations")]


def photograph_files(root: Path, image_set: str, image: str | int) -> list[Path]:
    """Where a photograph of one of COCO's own sets may lie."""
    return [root / folder / image_set / f"{image:0>12}.jpg" for folder in (".", "images", "coco", "coco/images")]


def _difference(train: dict[str, int | str], test: dict[str, int | str]) -> str:
    """How the categories of two files, name -> id, differ."""
    alone = [
        f"{', '.join(sorted(here.keys() - there.keys())[:12])} only in the {part} file"
        for here, there, part in ((train, test, "training"), (test, train, "test"))
        if here.keys() - there.keys()
    ]
    moved = [name for name in train.keys() & test.keys() if train[name] != test[name]]
    ids = [
        f"{name} is {train[name]!r} in the training and {test[name]!r} in the test file" for name in sorted(moved)[:12]
    ]
    return "; ".join(alone or ids)
