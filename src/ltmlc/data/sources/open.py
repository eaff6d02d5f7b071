"""The registry of data sources: one entry a kind."""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ltmlc.data.sources.source import Source
from ltmlc.errors import InputError


# Imports stand inside: a kind must not cost the start-up time of the others (OpenCV, scikit-learn).
def _voc(root: Path) -> Callable[..., Source]:
    from ltmlc.data.sources.voc import VocSource

    return partial(VocSource, _existing(root))


def _coco(root: Path) -> Callable[..., Source]:
    from ltmlc.data.sources.coco import CocoSource

    return partial(CocoSource, _existing(root))


def _csv(root: Path) -> Callable[..., Source]:
    from ltmlc.data.sources.csv_table import CsvSource

    return partial(CsvSource, _existing(root))


def _digits(root: Path) -> Callable[..., Source]:
    from ltmlc.data.sources.digits import DigitsSource

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
