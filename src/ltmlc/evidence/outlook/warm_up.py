"""Whether a run ever trains at its recipe's rate: on few images the rate falls while it is still being warmed up."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltmlc.data.split import Split
from ltmlc.errors import counted_noun, few
from ltmlc.evidence.outlook.budget import counts_of
from ltmlc.evidence.outlook.plan import batches_per_epoch
from ltmlc.plan.grid import Grid

RUNS_NAMED = 3


def short_warm_ups(grid: Grid, splits: Mapping[str, Split]) -> list[str]:
    """Those of all data sets; one without a split is judged by what to expect of it, or left out."""
    counted = {dataset: counts_of(grid, dataset, splits) for dataset in grid.datasets}
    return [
        sentence
        for dataset, counts in counted.items()
        if counts
        for sentence in short_warm_ups_of(dataset, grid.runs[dataset], *counts)
    ]


def short_warm_ups_of(
    dataset: str, runs: Mapping[str, Mapping[str, Any]], class_counts: Sequence[int], num_images: int
) -> list[str]:
    """One sentence for all runs whose rate falls, or which end, during the warm-up, after equally many iterations.

    Args:
        dataset: its name.
        runs: run -> specification.
        class_counts: training images of each class.
        num_images: training images.
    """
    found: dict[tuple[int, int, int], list[str]] = {}
    for run, spec in runs.items():
        recipe = spec["recipe"]
        share, last = _peak(recipe, batches_per_epoch(spec, class_counts, num_images))
        if last < recipe["warmup_iterations"] and (reached := round(100 * share)) < 100:
            found.setdefault((recipe["warmup_iterations"], last, reached), []).append(run)
    return [
        f"{dataset}: the rate of {few(names, RUNS_NAMED)} peaks after {counted_noun(last, 'iteration')}, "
        f"at {reached} % of the recipe's: the warm-up takes {warm_up} (warmup_iterations)"
        for (warm_up, last, reached), names in found.items()
    ]


def _peak(recipe: Mapping[str, Any], batches: int) -> tuple[float, int]:
    """Largest share of the recipe's rate, and the iterations until the step (or end) before which it is reached.

    Between two steps the rate never falls; a step may lower it by so little that it rises beyond what it was. The
    schedule itself is :func:`ltmlc.training.recipe.learning_rate_factor`, which planning cannot ask, as it imports
    torch; a test holds the two equal.
    """
    ends = [epochs * batches for epochs in (*sorted(recipe["steps"]), recipe["epochs"])]
    return max((recipe["step_factor"] ** steps * _warmed_up(recipe, end - 1), end) for steps, end in enumerate(ends))


def _warmed_up(recipe: Mapping[str, Any], iteration: int) -> float:
    """Share of the rate, but for steps, in an iteration counted from 0."""
    done = min(iteration / recipe["warmup_iterations"], 1.0) if recipe["warmup_iterations"] else 1.0
    return recipe["warmup_ratio"] + (1 - recipe["warmup_ratio"]) * done
