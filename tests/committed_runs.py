"""Numbers of config/reference, read as they lie there."""

import json
from pathlib import Path
from statistics import fmean

REFERENCE = Path(__file__).parents[1] / "config" / "reference"


def totals(folder: str, run: str, *, dataset: str = "*") -> dict[int, float]:
    """Total mAP in percent of a run of a folder there, by seed; empty where it was not trained."""
    found = {}
    for path in (REFERENCE / folder / "runs").glob(f"{dataset}/{run}/seed*/metrics.json"):
        found[int(path.parent.name.removeprefix("seed"))] = 100 * json.loads(path.read_text())["map"]["total"]
    return found


def lead(folder: str, run: str, over: str, *, dataset: str = "*") -> float:
    """Points of a run above another one, mean over the seeds of both."""
    first, second = totals(folder, run, dataset=dataset), totals(folder, over, dataset=dataset)
    return fmean(first[seed] - second[seed] for seed in first.keys() & second.keys())
