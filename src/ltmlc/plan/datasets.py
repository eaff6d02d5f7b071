"""What a schema cannot say of a data set's file: keys that belong together, and values that must stand in an order."""

from typing import Any

from ltmlc.errors import InputError

RANGES = ("contrast", "saturation", "crop_scale", "crop_ratio")
"""Of the augmentation, each [low, high]."""

THRESHOLDS = {"head": 100, "medium": 20}
"""As in ltmlc.data.split, whose import takes longer than these checks."""


def check_dataset(settings: dict[str, Any], *, where: str) -> None:
    """Raise InputError unless the settings of a data set, those of the file it extends included, fit together.

    Args:
        settings: what :func:`ltmlc.plan.config.load_dataset` returns; they fit the schema.
        where: the file, for messages.
    """
    _check_source(settings["source"], f"{where}: source")
    thresholds = THRESHOLDS | settings.get("thresholds", {})
    if thresholds["head"] <= thresholds["medium"]:
        raise InputError(
            f"{where}: thresholds.head is {thresholds['head']} and thresholds.medium {thresholds['medium']}; "
            "head must exceed medium"
        )
    subset = {"minimum": 1, "maximum": 800} | (settings.get("subset") or {})
    if subset["minimum"] > subset["maximum"]:
        raise InputError(
            f"{where}: subset.minimum is {subset['minimum']} and subset.maximum {subset['maximum']}; "
            "valid: minimum <= maximum"
        )
    for key in RANGES:
        low, high = settings["augmentation"].get(key) or (1, 1)
        if low > high or (key == "crop_scale" and high > 1):
            limit = " with high at most 1" if key == "crop_scale" else ""
            raise InputError(f"{where}: augmentation.{key} is [{low}, {high}]; write [low, high]{limit}")


def check_recipe_names(settings: dict[str, Any], recipes: dict[str, Any], *, where: str) -> None:
    """Raise InputError where a data set changes a recipe that there is not: the change would never be used."""
    unknown = sorted(set(settings.get("recipes", {})) - set(recipes))
    if unknown:
        raise InputError(f"{where}: recipes: unknown recipe {unknown[0]!r}; valid: {', '.join(sorted(recipes))}")


def _check_source(source: dict[str, Any], where: str) -> None:
    kind = source.get("kind")
    if kind is None:
        raise InputError(f"{where}: missing key 'kind'; valid: voc, coco, csv, digits")
    given = {"table", "train", "test"} & set(source)
    if kind == "csv" and given not in ({"table"}, {"train", "test"}):
        raise InputError(f"{where}: kind csv needs table, one CSV with a column split, or train and test, one CSV each")
    if kind in ("voc", "coco") and len(given) < 2:
        raise InputError(f"{where}: kind {kind} needs train and test")
