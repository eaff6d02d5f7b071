"""Small data sets on disk in the real formats, and the way to the reference data."""

import atexit
import functools
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[2]


def reference(*parts: str) -> Path:
    """A file of the reference data; the test is skipped where it is absent."""
    path = Path(os.environ.get("LTMLC_REFERENCE_DATA", "LTMLC_REFERENCE_DATA is not set")).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"reference data missing: {path} (set LTMLC_REFERENCE_DATA)")
    return path


@functools.cache
def _extracted(archive: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ltmlc-reference-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def voc_root() -> Path:
    """The official annotations of VOC2007 and VOC2012, extracted once per test session."""
    return _extracted(reference("voc_annotations.tar.xz")) / "voc_annotations"


def coco_tiny_root() -> Path:
    return _extracted(reference("coco-tiny", "coco-tiny.tar"))


def published_matrix(name: str) -> np.ndarray:
    """Labels of the published training images, uint8 (N, C), rows in the published order."""
    published = json.loads(reference(name, "train_labels.json").read_text())
    matrix = np.zeros((len(published["labels"]), len(published["class_counts"])), np.uint8)
    for row, indices in zip(matrix, published["labels"].values(), strict=True):
        row[indices] = 1
    return matrix


def voc_xml(*objects: str) -> str:
    """An annotation; an object written ``dog!`` is difficult."""
    text = "".join(
        f"<object><name>{name.rstrip('!')}</name><difficult>{int(name.endswith('!'))}</difficult>"
        "<part><name>head</name></part></object>"
        for name in objects
    )
    return f"<annotation><folder>VOC</folder>{text}</annotation>"


def write_voc(folder: Path, sets: dict[str, dict[str, list[str]]]) -> None:
    """A VOC year's folder: set name -> image id -> names of its objects."""
    for part in ("ImageSets/Main", "Annotations", "JPEGImages"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name, images in sets.items():
        (folder / "ImageSets" / "Main" / f"{name}.txt").write_text("".join(f"{image}\n" for image in images))
        for image, objects in images.items():
            (folder / "Annotations" / f"{image}.xml").write_text(voc_xml(*objects))
            write_image(folder / "JPEGImages" / f"{image}.jpg")


def write_coco(path: Path, *, images: dict[int, str], categories: dict[int, str], annotations: list[dict]) -> None:
    """A COCO JSON; an annotation needs ``image_id`` and ``category_id``, the box is a good one if not given."""
    content = {
        "images": [{"id": number, "file_name": name} for number, name in images.items()],
        "categories": [{"id": number, "name": name} for number, name in categories.items()],
        "annotations": [
            {"id": number, "bbox": [0, 0, 5, 5], "area": 25, "iscrowd": 0} | annotation
            for number, annotation in enumerate(annotations)
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_image(path: Path, *, height: int = 6, width: int = 8, rgb: tuple[int, int, int] = (200, 100, 50)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), rgb[::-1], np.uint8))
