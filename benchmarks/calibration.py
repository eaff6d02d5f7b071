"""Error rates, coverage and power of the verdicts, through the functions of `compare` and `judge_claims` themselves.

Worlds: seeds drawn from the covariance of the committed runs (config/reference/voc07-lt-frozen: rows move together and
unequally), from the same as run + seed + residual with each row's own spread, and from independent rows of one spread.
In the null worlds the published table is one more seed and every run has one mean; in the others one row, the whole
column, or one contrast of each claim is moved by `--effect` points.

    python benchmarks/calibration.py --tables 2000 --out docs/calibration.md
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ltmlc.disk.files import write_atomically
from ltmlc.evidence.claims.file import load_claims
from ltmlc.evidence.claims.judge import judge_claims
from ltmlc.evidence.comparison.verdicts import Compared, Comparison, compare_cell, judge_column
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.results import COLUMNS, Results, RunResult, load_results
from ltmlc.evidence.uncertainty.level import Level
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.rotation import ROTATIONS
from ltmlc.plan.config import read_yaml
from ltmlc.plan.grid import Grid, load_grid

ROOT = Path(__file__).parents[1]
WORLDS = ("committed covariance", "run + seed + residual", "independent rows")
SEEDS = (2, 3, 5)
LEVEL = 60.0  # of every run where nothing differs
LAYOUTS = {  # of incomplete results: the seeds of each row
    "seven with two seeds, one with a third alone": [(0, 1)] * 7 + [(2,)],
    "one with two seeds, each other with one of its own": [(0, 1)] + [(seed,) for seed in range(2, 9)],
    "four with two seeds, four with two others": [(0, 1)] * 4 + [(2, 3)] * 4,
}


@dataclass(frozen=True)
class World:
    """``draw(seeds, generator)``: deviations (seeds, columns, runs) in points, of one grid's runs."""

    name: str
    grid: Grid
    dataset: str
    runs: tuple[str, ...]
    deviations: np.ndarray  # (columns, runs, S) of the committed runs around their means

    def draw(self, seeds: int, generator: np.random.Generator) -> np.ndarray:
        columns, runs, committed = self.deviations.shape
        if self.name == WORLDS[0]:
            weights = generator.normal(size=(seeds, committed)) / np.sqrt(committed - 1)
            return np.einsum("ns,crs->ncr", weights, self.deviations)
        if self.name == WORLDS[2]:
            return 0.8 * generator.normal(size=(seeds, columns, runs))
        shared = self.deviations.mean(1, keepdims=True)
        own = (self.deviations - shared).std(2, ddof=1)
        together = shared.std(2, ddof=1)
        noise = generator.normal(size=(seeds, columns, runs))
        return together[:, :] * generator.normal(size=(seeds, columns, 1)) + own * noise


def worlds(root: Path = ROOT) -> list[World]:
    """All three, on the tables of the paper with a published number for every run and column."""
    grid = load_grid(read_yaml(root / "config/voc07-frozen-evidence.yaml"), root)
    (dataset,) = grid.datasets
    results = load_results(grid, root / "config/reference/voc07-lt-frozen")
    runs = tuple(run for run in grid.runs[dataset] if len(results.draws(dataset, run, "total")) == len(grid.seeds))
    scores = [[list(results.draws(dataset, run, column).values()) for run in runs] for column in COLUMNS]
    deviations = np.array(scores) - np.mean(scores, axis=2, keepdims=True)
    tables = {
        name: replace(table, rows=tuple(row for row in table.rows if row.run[dataset] in runs))
        for name, table in grid.tables.items()
    }
    grid = replace(grid, tables=tables, runs={dataset: {run: grid.runs[dataset][run] for run in runs}})
    return [World(name, grid, dataset, runs, deviations) for name in WORLDS]


def as_results(world: World, values: np.ndarray) -> Results:
    """Scores (seeds, columns, runs) as finished runs."""
    seeds = range(len(values))
    runs = {
        (world.dataset, run, seed): RunResult(
            *(world.dataset, run, seed, "finished", Path()),
            percent=dict(zip(COLUMNS, map(float, values[seed, :, index]), strict=True)),
        )
        for index, run in enumerate(world.runs)
        for seed in seeds
    }
    return Results(runs, tuple(seeds))


