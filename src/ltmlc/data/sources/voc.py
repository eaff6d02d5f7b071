"""PASCAL VOC: image-level labels from the official XML annotations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from defusedxml import DTDForbidden
from defusedxml.ElementTree import ParseError, fromstring

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.source import LONGEST_LIST, Files, Pool, Source, first_existing
from ltmlc.disk.reading import read_regular, read_text
from ltmlc.errors import InputError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # nosec B405 # the type alone

LONGEST_ANNOTATION = 10_000_000
"""Bytes of one XML file; the largest of VOC has 20 kB."""

# fmt: off
VOC_CLASSES = [
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

    def annotation(self, image: str) -> Path:
        return self.year_folder / "Annotations" / f"{image}.xml"

    def photograph(self, image: str) -> Path:
        return self.year_folder / "JPEGImages" / f"{image}.jpg"


class VocSource(Source):
    """VOC folders.

    Args:
        root: holds ``VOCdevkit/VOC2007``, ``VOC2007`` or ``VOCdevkit2007/VOC2007``, and likewise the other year.
        train, test: ``{"year": "2012", "set": "trainval"}``, a year and a list of its ``ImageSets/Main``.
        classes: those of VOC's classes to keep, in this order; without it all.
    """

    def __init__(
        self, root: str | Path, *, train: dict[str, Any], test: dict[str, Any], classes: list[str] | None = None
    ) -> None:
        self.classes = list(VOC_CLASSES if classes is None else classes)
        unknown = sorted(set(self.classes) - set(VOC_CLASSES))
        if unknown:
            raise InputError(
                f"source.classes: {', '.join(unknown)} is no class of PASCAL VOC; valid: {', '.join(VOC_CLASSES)}"
            )
        self._train = open_image_set(Path(root), train, key="source.train")
        self._test = open_image_set(Path(root), test, key="source.test")
        self._set_of = {image_id: part for part in (self._train, self._test) for image_id in part.ids}

    def train_pool(self) -> Pool:
        """Where classes are chosen, images with none of them are left out: there is nothing to select them for."""
        pool = self._pool(self._train)
        rows = np.flatnonzero(pool.labels.any(axis=1))
        chosen = self.classes != VOC_CLASSES
        return pool.chosen(rows) if chosen else pool

    def test_pool(self) -> Pool:
        return self._pool(self._test)

    def _pool(self, part: ImageSet) -> Pool:
        pool = _read_pool(part)
        return Pool(pool.ids, pool.labels[:, [VOC_CLASSES.index(name) for name in self.classes]])

    def read_image(self, image_id: str) -> np.ndarray:
        if image_id not in self._set_of:
            raise InputError(f"image {image_id!r} is in neither {self._train.path} nor {self._test.path}")
        return read_rgb(self._set_of[image_id].photograph(image_id))

    @staticmethod
    def label_files(source: dict[str, Any], root: Path) -> Files:
        files = {}
        for name in ("train", "test"):
            part = open_image_set(root, source[name], key=f"source.{name}")
            files[f"{name} list"] = part.path
            files |= {f"{name} {image}": part.annotation(image) for image in part.ids}
        return files

    @staticmethod
    def photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
        parts = [open_image_set(root, source[name], key=f"source.{name}") for name in ("train", "test")]
        photograph = {image: part.photograph(image) for part in parts for image in part.ids}
        return {image: photograph.get(image, root / f"{image}.jpg") for image in ids}


def open_image_set(root: Path, part: dict[str, Any], *, key: str) -> ImageSet:
    """Find the year's folder under ``root`` in any of the usual layouts and read the list."""
    year = f"VOC{part['year']}"
    folders = [root / "VOCdevkit" / year, root / year, root / f"VOCdevkit{part['year']}" / year]
    listing = Path("ImageSets") / "Main" / f"{part['set']}.txt"
    path = first_existing(
        [folder / listing for folder in folders], what=f"the list of {year} {part['set']} images ({key})"
    )
    ids = [line.split()[0] for line in read_text(path, limit=LONGEST_LIST).splitlines() if line.strip()]
    return ImageSet(path.parents[2], path, ids)


def _read_pool(part: ImageSet) -> Pool:
    labels = np.zeros((len(part.ids), len(VOC_CLASSES)), np.uint8)
    faults = Faults(str(part.path))
    for row, image_id in zip(labels, part.ids, strict=True):
        path = part.annotation(image_id)
        if not path.exists():
            faults.add(f"{path} is missing, but {part.path} lists its image", mend="extract the annotations again")
            continue
        try:
            row[class_indices(path)] = 1
        except InputError as error:
            faults.add(str(error), mend="extract the annotations again")
    faults.refuse()
    return Pool(list(part.ids), labels)


def class_indices(path: Path, classes: Sequence[str] = VOC_CLASSES) -> list[int]:
    """Classes of all objects of an annotation, difficult ones included, as published (DB xml_style.py:36-47)."""
    names = [(element.findtext("name") or "without a name").strip() for element in _parse(path).findall("object")]
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise InputError(f"{path}: object {', '.join(unknown)} is no class of PASCAL VOC; valid: {', '.join(classes)}")
    return [classes.index(name) for name in names]


def _parse(path: Path) -> "Element":
    content = read_regular(path, limit=LONGEST_ANNOTATION)
    try:
        return fromstring(content, forbid_dtd=True)
    except DTDForbidden:  # entities can exhaust the memory
        raise InputError(
            f"{path} is not a VOC annotation: it declares a DTD, which none does; extract the annotations again"
        ) from None
    except (ParseError, ValueError, LookupError) as error:  # the latter two: a wrong encoding
        raise InputError(f"{path} is not a VOC annotation: {error}; extract the annotations again") from None
