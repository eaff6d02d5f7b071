"""What a data set is before anything is selected: one small protocol, which every kind of source follows."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np

from ltmlc.errors import InputError


@dataclass(frozen=True)
class Pool:
    """Images with their labels: ``labels`` is uint8 (N, C) in {0, 1}, row i belongs to ``ids[i]``."""

    ids: list[str]
    labels: np.ndarray

    def chosen(self, rows: Sequence[int]) -> "Pool":
        """These rows of it; itself where they are all, in order: the labels may be a gigabyte."""
        if np.array_equal(rows, range(len(self.ids))):
            return self
        return Pool([self.ids[row] for row in rows], self.labels[rows])


IMAGE_ADVICE = (
    "put it there whole (of what is downloaded, delete it and `ltmlc download` fetches it again; if it looks right in "
    "an image viewer, save it anew), or take it out of your labels; then run the same again"
)


class UnusableImageError(InputError):
    """One image file that cannot be used. ``what`` names it and says why, without the advice of the whole message."""

    def __init__(self, path: str | Path, why: str) -> None:
        self.what = f"{path} {why}"
        super().__init__(f"image {self.what}; {IMAGE_ADVICE}")


Files = dict[str, Path]
"""What a file is in the data set, wherever the data root lies -> its path, which need not exist."""


class Source(Protocol):
    """A data set before anything is selected. Only ``read_image`` needs photographs, the rest annotations alone.

    A kind takes the data root and the keys of ``source`` (but ``kind``) as arguments. They were checked while planning.
    """

    classes: list[str]

    def train_pool(self) -> Pool:
        """The images a training set may be selected from, in the order of their list."""

    def test_pool(self) -> Pool:
        """The whole test set, images without labels included."""

    def read_image(self, image_id: str) -> np.ndarray:
        """One image of either pool, uint8 RGB (H, W, 3). Raises UnusableImageError."""

    @staticmethod
    def label_files(source: dict[str, Any], root: Path) -> Files:
        """The files that labels are read from, found without reading them; InputError where a list is missing."""
        return {}

    @staticmethod
    def photographs(source: dict[str, Any], root: Path, ids: Iterable[str]) -> Files:
        """The image file of each id; InputError where a list is missing."""
        return {}


MOST_LABELS = 2**30
"""Images times classes of a pool: its labels are held as a byte each. OpenImages' 1.7 million with 600 classes fit."""


def no_labels(images: int, classes: int) -> np.ndarray:
    """Labels of a pool before any is set, uint8 (N, C). Raises InputError where they would not fit in the memory."""
    if images * classes > MOST_LABELS:
        raise InputError(
            f"{images} images with {classes} classes are more than this program holds ({MOST_LABELS:.0e} labels); "
            "choose classes with source.classes"
        )
    return np.zeros((images, classes), np.uint8)


def path_key(path: str) -> str:
    """One key for a path, however its separators and accents are written."""
    return unicodedata.normalize("NFC", plain_path(path))


def plain_path(path: str) -> str:
    """The path of a file in one spelling: ``./a//b.jpg`` and ``a\\b.jpg`` are ``a/b.jpg``."""
    return PurePosixPath(path.replace("\\", "/")).as_posix()


def spelled(folder: Path, image: str) -> Path:
    """The file of an image, its accents written as on the disk: macOS makes them signs of their own, others do not."""
    path = folder / image
    if not path.exists():
        forms = (folder / unicodedata.normalize(form, image) for form in ("NFC", "NFD"))
        path = next((other for other in forms if other.exists()), path)
    return path


LONGEST_LIST = 100_000_000
"""Bytes of a list of images: some millions of them."""

OWN = "paths are below data.root: write it as it lies there, or set data.root to another folder"
"""What to do where a file of one's own is not found."""


def first_existing(
    candidates: list[Path], *, what: str, mend: str = "download it, or set data.root to the folder of your copy"
) -> Path:
    """The first path that exists; InputError lists all that were looked for, and says with ``mend`` what to do."""
    for path in candidates:
        if path.exists():
            return path
    looked = ", ".join(map(str, candidates))
    raise InputError(f"{what} not found; looked for {looked}; {mend}")
