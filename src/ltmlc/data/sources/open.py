"""The registry of data sources: one entry a kind, and what is asked of any kind by its name."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ltmlc.data.sources.coco import CocoSource
from ltmlc.data.sources.csv_table import CsvSource
from ltmlc.data.sources.digits import DigitsSource
from ltmlc.data.sources.pooled import PooledSource
from ltmlc.data.sources.source import Files, Source
from ltmlc.data.sources.voc import VocSource
from ltmlc.errors import InputError
from ltmlc.plan.datasets import EMBEDDED

READERS: dict[str, type[Source]] = {
    "voc": VocSource,
    "coco": CocoSource,
    "csv": CsvSource,
    "digits": DigitsSource,
    "pooled": PooledSource,
}
"""Value of ``source.kind`` -> its class. What its keys are: ``workflow/schemas``, :mod:`ltmlc.plan.datasets`."""


def open_source(dataset_config: dict[str, Any], root: str | Path) -> Source:
    """The source that ``dataset_config["source"]`` describes, on the data under ``root`` (the key ``data.root``).

    Raises InputError for a missing data root, and what the kind says of its files.
    """
    settings, root = dict(dataset_config["source"]), Path(root)
    kind = READERS[settings.pop("kind")]
    if dataset_config["source"]["kind"] in EMBEDDED:
        return kind(**settings)
    if not root.is_dir():
        raise InputError(
            f"data root missing: there is no folder {root.absolute()}; download first, or set data.root to the "
            "folder of your copy"
        )
    return kind(root, **settings)


def label_files(settings: dict[str, Any], root: Path) -> Files | None:
    """The annotations, lists and tables that a split is made from; None where it cannot be known, as a list is missing.

    Args:
        settings: of a data set, its ``source`` and ``subset``.
        root: the data root.
    """
    source = settings["source"]
    try:
        files = READERS[source["kind"]].label_files(source, root)
    except InputError:
        return None
    listed = (settings.get("subset") or {}).get("ids")
    return files | ({"subset.ids": root / listed} if listed else {})


def photographs(settings: dict[str, Any], root: Path, ids: Iterable[str]) -> Files | None:
    """The image files of these ids; none for embedded sets, None where a list that says where they lie is missing."""
    source = settings["source"]
    try:
        return READERS[source["kind"]].photographs(source, root, ids)
    except InputError:
        return None