def judged(
    world: World, values: np.ndarray, column: str, layout: Sequence[Sequence[int]] | None = None
) -> tuple[list[Comparison], Level]:
    """Verdicts of `compare` in one column, each run once: scores (seeds + 1, columns, runs), the last one published.
    ``layout``: the seeds of the first runs, without the others.
    """
    own = values[:, COLUMNS.index(column)]
    layout = layout or [range(len(own) - 1)] * len(world.runs)
    ours = [{seed: float(own[seed, run]) for seed in seeds} for run, seeds in enumerate(layout)]
    published, entries = map(float, own[-1, : len(ours)]), []
    for run, scores, spread, theirs in zip(world.runs[: len(ours)], ours, moderate(ours), published, strict=True):
        cell = Comparison("", run, world.dataset, column, run, "cited", theirs, 1)
        entries.append(compare_cell(Compared(cell, scores, {None: theirs}), spread))
    return judge_column(entries)


@dataclass(frozen=True)
class TableRates:
    """Of one world and number of seeds, by column: shares of simulated tables, and of intervals."""

    false: dict[str, float]  # at least one above or below though nothing differs
    cells: dict[str, float]  # prediction intervals of single rows that hold the published number
    levels: dict[str, float]  # intervals of the level that hold 0
    row: float  # one row of the total moved: shown
    column: float  # the whole column of the total moved: shown
    beside: float  # a quarter of the rows of the total moved, half of them up: a false above or below among the others
    one_way: float  # the same, all of them up


