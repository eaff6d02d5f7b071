"""Before running: which trainings each table needs, which are shared, what they see, and what they will cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from ltmlc.data.split import Split
from ltmlc.errors import counted_noun, one_line
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import hours
from ltmlc.evidence.results.costs import Cost, choose_costs, measured_costs
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import shown_by
from ltmlc.plan.grid import Grid


@dataclass(frozen=True)
class PlannedRun:
    """One training of the grid, for each of its seeds."""

    dataset: str
    run: str
    tables: tuple[str, ...]  # all that show it
    images: int | None  # training images it sees; None before the split exists
    seconds: float | None  # for one seed
    # measured (a seed of this run, here or elsewhere) | estimated (speed of the data set's others) | unknown
    basis: str
    remaining: int  # seeds without a finished result


@dataclass(frozen=True)
class Plan:
    runs: tuple[PlannedRun, ...]
    seeds: tuple[int, ...]
    cells: int  # rows x data sets, over all tables
    per_table: tuple[tuple[str, int, int, int], ...]  # title, cells, distinct runs, of these not in a table above
    devices: tuple[str, ...]  # what the measured runs ran on

    def seconds(self, *, remaining: bool = False) -> float | None:
        """Time of all runs one after the other, or of those that remain; None if a run's cost is unknown."""
        counts = [(run.remaining if remaining else len(self.seeds), run.seconds) for run in self.runs]
        if any(number and seconds is None for number, seconds in counts):
            return None
        return sum(number * (seconds or 0) for number, seconds in counts)


def make_plan(
    grid: Grid,
    results: Results,
    *,
    splits: Mapping[str, Split] | None = None,
    elsewhere: Iterable[Cost] = (),
) -> Plan:
    """The plan of a grid. Costs come from whatever has been measured; nothing measured, nothing promised.

    Args:
        splits: by data set, for the number of images a run sees.
        elsewhere: what runs took in a reference (:func:`read_costs`), for data sets of which nothing is measured here.
    """
    shown = shown_by(grid)
    users = {pair: tuple(dict.fromkeys(table.name for table, _ in each)) for pair, each in shown.items()}
    per_table = []
    for table in grid.tables.values():
        pairs = [(dataset, run) for row in table.rows for dataset, run in row.run.items()]
        distinct = dict.fromkeys(pairs)
        per_table.append((table.title, len(pairs), len(distinct), sum(shown[pair][0][0] is table for pair in distinct)))
    images = {
        (dataset, run): images_per_run(
            grid.runs[dataset][run], splits[dataset].class_counts, len(splits[dataset].train_ids)
        )
        for dataset, run in users
        if splits and dataset in splits
    }
    costs = [cost for cost in choose_costs(measured_costs(results), elsewhere) if (cost.dataset, cost.run) in users]
    speed, measured = _speed(costs, images), grouped(costs, lambda cost: (cost.dataset, cost.run))
    runs = []
    for pair, tables in users.items():
        time = _time(measured.get(pair, []), images.get(pair), speed.get(pair[0]))
        remaining = sum(result.status != "finished" for result in results.of(*pair))
        runs.append(PlannedRun(*pair, tables, images.get(pair), *time, remaining))
    devices = tuple(sorted({one_line(cost.device) for cost in costs}))
    return Plan(tuple(runs), results.seeds, sum(table[1] for table in per_table), tuple(per_table), devices)


def images_per_run(spec: Mapping[str, Any], class_counts: list[int], num_images: int) -> int:
    """Training images one run sees; see :func:`batches_per_epoch`."""
    return batches_per_epoch(spec, class_counts, num_images) * spec["batch_size"] * spec["recipe"]["epochs"]


