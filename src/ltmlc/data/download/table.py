"""The table ``downloads`` of a data set's file, read as the items that its source and model need.

A table may list more than its data set uses, for those that extend it. Whether an item is there is asked of the data,
in every layout that the readers of :mod:`ltmlc.data` know: an existing copy counts, however it came about.
"""

import os
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from ltmlc.data.download.fetch import Expected
from ltmlc.data.download.items import Archive, File, Item
from ltmlc.data.download.photographs import Photographs, annotation_file
from ltmlc.data.sources.voc import open_image_set
from ltmlc.errors import InputError
from ltmlc.plan.datasets import download_name

ARCHIVES_FOLDER = "archives"
Entry = Config = dict[str, Any]

PARTS = {"data": ("voc", "coco", "photographs", "ids"), "weights": ("weights",), "word_vectors": ("word_vectors",)}
"""What is needed by whom: data by every step, weights by training, word vectors by training with the head ``graph``."""


def items_of(dataset: str, config: Config, root: Path, only: Collection[str] | None = None) -> list[Item]:
    """What the data set needs, in the order of its table; ``only`` these of PARTS if given."""
    if unknown := set(only or ()) - set(PARTS):
        raise InputError(f"only: unknown part {', '.join(sorted(unknown))}; valid: {', '.join(PARTS)}")
    kinds = {kind for part, kinds in PARTS.items() if only is None or part in only for kind in kinds}
    entries = [entry for entry in config.get("downloads", []) if entry["kind"] in kinds]
    items = [ITEM_KINDS[entry["kind"]](entry, dataset, config, root) for entry in entries]
    return [item for item in items if item is not None]


def _voc(entry: Entry, dataset: str, config: Config, root: Path) -> Item | None:
    parts = [
        part for part in _image_sets(config) if str(part.get("year")) == entry["year"] and part["set"] in entry["sets"]
    ]
    return _archive(entry, root, root, parts, partial(has_voc, root))


def _coco(entry: Entry, dataset: str, config: Config, root: Path) -> Item | None:
    parts = [part["set"] for part in _image_sets(config) if part["set"] in entry["sets"]]
    return _archive(entry, root, root / "coco", parts, partial(annotation_file, root))


def _photographs(entry: Entry, dataset: str, config: Config, root: Path) -> Item | None:
    if entry["set"] not in [part["set"] for part in _image_sets(config)]:
        return None
    return Photographs(
        title=entry["title"],
        folder=root,
        image_set=entry["set"],
        urls=entry["urls"],
        count=entry["count"],
        size=entry["size"],
        dataset=dataset,
        config=config,
    )


def _ids(entry: Entry, dataset: str, config: Config, root: Path) -> Item | None:
    return _file(entry, root) if (config.get("subset") or {}).get("ids") == entry["file"] else None


def _weights(entry: Entry, dataset: str, config: Config, root: Path) -> Item | None:
    """Into the folder where torchvision keeps and looks for its weights, under the name it has there."""
    model = config.get("model", {})
    used = model.get("weights") == "imagenet" and model.get("backbone") == entry["backbone"]
    return _file(entry, torch_checkpoints()) if used else None


def _word_vectors(entry: Entry, dataset: str, config: Config, root: Path) -> Item | None:
    """Unless the model has a file of its own."""
    own = config.get("model", {}).get("word_vectors")
    return _file(entry, root) if own is None or Path(own).name == Path(entry["file"]).name else None


ITEM_KINDS: dict[str, Callable[[Entry, str, Config, Path], Item | None]] = {
    "voc": _voc,
    "coco": _coco,
    "photographs": _photographs,
    "ids": _ids,
    "weights": _weights,
    "word_vectors": _word_vectors,
}


def _archive(entry: Entry, root: Path, into: Path, parts: list, has: Callable[[Any], Any]) -> Item | None:
    file = _file(entry, root / ARCHIVES_FOLDER)
    return Archive(entry["title"], into, file, entry["extract"], parts, has) if parts else None


def _file(entry: Entry, folder: Path) -> File:
    expected = Expected(**{key: entry[key] for key in ("size", "sha256", "md5") if key in entry})
    return File(entry["title"], folder, download_name(entry), entry["urls"], expected)


def _image_sets(config: Config) -> list[dict[str, str]]:
    """The image sets that the source is made of, training first."""
    parts = [config["source"].get(part) for part in ("train", "test")]
    return [part for part in parts if isinstance(part, dict) and "set" in part]


def has_voc(root: Path, part: dict[str, str]) -> bool:
    """Whether the photographs and annotations of a VOC image set are all there."""
    try:
        image_set = open_image_set(root, part, key="source")
    except InputError:
        return False
    suffixes = {"JPEGImages": ".jpg", "Annotations": ".xml"}
    return all(
        {f"{image}{suffix}" for image in image_set.ids} <= _names(image_set.year_folder / folder)
        for folder, suffix in suffixes.items()
    )


def _names(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()  # noqa: PTH208 (names alone: 17 000 paths take longer)


def torch_checkpoints() -> Path:
    """Where torch.hub keeps weights, by its documented rule; importing torch to ask would take seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch"
    return Path(os.environ.get("TORCH_HOME", cache)).expanduser() / "hub" / "checkpoints"
