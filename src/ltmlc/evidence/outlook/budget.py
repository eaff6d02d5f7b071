"""What a configuration will take, for a person who plans: downloads, disk, GPU hours and memory; hours and memory by
arithmetic (:mod:`ltmlc.evidence.outlook.estimate`) for the runs whose like was never measured.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ltmlc.data.split import Split
from ltmlc.disk.trouble import free_bytes, size_text
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import hours
from ltmlc.evidence.outlook import estimate
from ltmlc.evidence.outlook.needs import Need, disk_bytes
from ltmlc.evidence.outlook.plan import Plan, images_per_run
from ltmlc.plan.grid import Grid
from ltmlc.plan.network import is_timm


@dataclass(frozen=True)
class Guess:
    """The runs of a data set whose time nothing says: all seeds that remain, on one GPU, one after the other."""

    dataset: str
    runs: int
    images: int
    operations: float
    seconds: float
    memory: int  # bytes, of the largest run


def guesses(grid: Grid, plan: Plan, splits: Mapping[str, Split]) -> list[Guess]:
    """One a data set that has such runs; none of timm models, none where training is asked for on the CPU, or its
    images are unknown.
    """
    found: dict[str, list[tuple[int, int, float, float, int]]] = {}
    for run in plan.runs:
        counts = counts_of(grid, run.dataset, splits)
        if run.seconds is not None or not run.remaining or counts is None or grid.config["training"]["device"] == "cpu":
            continue
        spec = grid.runs[run.dataset][run.run]
        if is_timm(spec["model"]):  # what those cost, nothing here says
            continue
        images = run.images or images_per_run(spec, *counts)
        seconds = run.remaining * estimate.seconds(spec, images)
        work = run.remaining * images * estimate.operations(spec["model"])
        found.setdefault(run.dataset, []).append(
            (run.remaining, run.remaining * images, work, seconds, estimate.memory(spec))
        )
    return [
        Guess(dataset, *(sum(column) for column in columns[:4]), max(columns[4]))
        for dataset, rows in found.items()
        for columns in [list(zip(*rows, strict=True))]
    ]


def counts_of(grid: Grid, dataset: str, splits: Mapping[str, Split]) -> tuple[list[int], int] | None:
    """Class counts and training images: the split's, or what to expect of it; None where nothing says it."""
    if dataset in splits:
        return splits[dataset].class_counts, len(splits[dataset].train_ids)
    return estimate.expected_counts(grid.datasets[dataset])


def needs_lines(needs: Iterable[Need]) -> list[str]:
    """What is here, comes, or is missing, under the name of each data set."""
    by_dataset = grouped(needs, lambda need: need.dataset)
    return [line for name, own in by_dataset.items() for line in (f"{name}:", *(f"  {need.text}" for need in own))]


def disk_line(grid: Grid, needs: Iterable[Need], splits: Mapping[str, Split]) -> str:
    """Disk still needed, part by part, and what is free where results and data go."""
    parts = disk_bytes(grid, list(needs), splits)
    asked = ", ".join(f"{name} {size_text(size)}" for name, size in parts.items() if size) or "nothing"
    free = {size_text(free_bytes(Path(folder))) for folder in (grid.config["results"], grid.config["data"]["root"])}
    return f"disk: about {size_text(sum(parts.values()))} still needed ({asked}), {' and '.join(sorted(free))} free"


def guess_lines(made: Iterable[Guess]) -> list[str]:
    """The estimates, marked as such."""
    made = list(made)
    lines = [
        f"  {each.dataset}: {each.runs} runs, {each.images:,} images, {each.operations / 1e15:.1f} PFLOP: about "
        f"{hours(each.seconds)}, {each.memory / 2**30:.1f} GiB a run"
        for each in made
    ]
    if not lines:
        return []
    total = sum(each.seconds for each in made)
    return [
        "estimate from arithmetic, nothing was measured (half or three times as much is possible), one A100-like GPU:",
        *lines,
        f"  together about {total / 3600:.1f} GPU hours",
    ]
