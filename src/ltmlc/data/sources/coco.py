"""COCO-style annotations: image-level labels from a JSON of boxes, read with pycocotools."""

import contextlib
import gc
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.source import Pool, first_existing
from ltmlc.errors import InputError


class CocoSource:
    """A :class:`ltmlc.data.sources.source.Source` over COCO itself or over your own JSON in its format.

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
        self._parts = {"train": _checked(train, key="source.train"), "test": _checked(test, key="source.test")}
        self._loaded: dict[str, tuple[list[str], Pool]] = {}

    @property
    def classes(self) -> list[str]:
        return self._load("test")[0]  # the smaller file; train_pool checks that the other agrees

    def train_pool(self) -> Pool:
        """Images without any label are left out: there is nothing to select them for."""
        classes, pool = self._load("train")
        if classes != self.classes:
            raise InputError(
                f"{self._annotations('train')} and {self._annotations('test')} do not have the same categories"
            )
        labelled = np.flatnonzero(pool.labels.any(axis=1))
        return Pool([pool.ids[row] for row in labelled], pool.labels[labelled])

    def test_pool(self) -> Pool:
        return self._load("test")[1]

    def read_image(self, image_id: str) -> np.ndarray:
        """Needs no annotation file, so that packing does not wait for one of 450 MB."""
        candidates = [path for part in self._parts.values() for path in self._image_paths(part, image_id)]
        return read_rgb(first_existing(list(dict.fromkeys(candidates)), what=f"image {image_id}"))

    def _image_paths(self, part: dict[str, str], image_id: str) -> list[Path]:
        if "set" not in part:
            return [self._root / image_id]
        name = f"{image_id:0>12}.jpg"
        return [self._root / folder / part["set"] / name for folder in (".", "images", "coco", "coco/images")]

    def _annotations(self, name: str) -> Path:
        part = self._parts[name]
        if "annotations" in part:
            return first_existing(
                [self._root / part["annotations"]], what=f"annotation file (source.{name}.annotations)"
            )
        file = f"instances_{part['set']}.json"
        candidates = [self._root / folder / file for folder in ("annotations", "coco/annotations")]
        return first_existing(candidates, what=f"COCO annotations (source.{name})")

    def _load(self, name: str) -> tuple[list[str], Pool]:
        if name not in self._loaded:
            part = self._parts[name]
            self._loaded[name] = read_labels(self._annotations(name), images=part.get("images"), classes=self._chosen)
        return self._loaded[name]


def _checked(part: Any, *, key: str) -> dict[str, str]:
    if not isinstance(part, dict) or set(part) not in ({"set"}, {"annotations", "images"}):
        raise InputError(
            f"{key} is {part!r}; write it as {{set: train2017}} or {{annotations: my.json, images: folder}}"
        )
    return part


def read_labels(path: Path, *, images: str | None = None, classes: list[str] | None = None) -> tuple[list[str], Pool]:
    """Class names and labels of one annotation file, images in file order.

    As published (DB coco.py:71-95), crowd regions count; boxes with area <= 0, or width or height < 1, do not.
    Image ids: the file's own, or ``images/file_name`` if a folder is given.
    """
    coco = _open(path)
    try:
        names = {category: coco.cats[category]["name"] for category in sorted(coco.cats)}
        columns, kept = _columns(names, classes, path)
        rows = {image: row for row, image in enumerate(coco.imgs)}
        labels = np.zeros((len(rows), len(kept)), np.uint8)
        for annotation in coco.dataset["annotations"]:
            if annotation["category_id"] not in names or annotation["image_id"] not in rows:
                number = annotation.get("id")
                raise InputError(
                    f"{path}: annotation {number} is of an image or a category that the file does not have"
                )
            if annotation["category_id"] in columns and _counts(annotation):
                labels[rows[annotation["image_id"]], columns[annotation["category_id"]]] = 1
        ids = [
            str(image) if images is None else Path(images, entry["file_name"]).as_posix()
            for image, entry in coco.imgs.items()
        ]
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is not in COCO's format: {type(error).__name__} {error}") from None
    return kept, Pool(ids, labels)


def _columns(names: dict[int, str], classes: list[str] | None, path: Path) -> tuple[dict[int, int], list[str]]:
    """Category id -> column, and the class names of the columns."""
    kept = list(names.values()) if classes is None else list(classes)
    unknown = sorted(set(kept) - set(names.values()))
    if unknown:
        raise InputError(
            f"source.classes: {', '.join(unknown)} is no category of {path}; valid: {', '.join(names.values())}"
        )
    return {category: kept.index(name) for category, name in names.items() if name in kept}, kept


def _counts(annotation: dict[str, Any]) -> bool:
    width, height = annotation["bbox"][2:4]
    degenerate = annotation.get("area", width * height) <= 0 or width < 1 or height < 1
    return not degenerate and not annotation.get("ignore", False)


def _open(path: Path):
    from pycocotools.coco import COCO

    try:
        with contextlib.redirect_stdout(io.StringIO()), _without_collector():  # pycocotools prints its progress
            coco = COCO(str(path))
    except (ValueError, AssertionError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} is not a COCO annotation file: {type(error).__name__} {error}; download it again"
        ) from None
    missing = [key for key in ("images", "annotations", "categories") if key not in coco.dataset]
    if missing:
        raise InputError(f"{path} is not a COCO annotation file: it has no {', '.join(map(repr, missing))}")
    return coco


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Reading COCO's 450 MB makes millions of objects and no cycle of them: looking for one took half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