def table_rates(world: World, seeds: int, tables: int, *, effect: float, seed: int = 0) -> TableRates:
    generator = np.random.default_rng([seed, seeds, WORLDS.index(world.name)])
    false = dict.fromkeys(COLUMNS, 0)
    cells = {column: [] for column in COLUMNS}
    levels = {column: [] for column in COLUMNS}
    row = whole = 0
    false_beside = {"beside": 0, "one way": 0}
    quarter = len(world.runs) // 8 * 2
    for index in range(tables):
        values = LEVEL + world.draw(seeds + 1, generator)
        for column in COLUMNS:
            own, level = judged(world, values, column)
            false[column] += any(cell.verdict in ("above", "below") for cell in own)
            cells[column].append(np.mean([cell.low <= cell.reference <= cell.high for cell in own]))
            levels[column].append(level.low <= 0 <= level.high)
        if index < tables // 4:
            moved = values.copy()
            moved[:-1, 0, 0] += effect
            row += judged(world, moved, "total")[0][0].verdict == "above"
            moved = values.copy()
            moved[:-1, 0] += effect
            whole += judged(world, moved, "total")[1].p_adjusted <= 0.05
            for name, signs in (("beside", [-1, 1]), ("one way", [1])):
                moved = values.copy()
                moved[:-1, 0, :quarter] += 2 * effect * np.resize(signs, quarter)
                others = judged(world, moved, "total")[0][quarter:]
                false_beside[name] += any(cell.verdict in ("above", "below") for cell in others)
    few = max(tables // 4, 1)
    mean = {name: {c: float(np.mean(v)) for c, v in each.items()} for name, each in (("c", cells), ("l", levels))}
    shown = (n / few for n in (row, whole, *false_beside.values()))
    return TableRates({c: n / tables for c, n in false.items()}, mean["c"], mean["l"], *shown)


def layout_rates(world: World, layout: Sequence[Sequence[int]], tables: int, *, seed: int = 0) -> tuple[float, float]:
    """Where nothing differs, in the total: how often a table has a false above or below, and levels that hold 0."""
    generator = np.random.default_rng([seed, len(layout), WORLDS.index(world.name)])
    seeds, false, held = 1 + max(map(max, layout)), 0, 0
    for _ in range(tables):
        cells, level = judged(world, LEVEL + world.draw(seeds + 1, generator), "total", layout)
        false += any(cell.verdict in ("above", "below") for cell in cells)
        held += level.low <= 0 <= level.high
    return false / tables, held / tables


def layouts_section(tables: int) -> str:
    world = next(world for world in worlds() if world.name == WORLDS[1])
    rows = [
        [name, *(f"{rate:.1%}" for rate in layout_rates(world, layout, tables))] for name, layout in LAYOUTS.items()
    ]
    return f"""## Rows that lack seeds

Incomplete results of eight rows, run + seed + residual, in the total: columns with a false *above* or *below*, and
intervals of the level that hold 0. Below 5 % and above 95 % are on the safe side.

{markdown_table(["seeds of the rows", "false", "level"], rows)}"""


@dataclass(frozen=True)
class ClaimRates:
    """Of one world and number of seeds, over the paper's claims."""

    false: float  # tables of claims with at least one holds or reversed though nothing differs
    direction: float  # of claims with one comparison: direction only though nothing differs
    covered: float  # intervals of the weakest comparison of such claims that hold 0
    large: float  # of amounts that our runs give exactly: as large
    shown: float  # of claims "A above B" that are true by `effect`: holds
    beside: float  # a quarter of the runs moved: at least one false holds or reversed among claims about the others
    apart: float  # of those that hold: the interval of its own holds 0


def claim_rates(world: World, seeds: int, tables: int, *, effect: float, seed: int = 0) -> ClaimRates:
    generator = np.random.default_rng([seed, seeds, 10 + WORLDS.index(world.name)])
    claims = [claim for claim in load_claims(root=ROOT) if claim.parts_for("voc-lt")]
    # Nothing differs: bounds are taken at zero, so that each direction of every comparison is as likely.
    null = [
        replace(claim, parts={"voc-lt": tuple(replace(part, bound=0.0) for part in claim.parts_for("voc-lt"))})
        for claim in claims
    ]
    null = [replace(claim, amount={"voc-lt": (0.0, 0.0)}) for claim in null]
    single = {claim.id for claim in null if len(claim.parts["voc-lt"]) == 1}
    greater = [claim for claim in null if claim.kind == "greater" and claim.id in single]
    rows = {(table, row.label): row for table, each in world.grid.tables.items() for row in each.rows}
    runs_of = {
        claim.id: {rows[tuple(row)].run[world.dataset] for part in claim.parts["voc-lt"] for row in part.rows}
        for claim in null
    }
    false, direction, covered, large, shown, beside, apart = 0, [], [], [], [], [], []
    for index in range(tables):
        values = LEVEL + world.draw(seeds, generator)
        verdicts = judge_claims(world.grid, as_results(world, values), null)
        known = [verdict for verdict in verdicts if verdict.verdict != "missing"]
        false += any(verdict.verdict in ("holds", "reversed") for verdict in known)
        ones = [verdict for verdict in known if verdict.claim in single]
        direction += [verdict.verdict == "direction only" for verdict in ones]
        covered += [verdict.low <= 0 <= verdict.high for verdict in ones]
        if index < tables // 4:
            another = LEVEL + world.draw(1, generator)
            large += list(_as_large(world, values, another, greater, rows))
            chosen = greater[index % len(greater)]
            better = rows[tuple(chosen.parts["voc-lt"][0].rows[0])].run[world.dataset]
            values[:, :, world.runs.index(better)] += effect
            moved = judge_claims(world.grid, as_results(world, values), null)
            found = next(v for v in moved if v.claim == chosen.id)
            shown.append(found.verdict == "holds")
            apart += [found.low <= 0] * shown[-1]
            picked = generator.choice(len(world.runs), len(world.runs) // 4, replace=False)
            many = LEVEL + world.draw(seeds, generator)
            many[:, :, picked] += 2 * effect * generator.choice([-1, 1], len(picked))
            still = {name for name, runs in runs_of.items() if runs.isdisjoint(world.runs[each] for each in picked)}
            decided = [v for v in judge_claims(world.grid, as_results(world, many), null) if v.claim in still]
            beside.append(any(v.verdict in ("holds", "reversed") for v in decided))
    means = (float(np.mean(each or [0.0])) for each in (direction, covered, large, shown, beside, apart))
    return ClaimRates(false / tables, *means)


def _as_large(world: World, values: np.ndarray, another: np.ndarray, claims: list, rows: dict) -> Iterator[bool]:
    """Whether one more run's difference, taken for the text's amount, is called as large."""
    stated = []
    for claim in claims:
        (part,) = claim.parts["voc-lt"]
        index = {name: world.runs.index(rows[tuple(name)].run[world.dataset]) for name in part.rows}
        amount = part.value(lambda name, column, at=index: another[0, COLUMNS.index(column), at[name]])
        stated.append(replace(claim, amount={"voc-lt": (amount, amount)}))
    for verdict in judge_claims(world.grid, as_results(world, values), stated):
        if verdict.size:
            yield verdict.size == "as large"


def _measured(name: str, seeds: int, tables: int, effect: float) -> tuple[TableRates, ClaimRates]:
    world = next(world for world in worlds() if world.name == name)
    rates = table_rates(world, seeds, tables, effect=effect)
    return rates, claim_rates(world, seeds, tables, effect=effect)


def _outside(names: tuple[str, int], rates: dict[str, float], low: float, high: float) -> list[str]:
    """Rates that, as printed, are not between two bounds, in words."""
    return [
        f"{names[0]}, {names[1]} seeds, {what} {rate:.1%}"
        for what, rate in rates.items()
        if not low <= round(rate, 3) <= high
    ]


def report(tables: int, effect: float, jobs: int) -> str:
    """The page: what was simulated, and every rate."""
    first, second, third, outside, uncovered = [], [], [], [], []
    asked = [(name, seeds) for name in WORLDS for seeds in SEEDS]
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(_measured, *zip(*((*names, tables, effect) for names in asked), strict=True))
        for names, (rates, claims) in zip(asked, found, strict=True):
            print(*names, rates, claims, flush=True)
            power = [f"{rates.beside:.1%}", f"{rates.one_way:.1%}", f"{rates.row:.0%}", f"{rates.column:.0%}"]
            first.append([*names, *(f"{rates.false[c]:.1%}" for c in COLUMNS), *power])
            outside += _outside(names, rates.false | {"sentences": claims.false}, 0.035, 0.065)
            uncovered += _outside(names, {f"row, {c}": rate for c, rate in rates.cells.items()}, 0.93, 0.97)
            uncovered += _outside(names, {f"level, {c}": rate for c, rate in rates.levels.items()}, 0.93, 0.97)
            uncovered += _outside(names, {"differences": claims.covered}, 0.93, 0.97)
            second.append(
                [*names, *(f"{rates.cells[c]:.1%}" for c in COLUMNS), *(f"{rates.levels[c]:.1%}" for c in COLUMNS)]
            )
            shares = (claims.false, claims.beside, claims.covered, claims.large, claims.direction)
            third.append([*names, *(f"{share:.1%}" for share in shares), f"{claims.shown:.0%}", f"{claims.apart:.0%}"])
    header = ["world", "seeds"]
    power = [
        "false beside moved rows",
        "moved one way",
        f"one row moved by {effect:g}",
        f"all rows moved by {effect:g}",
    ]
    covers = [f"row, {c}" for c in COLUMNS] + [f"level, {c}" for c in COLUMNS]
    judged = ["a false holds or reversed", "false beside moved runs", "intervals of differences", "as large"]
    judged += ["direction only by chance", f"a gain of {effect:g} holds", "though its interval holds 0"]
    return f"""# How often are the verdicts wrong?

`python benchmarks/calibration.py --tables {tables} --effect {effect:g} --out docs/calibration.md` simulated {tables}
tables for each line, through the functions by which `compare` and `judge_claims` reach their verdicts, and wrote this
page (power and sizes: a quarter of them). With {tables} tables a rate of 5 % is known to ±
{196 * (0.05 * 0.95 / tables) ** 0.5:.1f} points.

Seeds come from the covariance of the committed runs (rows move together, and unequally), from run + seed + residual
with each row's own spread, and from independent rows of one spread. Under exact reproduction the published table is one
more seed and all runs have one mean.

## A column with a false *above* or *below* (5 % is meant), and how often a real difference is shown

{markdown_table([*header, *COLUMNS, *power], first)}

Outside 5 ± 1.5 %, of total, head, medium and tail, and of *a false holds or reversed* below:
{"; ".join(outside) or "none"}.

Two seeds can hardly show anything: one degree of freedom. That is what they are worth.

Rows of a column are tested together, by rotation ([verdicts.md](verdicts.md)): exact where nothing differs, but for the
sample of {ROTATIONS} rotations. *False beside moved rows*: a quarter of the rows of the total really differ, by
{2 * effect:g} points, half of them up; the share of columns with a false verdict among the others. *Moved one way*: all
of them up. What few seeds cannot find stays in the mean of the rows and takes it along.

## 95 % intervals that hold what they should

{markdown_table([*header, *covers], second)}

Outside 93 to 97 %, of these and of the differences below: {"; ".join(uncovered) or "none"}.

{layouts_section(tables)}

## The paper's sentences

{markdown_table([*header, *judged], third)}

*A false holds or reversed*: in the whole set of claims; a sentence of several comparisons needs all of them to hold,
and one of them to be reversed. *False beside moved runs*: a quarter of the runs really differ, by {2 * effect:g} points
up or down; among the claims about the others. *Intervals of differences*: above 97 % they are wider than need be. *As
large*: one more run's difference, taken for the text's amount. *Direction only by chance*: of single comparisons
without any effect; it is no finding. *Though its interval holds 0*: of the gains that hold.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=2000, help="simulated tables for each world and number of seeds")
    parser.add_argument("--effect", type=float, default=3.0, help="points by which a real difference moves a number")
    parser.add_argument("--out", default="docs/calibration.md", help="the page to write")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    options = parser.parse_args()
    write_atomically(options.out, report(options.tables, options.effect, options.jobs))


if __name__ == "__main__":
    main()
