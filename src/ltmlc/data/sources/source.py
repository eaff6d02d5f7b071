"""What a data set is before anything is selected: one small protocol, which every kind of source follows."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np

from ltmlc.errors import InputError


@dataclass(frozen=True)
class Pool:
    """Images with their labels: ``labels`` is uint8 (N, C) in {0, 1}, row i belongs to ``ids[i]``."""

    ids: list[str]
    labels: np.ndarray


ADVICE = (
    "delete it and download or extract it again (`ltmlc download` fetches what is absent), or, if it looks right in an "
    "image viewer, save it anew there; then run the same again"
)


class UnusableImageError(InputError):
    """One image file that cannot be used. ``what`` names it and says why, without the advice of the whole message."""

    def __init__(self, path: str | Path, why: str) -> None:
        self.what = f"{path} {why}"
        super().__init__(f"image {self.what}; {ADVICE}")


class Source(Protocol):
    """A data set before anything is selected. Only ``read_image`` needs photographs, the rest annotations alone."""

    classes: list[str]

    def train_pool(self) -> Pool:
        """The images a training set may be selected from, in the order of their list."""

    def test_pool(self) -> Pool:
        """The whole test set, images without labels included."""

    def read_image(self, image_id: str) -> np.ndarray:
        """One image of either pool, uint8 RGB (H, W, 3). Raises UnusableImageError."""


def plain_path(path: str) -> str:
    """The path of a file in one spelling: ``./a//b.jpg`` and ``a\\b.jpg`` are ``a/b.jpg``."""
    return PurePosixPath(path.replace("\\", "/")).as_posix()


def first_existing(candidates: list[Path], *, what: str) -> Path:
    """The first path that exists; InputError lists all that were looked for."""
    for path in candidates:
        if path.exists():
            return path
    looked = ", ".join(map(str, candidates))
    raise InputError(f"{what} not found; looked for {looked}; download it, or set data.root to the folder of your copy")
