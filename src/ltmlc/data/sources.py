"""Where images and labels come from: one small protocol, one entry per kind of data set."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ltmlc.errors import InputError


@dataclass(frozen=True)
class Pool:
    """Images with their labels: ``labels`` is uint8 (N, C) in {0, 1}, row i belongs to ``ids[i]``."""

    ids: list[str]
    labels: np.ndarray


class Source(Protocol):
    """A data set before anything is selected. Only ``read_image`` needs photographs, the rest annotations alone."""

    classes: list[str]

    def train_pool(self) -> Pool:
        """The images a training set may be selected from, in the order of their list."""

    def test_pool(self) -> Pool:
        """The whole test set, images without labels included."""

    def read_image(self, image_id: str) -> np.ndarray:
        """One image of either pool, uint8 RGB (H, W, 3)."""


# Imports stand inside: a kind must not cost the start-up time of the others (OpenCV, pycocotools, scikit-learn).
def _voc(root: Path) -> Callable[..., Source]:
    from ltmlc.data.voc import VocSource

    return lambda *, train, test: VocSource(_existing(root), train=train, test=test)


def _coco(root: Path) -> Callable[..., Source]:
    from ltmlc.data.coco import CocoSource

    return lambda *, train, test, classes=None: CocoSource(_existing(root), train=train, test=test, classes=classes)


def _csv(root: Path) -> Callable[..., Source]:
    from ltmlc.data.csv_table import CsvSource

    return lambda *, train=None, test=None, table=None, images=".", classes=None: CsvSource(
        _existing(root), train=train, test=test, table=table, images=images, classes=classes
    )


def _digits(root: Path) -> Callable[..., Source]:
    from ltmlc.data.digits import DigitsSource

    return DigitsSource


KINDS: dict[str, Callable[[Path], Callable[..., Source]]] = {"voc": _voc, "coco": _coco, "csv": _csv, "digits": _digits}


def open_source(dataset_config: dict[str, Any], root: str | Path) -> Source:
    """The source that ``dataset_config["source"]`` describes, on the data under ``root`` (the key ``data.root``).

    Raises InputError for an unknown kind, unknown or missing keys, or a missing data root.
    """
    settings = dict(dataset_config["source"])
    kind = settings.pop("kind", None)
    if kind not in KINDS:
        raise InputError(f"source.kind is {kind!r}; valid kinds: {', '.join(KINDS)}")
    build = KINDS[kind](Path(root))
    signature = inspect.signature(build)
    try:
        signature.bind(**settings)
    except TypeError as error:
        valid = ", ".join(signature.parameters)
        raise InputError(f"source (kind {kind}): {error}; valid keys: {valid}") from None
    return build(**settings)


def _existing(root: Path) -> Path:
    if not root.is_dir():
        raise InputError(
            f"data root missing: there is no folder {root.absolute()}; download first, or set data.root to the "
            "folder of your copy"
        )
    return root


def first_existing(candidates: list[Path], *, what: str) -> Path:
    """The first path that exists; InputError lists all that were looked for."""
    for path in candidates:
        if path.exists():
            return path
    looked = ", ".join(map(str, candidates))
    raise InputError(f"{what} not found; looked for {looked}; download it, or set data.root to the folder of your copy")
