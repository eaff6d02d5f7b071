"""Which metrics file is believed: whole, of the run that its folder names, and at one with itself and its split."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltmlc.data.split import SplitStatistics
from ltmlc.disk.checksums import RUN_SUMS, changed_files, has_checksum
from ltmlc.disk.files import differences
from ltmlc.disk.reading import read_json
from ltmlc.errors import InputError
from ltmlc.metrics import group_means
from ltmlc.plan.lookup import PREDICTIONS
from ltmlc.plan.reading.schema import check
from ltmlc.plan.recorded import complete

# Where a file lies on one machine says nothing about the method.
_PATHS = {"model.weights", "model.word_vectors"}
EQUAL = 1e-9
"""A mean may differ by this much from the one worked out anew: another NumPy adds in another order."""


def read_believed(
    path: Path, run: tuple[str, str, int], spec: dict[str, Any], split: SplitStatistics | None
) -> dict[str, Any]:
    """What a metrics file says.

    Args:
        run: (data set, run, seed) that it must be of.
        spec: the specification that it must have been made with.
        split: the one under the results, where there is one; asked if the run was made on it.

    Raises:
        InputError: it cannot be read, or is not to be believed.
    """
    metrics = read_json(path)
    check(metrics, schema="metrics", where=str(path))
    _refuse_unverified(path)
    found = (metrics["dataset"], metrics["run"], metrics["seed"])
    if found != run:
        raise InputError(f"{path} is the result of {'{}/{}/seed{}'.format(*found)}: delete it")
    if changed := sorted(differences(complete(metrics["spec"]), complete(spec)).keys() - _PATHS):
        raise InputError(f"{path} was made with another specification ({', '.join(changed)})")
    if metrics["status"] == "finished" and (said := contradiction(metrics, split)):
        raise InputError(f"{path}: {said}: delete it")
    return metrics


def _refuse_unverified(path: Path) -> None:
    """Raise InputError for a result whose checksum does not fit or is gone. Without predictions beside it, it is
    evidence that was kept without them and without checksums (:mod:`ltmlc.evidence.results.archive`).
    """
    sums = path.with_name(RUN_SUMS)
    if changed_files(sums, only=path.name):
        raise InputError(f"{path}: it was edited since it was made: its checksum in {RUN_SUMS} does not fit")
    if path.with_name(PREDICTIONS).exists() and not has_checksum(sums, path):
        raise InputError(f"{path}: it has no checksum in {RUN_SUMS}, so nothing says that it is what was made")


def contradiction(metrics: Mapping[str, Any], split: SplitStatistics | None) -> str:
    """In words, what a finished run's file says first that its other parts, or its split, do not; else empty."""
    ap, classes = metrics["ap_per_class"], metrics.get("classes")
    groups: Mapping[str, list[int]] = {}
    if split is not None and split.sha256 == metrics["split_sha256"]:
        if classes not in (None, split.classes):
            return "its classes are not those of its split"
        classes, groups = split.classes, split.groups
    if classes is not None and len(ap) != len(classes):
        return f"ap_per_class has {len(ap)} values for {len(classes)} classes"
    for name, mean in group_means([math.nan if each is None else each for each in ap], groups).items():
        said = metrics["map"].get(name)
        if not (math.isnan(mean) if said is None else abs(said - mean) <= EQUAL):
            return f"map.{name} is {said}, but the mean of its classes in ap_per_class is {mean:.6g}"
    made, asked = [epoch["epoch"] for epoch in metrics["history"]], metrics["spec"]["recipe"].get("epochs")
    if made and made != list(range(1, (asked or 0) + 1)):
        return f"its history is of {len(made)} epochs, which are not the epochs 1 to {asked} of its recipe"
    return ""
