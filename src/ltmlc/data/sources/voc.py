"""PASCAL VOC: image-level labels from the official XML annotations."""

import xml.etree.ElementTree as ElementTree  # nosec B405 # DTDs are refused below
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.source import Pool, first_existing
from ltmlc.errors import InputError

# fmt: off
CLASSES = [
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
]
# fmt: on


@dataclass(frozen=True)
class ImageSet:
    """One list of ``ImageSets/Main``: the folder of its year, the list's own path, and its image ids in file order."""

    year_folder: Path
    path: Path
    ids: list[str]


class VocSource:
    """A :class:`ltmlc.data.sources.source.Source` over VOC folders.

    Args:
        root: holds ``VOCdevkit/VOC2007``, ``VOC2007`` or ``VOCdevkit2007/VOC2007``, and likewise the other year.
        train, test: ``{"year": "2012", "set": "trainval"}``, a year and a list of its ``ImageSets/Main``.
    """

    def __init__(self, root: str | Path, *, train: dict[str, Any], test: dict[str, Any]) -> None:
        self.classes = list(CLASSES)
        self._train = open_image_set(Path(root), train, key="source.train")
        self._test = open_image_set(Path(root), test, key="source.test")
        self._year_folder = {image_id: part.year_folder for part in (self._train, self._test) for image_id in part.ids}

    def train_pool(self) -> Pool:
        return _read_pool(self._train)

    def test_pool(self) -> Pool:
        return _read_pool(self._test)

    def read_image(self, image_id: str) -> np.ndarray:
        if image_id not in self._year_folder:
            raise InputError(f"image {image_id!r} is in neither {self._train.path} nor {self._test.path}")
        return read_rgb(self._year_folder[image_id] / "JPEGImages" / f"{image_id}.jpg")


def open_image_set(root: Path, part: dict[str, Any], *, key: str) -> ImageSet:
    """Find the year's folder under ``root`` in any of the usual layouts and read the list."""
    if not isinstance(part, dict) or set(part) != {"year", "set"}:
        raise InputError(f'{key} is {part!r}; write it as {{year: "2012", set: trainval}}')
    year = f"VOC{part['year']}"
    folders = [root / "VOCdevkit" / year, root / year, root / f"VOCdevkit{part['year']}" / year]
    listing = Path("ImageSets") / "Main" / f"{part['set']}.txt"
    path = first_existing(
        [folder / listing for folder in folders], what=f"the list of {year} {part['set']} images ({key})"
    )
    ids = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    return ImageSet(path.parents[2], path, ids)


def _read_pool(part: ImageSet) -> Pool:
    labels = np.zeros((len(part.ids), len(CLASSES)), np.uint8)
    for row, image_id in zip(labels, part.ids, strict=True):
        path = part.year_folder / "Annotations" / f"{image_id}.xml"
        if not path.exists():
            raise InputError(f"{path} is missing, but {part.path} lists its image; extract the annotations again")
        row[class_indices(path)] = 1
    return Pool(list(part.ids), labels)


def class_indices(path: Path, classes: Sequence[str] = CLASSES) -> list[int]:
    """Classes of all objects of an annotation, difficult ones included, as published (DB xml_style.py:36-47)."""
    names = [element.findtext("name") for element in _parse(path).findall("object")]
    unknown = sorted({str(name) for name in names} - set(classes))
    if unknown:
        raise InputError(f"{path}: object {', '.join(unknown)} is no class of PASCAL VOC; valid: {', '.join(classes)}")
    return [classes.index(name) for name in names]


class _RefuseDoctype(ElementTree.TreeBuilder):
    """Refuses a DTD at its first line: VOC annotations have none, and its entities can exhaust the memory."""

    def doctype(self, name: str, public_id: str | None, system_id: str | None) -> NoReturn:
        raise ElementTree.ParseError(
            "it declares a DTD, which no VOC annotation does; entities can exhaust the memory, so it is not read"
        )


def _parse(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path, ElementTree.XMLParser(target=_RefuseDoctype())).getroot()  # nosec B314 # no DTD
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the latter two: a wrong encoding
        raise InputError(f"{path} is not a VOC annotation: {error}; extract the annotations again") from None
