"""What a run has cost somewhere before: the seconds and the device beside the scores of a reference file."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ltmlc.evidence.results.reference import open_reference
from ltmlc.evidence.results.results import Results


@dataclass(frozen=True)
class Cost:
    """One measured training: seconds from start to result, those of them that trained, and on what."""

    dataset: str
    run: str
    seconds: float
    train_seconds: float | None
    device: str


def measured_costs(results: Results) -> list[Cost]:
    """Of the finished runs themselves."""
    return [
        Cost(
            result.dataset,
            result.run,
            result.seconds,
            result.metrics["seconds"].get("train"),
            str(result.metrics["environment"].get("device", "unknown")),
        )
        for result in results.with_status("finished")
        if result.seconds is not None
    ]


def read_costs(path: str | Path) -> list[Cost]:
    """The lines of a file of :func:`reference_csv` that say what they took; none of one without such columns.

    Raises:
        InputError: it cannot be read, or is no CSV.
    """
    costs = []
    with open_reference(path) as reader:
        for line in reader:
            if None in line.values():  # cut off, perhaps inside a number
                continue
            try:
                train = _duration(line["train_seconds"]) if line.get("train_seconds") else None
                costs.append(Cost(line["dataset"], line["run"], _duration(line["seconds"]), train, line["device"]))
            except (KeyError, TypeError, ValueError):  # an older file, or a run whose time was not recorded
                continue
    return costs


def _duration(text: str) -> float:
    """Seconds. Raises ValueError for what is none."""
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError(text)
    return seconds


def choose_costs(own: Iterable[Cost], elsewhere: Iterable[Cost]) -> list[Cost]:
    """A data set's own measurements; without any, those made elsewhere on the device that has most of them."""
    own, elsewhere = list(own), list(elsewhere)
    chosen = list(own)
    for dataset in {cost.dataset for cost in elsewhere} - {cost.dataset for cost in own}:
        there = [cost for cost in elsewhere if cost.dataset == dataset]
        ((device, _),) = Counter(cost.device for cost in there).most_common(1)
        chosen += [cost for cost in there if cost.device == device]
    return chosen
