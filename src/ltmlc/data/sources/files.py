"""Which files a data set is read from, so that a change of them is noticed while planning. Nothing is decoded here."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ltmlc.data.sources.coco import CocoSource
from ltmlc.data.sources.source import first_existing, spelled
from ltmlc.data.sources.voc import open_image_set
from ltmlc.errors import InputError

Files = dict[str, Path]
"""What a file is in the data set, wherever the data root lies -> its path, which need not exist."""


def label_files(settings: dict[str, Any], root: Path) -> Files | None:
    """The annotations, lists and tables that a split is made from; None where it cannot be known, as a list is missing.

    Args:
        settings: of a data set, its ``source`` and ``subset``.
        root: the data root.
    """
    source = settings["source"]
    try:
        files = _LABELS.get(source["kind"], _nothing)(source, root)
    except InputError:
        return None
    listed = (settings.get("subset") or {}).get("ids")
    return files | ({"subset.ids": root / listed} if listed else {})


def photographs(settings: dict[str, Any], root: Path, ids: Iterable[str]) -> Files | None:
    """The image files of these ids; none for embedded sets, None where a list that says where they lie is missing."""
    source = settings["source"]
    try:
        return _PHOTOGRAPHS.get(source["kind"], _nothing)(source, root, ids)
    except InputError:
        return None


def _nothing(*_: Any) -> Files:
    return {}


def _voc_labels(source: dict[str, Any], root: Path) -> Files:
    files = {}
    for name in ("train", "test"):
        part = open_image_set(root, source[name], key=f"source.{name}")
        files[f"{name} list"] = part.path
        annotations = part.year_folder / "Annotations"
        files |= {f"{name} {image}": annotations / f"{image}.xml" for image in part.ids}
    return files


def _voc_photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
    parts = [open_image_set(root, source[name], key=f"source.{name}") for name in ("train", "test")]
    folder = {image: part.year_folder / "JPEGImages" for part in parts for image in part.ids}
    return {image: folder.get(image, root) / f"{image}.jpg" for image in ids}


def _coco_labels(source: dict[str, Any], root: Path) -> Files:
    reader = CocoSource(root, train=source["train"], test=source["test"])
    return {name: reader.annotations(name) for name in ("train", "test")}


def _coco_photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
    reader = CocoSource(root, train=source["train"], test=source["test"])
    return {image: first_existing(reader.image_paths(image), what=f"image {image}") for image in ids}


def _csv_labels(source: dict[str, Any], root: Path) -> Files:
    return {name: root / source[name] for name in ("table", "train", "test") if name in source}


def _csv_photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
    folder = root / source.get("images", ".")
    return {image: spelled(folder, image) for image in ids}


_LABELS = {"voc": _voc_labels, "coco": _coco_labels, "csv": _csv_labels}
_PHOTOGRAPHS = {"voc": _voc_photographs, "coco": _coco_photographs, "csv": _csv_photographs}
