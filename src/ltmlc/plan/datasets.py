"""What a schema cannot say of a data set's file: keys that belong together, and values that must stand in an order."""

import re
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ltmlc.errors import InputError
from ltmlc.plan.network import is_timm
from ltmlc.plan.reading.schema import defaults

RANGES = ("contrast", "saturation", "crop_scale", "crop_ratio")
"""Of the augmentation, each [low, high]."""

ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
DOWNLOADS = {
    "voc": ARCHIVE_ENDINGS,
    "coco": ARCHIVE_ENDINGS,
    "ids": (".txt", ".csv"),
    "weights": (".pth", ".pt"),
    "word_vectors": (".pkl", ".npy", ".txt"),
}
"""Kind of download -> how its name may end: with what is data to every program, never with what one of them runs."""


def check_dataset(settings: dict[str, Any], *, where: str) -> None:
    """Raise InputError unless the settings of a data set, those of the file it extends included, fit together; each by
    itself fits the schema. ``where``: the file, for messages.
    """
    _check_source(settings["source"], f"{where}: source")
    check_augmentation(settings["augmentation"], settings["model"], where=where)
    for number, entry in enumerate(settings.get("downloads", [])):
        check_download(entry, where=f"{where}: downloads.{number}")
    thresholds = settings["thresholds"]
    if thresholds["head"] <= thresholds["medium"]:
        raise InputError(
            f"{where}: thresholds.head is {thresholds['head']} and thresholds.medium {thresholds['medium']}; "
            "head must exceed medium"
        )
    subset = defaults("dataset", "properties", "subset") | (settings.get("subset") or {})
    if subset["minimum"] > subset["maximum"]:
        raise InputError(
            f"{where}: subset.minimum is {subset['minimum']} and subset.maximum {subset['maximum']}; "
            "valid: minimum <= maximum"
        )


def check_augmentation(augmentation: dict[str, Any], model: dict[str, Any], *, where: str) -> None:
    """Raise InputError for a range in the wrong order, or no mean and std where the network says none of its own."""
    missing = [key for key in ("mean", "std") if augmentation.get(key) is None]
    if missing and not is_timm(model):  # those say it of themselves
        raise InputError(f"{where}: augmentation.{missing[0]} is missing; write three numbers, in levels of 255")
    for key in RANGES:
        low, high = augmentation.get(key) or (1, 1)
        if low > high or (key == "crop_scale" and high > 1):
            limit = " with high at most 1" if key == "crop_scale" else ""
            raise InputError(f"{where}: augmentation.{key} is [{low}, {high}]; write [low, high]{limit}")


def check_download(entry: dict[str, Any], *, where: str) -> None:
    """Raise InputError for an address that is none, or a file whose name is not that of data."""
    for url in entry["urls"]:
        try:
            parts = urlsplit(url)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # brackets without an address of six bytes, a port that is no number
            valid = False
        if not valid or not url.isascii() or not url.isprintable() or " " in url:
            raise InputError(
                f"{where}: urls: {url[:200]!r} is not an address; write https://host/path, with %20 for a space"
            )
    endings = DOWNLOADS.get(entry["kind"])  # photographs are named after their image's number
    name = download_name(entry)
    if endings and not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}", PurePosixPath(name).name):
        raise InputError(f"{where}: its address ends in no name of a file ({name[:80]!r}); give one with the key file")
    if endings and not name.lower().endswith(endings):
        raise InputError(
            f"{where}: a file of kind {entry['kind']} cannot be called {name!r}; its name ends in {', '.join(endings)}"
        )


def download_name(entry: dict[str, Any]) -> str:
    """What a download is called where it is put: its key ``file``, or the end of its first address."""
    return entry.get("file") or urlsplit(entry["urls"][0]).path.rpartition("/")[2]


def check_recipe_names(settings: dict[str, Any], recipes: dict[str, Any], *, where: str) -> None:
    """Raise InputError where a data set changes a recipe that there is not: the change would never be used."""
    unknown = sorted(set(settings.get("recipes", {})) - set(recipes))
    if unknown:
        raise InputError(f"{where}: recipes: unknown recipe {unknown[0]!r}; valid: {', '.join(sorted(recipes))}")


class Forms(NamedTuple):
    """Which keys of a source of one kind belong together."""

    files: tuple[set[str], ...]  # of `table`, `train` and `test`, these or those
    sets: tuple[set[str], ...]  # within `train` and `test`, these or those; none where they are no mappings
    words: str  # what is to be written


EMBEDDED = ("digits", "pooled")
"""Kinds of source that need nothing under the data root."""

SPLIT = {"train", "test"}
SOURCE_FORMS = {
    "voc": Forms((SPLIT,), ({"year", "set"},), 'train and test, each as {year: "2012", set: trainval}'),
    "coco": Forms(
        (SPLIT,),
        ({"set"}, {"annotations", "images"}),
        "train and test, each as {set: train2017} or {annotations: my.json, images: folder}",
    ),
    "csv": Forms(({"table"}, SPLIT), (), "table, one CSV with a column split, or train and test, one CSV each"),
    "digits": Forms((set(), {"test"}), (), ""),
    "pooled": Forms((set(),), (), "file and sha256"),
}
"""Kind of source -> the forms it can have. Its keys are the schema's, its reader ltmlc.data.sources.open's."""


def _check_source(source: dict[str, Any], where: str) -> None:
    kind = source.get("kind")
    if kind is None:
        raise InputError(f"{where}: missing key 'kind'; valid: {', '.join(SOURCE_FORMS)}")
    forms = SOURCE_FORMS[kind]
    given = [source[key] for key in SPLIT & set(source)] if forms.sets else []
    fits = {"table", *SPLIT} & set(source) in forms.files and all(set(part) in forms.sets for part in given)
    if not fits:
        raise InputError(f"{where}: kind {kind} needs {forms.words}")
    if kind == "csv" and "table" not in source and ("splits" in source or "split" in source.get("columns", {})):
        raise InputError(f"{where}: splits and columns.split are of a column split, which table has alone")
    if "present" in source.get("columns", {}) and source.get("rows") != "labels":
        raise InputError(f"{where}: columns.present is of one label a row; write rows: labels, or remove it")
    if "lists" in source and "table" not in source:
        raise InputError(f"{where}: lists are of the rows of table; train and test are lists themselves: remove it")
    if "lists" in source and ("splits" in source or "split" in source.get("columns", {})):
        raise InputError(f"{where}: splits and columns.split would not be used beside lists; remove either")
