"""Pooled activations in one small file, in the place of photographs: what a fixed backbone makes of them.

The mean of a feature map is stored as whole steps of one size for all dimensions, a byte each: most are small, so they
pack well, and the error is the same everywhere. The maximum, of which less remains and which ML-GCN alone reads, is
stored by its principal components. ``benchmarks/pooled.py`` makes such a file from ``features.npz``.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.sources.source import Files, Pool, Source
from ltmlc.disk.arrays import DAMAGED_ARRAYS, read_arrays
from ltmlc.disk.files import sha256_file
from ltmlc.errors import InputError
from ltmlc.plan.lookup import own_or_shipped


class PooledSource(Source):
    """Ids, labels and pooled activations of training views and test images; there are no photographs.

    Args:
        file: of ``benchmarks/pooled.py``, under the working directory or in this project.
        sha256: of the file.

    Raises InputError for a file that is absent, or is not the one of that hash.
    """

    def __init__(self, *, file: str, sha256: str) -> None:
        self._path = own_or_shipped(file)
        mend = "take it from the project's repository again, or set source.file and source.sha256 to those of your own"
        try:
            found = sha256_file(self._path)
        except OSError as error:
            raise InputError(f"{self._path} cannot be read ({error.strerror}); {mend}") from None
        if found != sha256:
            raise InputError(f"{self._path} is damaged or another file (sha256 {found}, not {sha256}); {mend}")
        try:
            labels = read_arrays(self._path, ["classes", "train_ids", "test_ids", "labels"])
        except DAMAGED_ARRAYS as error:
            raise InputError(f"{self._path} is no file of pooled activations ({error}); {mend}") from None
        self.classes: list[str] = labels["classes"].tolist()
        self._train, self._test = labels["train_ids"].tolist(), labels["test_ids"].tolist()
        self._labels = labels["labels"]

    def train_pool(self) -> Pool:
        return Pool(self._train, self._labels[: len(self._train)])

    def test_pool(self) -> Pool:
        return Pool(self._test, self._labels[len(self._train) :])

    def read_image(self, image_id: str) -> np.ndarray:
        """A grey point: there are no photographs, and a pack of points holds the order of the images alone."""
        return np.full((1, 1, 3), 127, np.uint8)

    def features(self, train_ids: list[str], test_ids: list[str]) -> tuple[int, dict[str, np.ndarray]]:
        """The views of a training image, and ``average`` and ``maximum`` (train * views + test, D) float32.

        A training image that is held out for testing shows its first view.
        """
        stored = read_arrays(self._path, ["views", *ARRAYS])
        views, first = int(stored["views"]), {image: row for row, image in enumerate(self._train)}
        rows = {image: len(first) * views + row for row, image in enumerate(self._test)}
        train = [first[image] * views + view for image in train_ids for view in range(views)]
        chosen = [*train, *(rows[image] if image in rows else first[image] * views for image in test_ids)]
        average = stored["average"].T[chosen] * stored["average_step"]
        maximum = (stored["maximum"].T[chosen] * stored["maximum_step"]) @ (
            stored["basis"] * stored["basis_step"][:, None]
        ) + stored["maximum_mean"]
        return views, {"average": average, "maximum": maximum}

    @staticmethod
    def label_files(source: dict[str, Any], root: Path) -> Files:
        return {"source.file": own_or_shipped(source["file"])}


ARRAYS = ("average", "average_step", "maximum", "maximum_step", "maximum_mean", "basis", "basis_step")
