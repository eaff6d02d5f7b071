"""Pooled activations in one small file, in the place of photographs: what a fixed backbone makes of them.

The mean of a feature map is stored as whole steps of one size for all dimensions, a byte each: most are small, so they
pack well, and the error is the same everywhere. The maximum, of which less remains and which ML-GCN alone reads, is
stored by its principal components. ``benchmarks/pooled.py`` makes such a file from ``features.npz``.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.sources.source import Files, Pool, Source
from ltmlc.disk.arrays import DAMAGED_ARRAYS, read_arrays
from ltmlc.disk.files import sha256_file
from ltmlc.errors import InputError
from ltmlc.plan.lookup import own_or_shipped

AVERAGE_STEP = 0.25
"""Of the root mean square deviation of a dimension of the training views: 0.4 % of their variance is lost."""
MAXIMUM_STEP, COMPONENTS = 2.0, 256
"""Of the standard deviation along the last component that is kept."""


class PooledSource(Source):
    """Ids, labels and pooled activations of training views and test images; there are no photographs.

    Args:
        file: of :func:`pooled_file`, under the working directory or in this project.
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


def pooled_file(
    average: np.ndarray, maximum: np.ndarray, labels: np.ndarray, names: dict[str, list[str]], *, views: int, about: str
) -> bytes:
    """The file of full features; the same arrays give the same bytes.

    Args:
        average, maximum: (train * views + test, D) float32, as ``features.npz`` has them.
        labels: (train + test, C), uint8.
        names: ``classes``, ``train_ids`` and ``test_ids``.
        views: of every training image.
        about: where they are from, and under which licence; stands in the file.
    """
    seen = len(names["train_ids"]) * views
    average_step = np.float32(AVERAGE_STEP * np.sqrt(average[:seen].var(0, dtype=np.float64).mean()))
    mean = maximum[:seen].mean(0, dtype=np.float64)
    variance, vectors = np.linalg.eigh(np.cov(maximum[:seen].T.astype(np.float64)))
    kept = min(COMPONENTS, len(variance))
    basis = vectors[:, ::-1][:, :kept].T
    basis_step = np.abs(basis).max(1) / 127
    codes = np.rint(basis / basis_step[:, None]).astype(np.int8)
    components = (maximum - mean) @ np.linalg.pinv(codes * basis_step[:, None])
    maximum_step = max(MAXIMUM_STEP * np.sqrt(max(variance[-kept], 0)), np.abs(components).max() / 127)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        about=about,
        views=views,
        labels=labels,
        **{key: np.array(value) for key, value in names.items()},
        average=np.rint(average.T / average_step).clip(0, 255).astype(np.uint8),
        average_step=average_step,
        maximum=np.rint(components.T / maximum_step).astype(np.int8),
        maximum_step=np.float32(maximum_step),
        maximum_mean=mean.astype(np.float32),
        basis=codes,
        basis_step=basis_step.astype(np.float32),
    )
    return content.getvalue()
