"""How one data set's file starts from another, what ``null`` says in it, and how paths are written."""

from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.network import BACKBONE_KEYS, is_timm

CONFIG_PATHS = ("data.root", "results", "figures", "reference", "model.weights", "model.word_vectors")
"""Keys of a configuration that hold a path (or, of some, a word that stands for one)."""

DATASET_PATHS = (
    "source.file",
    "source.table",
    "source.train",
    "source.test",
    "source.images",
    "source.train.annotations",
    "source.train.images",
    "source.test.annotations",
    "source.test.images",
    "source.lists.train",
    "source.lists.test",
    "subset.ids",
    "model.weights",
    "model.word_vectors",
)
"""The same of a data set's file."""

CONSTRUCTION = {"alpha", "maximum", "minimum", "seed"}
"""Keys of ``subset`` that construct the training set."""


def merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``override`` on top, mappings merged key by key."""
    merged = dict(base)
    for key, value in override.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def extend(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``own`` on top of ``base``; what belongs to the other's images is left behind where they are others.

    They are where the source is of another kind, or where annotation files of one's own take the place of COCO's sets.
    Starting weights are the network's, so they are still downloaded. A list of images, and the checksum of one, are
    left behind where ``own`` says itself what is selected. Between a timm model and another backbone nothing is shared:
    neither what the backbone is, nor its weights, nor the mean and std that it is used to.
    """
    source = own.get("source") or {}
    kind = base["source"].get("kind")
    own_files = any(isinstance(part, dict) and "annotations" in part for part in source.values())
    if source.get("kind", kind) != kind or own_files:
        weights = [entry for entry in base.get("downloads", []) if entry["kind"] == "weights"]
        base = {key: value for key, value in base.items() if key not in ("source", "subset", "downloads")}
        base |= {"source": {"kind": kind}} if own_files else {}
        base |= {"downloads": weights} if weights else {}
    return merge(_with_subset_for(_with_backbone_for(base, own), own.get("subset")), own)


def _with_backbone_for(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    model, inherited = own.get("model") or {}, base["model"]
    before, after = inherited.get("backbone"), model.get("backbone", inherited.get("backbone"))
    if before == after or not (is_timm(inherited) or is_timm(model)):
        return base
    stale = {"model": {*BACKBONE_KEYS, "weights"}, "augmentation": {"mean", "std"}}
    return base | {part: {k: v for k, v in base[part].items() if k not in keys} for part, keys in stale.items()}


def _with_subset_for(base: dict[str, Any], own: dict[str, Any] | None) -> dict[str, Any]:
    inherited = base.get("subset", {})
    changed = {key for key, value in (own or {}).items() if value != inherited.get(key)}
    stale = {"sha256"} if changed & {*CONSTRUCTION, "ids"} else set()
    stale |= {"ids"} if changed & CONSTRUCTION and "ids" not in own else set()
    kept = {key: value for key, value in inherited.items() if key not in stale}
    return base | {"subset": kept} if stale else base


def without_nulls(settings: dict[str, Any]) -> dict[str, Any]:
    """A data set's settings without the keys that are null: what ``null`` takes back is as if never given.

    Of the top, of ``source``, ``subset`` and ``thresholds``; in ``model`` and ``augmentation`` null is a value.
    """
    given = {key: value for key, value in settings.items() if value is not None}
    for part in ("source", "subset", "thresholds"):
        if isinstance(given.get(part), dict):
            given[part] = {key: value for key, value in given[part].items() if value is not None}
    return given


def tidy_paths(settings: dict[str, Any], keys: tuple[str, ...], *, where: str) -> dict[str, Any]:
    """The settings with the paths of ``keys`` in their plain form: ``~`` is the home, ``./out/`` is ``out``.

    Raises InputError for the home of a user whom there is not.
    """
    for key in keys:
        name, _, rest = key.partition(".")
        value = settings.get(name)
        if rest and isinstance(value, dict):
            settings = settings | {name: tidy_paths(value, (rest,), where=f"{where}: {name}")}
        elif not rest and isinstance(value, str) and value:
            settings = settings | {name: _plain(value, f"{where}: {name}")}
    return settings


def _plain(path: str, where: str) -> str:
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise InputError(f"{where}: {path!r} begins with ~, but there is no such home; write the whole path") from None