def batches_per_epoch(spec: Mapping[str, Any], class_counts: Sequence[int], num_images: int) -> int:
    """Iterations of an epoch, from a run's sampler and batch size (METHODS.md 2).

    Class-aware: int(max_k n_k * C / reduce) images an epoch, the last incomplete batch dropped; uniform: every image
    once, the last batch filled up.
    """
    sampler, batch = spec["sampler"], spec["batch_size"]
    if sampler["name"] == "class_aware":
        return max(int(max(class_counts) * len(class_counts) / sampler["reduce"]) // batch, 1)
    return -(-num_images // batch)


def _speed(costs: Iterable[Cost], images: Mapping[tuple[str, str], int]) -> dict[str, tuple[float, float]]:
    """By data set, medians over measured runs: seconds beside training, and seconds an image of training takes."""
    trained = [cost for cost in costs if images.get((cost.dataset, cost.run)) and cost.train_seconds is not None]
    return {
        dataset: (
            median(cost.seconds - cost.train_seconds for cost in own),
            median(cost.train_seconds / images[dataset, cost.run] for cost in own),
        )
        for dataset, own in grouped(trained, lambda cost: cost.dataset).items()
    }


def _time(measured: Sequence[Cost], images: int | None, speed: tuple[float, float] | None) -> tuple[float | None, str]:
    """Seconds of one seed, and what they rest on."""
    if measured:
        return fmean(cost.seconds for cost in measured), "measured"
    if images is not None and speed is not None:
        overhead, pace = speed
        return overhead + images * pace, "estimated"
    return None, "unknown"


def plan_text(plan: Plan) -> str:
    """The plan for a reader at a terminal."""
    seeds = len(plan.seeds)
    runs = f"{len(plan.runs)} distinct trainings, {counted_noun(seeds, 'seed')}: {len(plan.runs) * seeds} runs"
    lines = [f"{plan.cells} cells, {runs}.", ""]
    lines.append(f"{'table':<12}{'cells':>7}{'runs':>7}{'new':>7}   (new: not needed by a table above)")
    lines += [f"{one_line(title):<12}{cells:>7}{runs:>7}{new:>7}" for title, cells, runs, new in plan.per_table]
    shared = [run for run in plan.runs if len(run.tables) > 1]
    if shared:
        lines += ["", f"{len(shared)} trainings are shared by several tables:"]
    lines += [f"  {run.dataset}/{run.run}: {', '.join(run.tables)}" for run in shared]
    lines += ["", *_cost_lines(plan)]
    return "\n".join(lines) + "\n"


def _cost_lines(plan: Plan) -> list[str]:
    basis = {name: sum(run.basis == name for run in plan.runs) for name in ("measured", "estimated", "unknown")}
    lines = []
    for dataset in dict.fromkeys(run.dataset for run in plan.runs):
        members = [run for run in plan.runs if run.dataset == dataset]
        known = [run.images for run in members if run.images is not None]
        seen = (
            f"{sum(known) * len(plan.seeds):,} training images"
            if len(known) == len(members)
            else "training images unknown until the split is made"
        )
        lines.append(
            f"{dataset}: {len(members) * len(plan.seeds)} runs, {sum(run.remaining for run in members)} to do, {seen}"
        )
    return [
        *lines,
        cost_line(plan),
        f"basis: {', '.join(f'{number} {name}' for name, number in basis.items() if number)}",
    ]


def cost_line(plan: Plan) -> str:
    """What the runs take, as far as runs like them were measured."""
    left, whole = plan.seconds(remaining=True), plan.seconds()
    known = sum(run.remaining * run.seconds for run in plan.runs if run.seconds is not None)
    if whole is not None:
        return (
            f"cost: {_price(whole, plan)} in all, {_price(left, plan)} still to do, one run at a time on "
            f"{', '.join(plan.devices)}"
        )
    if known:
        unknown = sum(run.basis == "unknown" for run in plan.runs)
        return (
            f"cost: at least {_price(known, plan)} still to do on {', '.join(plan.devices)}, "
            f"unknown for {unknown} trainings"
        )
    return "cost: unknown until a run of each data set has been measured, here or in config/reference"


def _price(seconds: float, plan: Plan) -> str:
    gpu = "" if "cpu" in plan.devices else f" ({seconds / 3600:.2f} GPU-hours)"
    return hours(seconds) + gpu
