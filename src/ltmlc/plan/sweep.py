"""What a sweep tries: the candidates of every choice that is to be made on held-out training images. No torch here.

A row of a table is a choice between rates: its recipe's own and the multiples of ``tune.factors``. Rows that share a
``panel`` are one choice between themselves, as they stand; the first of them is the present one. Equal candidates are
one training.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.config import load_config
from ltmlc.plan.grid import Grid, Row, Table, load_grid
from ltmlc.plan.spec import change_recipe, run_id


@dataclass(frozen=True)
class Candidate:
    """One way to go: a run, and how far it is from the present choice (0), for ties."""

    label: str
    run: str
    lr: float
    factor: float | None  # of the recipe's rate; None where something else is chosen
    distance: float


@dataclass(frozen=True)
class Choice:
    """Candidates of which one is to be chosen; the present one is among them. ``rate``: they differ in the rate."""

    label: str
    table: str
    rate: bool
    candidates: tuple[Candidate, ...]

    @property
    def present(self) -> Candidate:
        return min(self.candidates, key=lambda candidate: candidate.distance)


@dataclass(frozen=True)
class Sweep:
    """All choices by data set, and a grid of the trainings that decide them."""

    grid: Grid  # its seeds are ``tune.seeds``; its results lie in ``{results}/tune``
    choices: dict[str, tuple[Choice, ...]] = field(repr=False)

    @property
    def results(self) -> Path:
        return Path(self.grid.config["results"], "tune")

    def grids(self, asked: Grid) -> tuple[Grid, Grid]:
        """What may lie on the disk, each with its folder of results: ``asked`` with the runs at rates that may be
        chosen, and the trainings on held-out images.
        """
        runs = {dataset: self.grid.runs[dataset] | own for dataset, own in asked.runs.items()}
        held_out = {**self.grid.config, "results": self.results.as_posix()}
        return replace(asked, runs=runs), replace(self.grid, config=held_out)


def load_sweep(
    source: str | Path | dict[str, Any],
    root: str | Path = ".",
    *,
    tables: list[str] | None = None,
    factors: list[float] | None = None,
) -> Sweep:
    """The choices that the configuration's ``tune`` asks for; ``tables`` and ``factors`` take the place of its own.

    Raises:
        InputError: for what :func:`load_grid` refuses, a factor that is not above 0, a figure, a panel with
            a single row, or a row that sets a rate of its own.
    """
    config = load_config(source)
    settings = config["tune"]
    multiples = _factors(factors or settings["factors"])
    asked = {key: value for key, value in config.items() if key != "methods"}  # they name rows of other tables
    grid = load_grid({**asked, "tables": list(tables or settings["tables"]), "seeds": settings["seeds"]}, root)
    runs: dict[str, dict[str, Any]] = {dataset: {} for dataset in grid.datasets}
    choices: dict[str, tuple[Choice, ...]] = {}
    for dataset in grid.datasets:
        found: dict[tuple[str, ...], Choice] = {}
        for table in grid.tables.values():
            for choice in _choices(table, dataset, grid, runs[dataset], multiples):
                # The same candidates in another table are the same choice.
                found.setdefault(tuple(candidate.run for candidate in choice.candidates), choice)
        choices[dataset] = tuple(found.values())
    return Sweep(Grid(config, grid.datasets, grid.tables, runs, tuple(settings["seeds"])), choices)


def planned_spec(grid: Grid, dataset: str, run: str, sweep: Callable[[], Sweep]) -> dict[str, Any]:
    """What a run of the grid is, or one that the sweep of the same configuration tries.

    Raises:
        InputError: there is none of that id.
    """
    if run not in grid.runs[dataset]:
        try:
            candidates = sweep().grid.runs[dataset]
        except InputError:  # the sweep's tables need not fit every configuration
            candidates = {}
        if run in candidates:
            return candidates[run]
    return grid.spec(dataset, run)


def _factors(factors: list[float]) -> list[float]:
    wrong = [factor for factor in factors if not (factor > 0 and math.isfinite(factor))]
    if wrong:
        raise InputError(f"tune.factors: {wrong[0]} is not a multiple of a rate; give numbers above 0")
    return sorted({1.0, *map(float, factors)})


def _choices(table: Table, dataset: str, grid: Grid, runs: dict[str, Any], factors: list[float]) -> list[Choice]:
    if table.kind == "figure":
        raise InputError(f"tune.tables: {table.name} is a figure; name tables, whose rows can be tried at other rates")
    specs = grid.runs[dataset]
    single = [row for row in table.rows if row.panel is None]
    choices = [_rates(row, table, specs[row.run[dataset]], runs, factors) for row in single]
    panels: dict[str, list[Row]] = {}
    for row in table.rows:
        if row.panel is not None:
            panels.setdefault(row.panel, []).append(row)
    return choices + [_panel(name, rows, table, dataset, specs, runs) for name, rows in panels.items()]


def _rates(row: Row, table: Table, spec: dict[str, Any], runs: dict[str, Any], factors: list[float]) -> Choice:
    if row.own_rate:
        raise InputError(
            f"tune.tables: {table.name}, row {row.label}: it sets run.lr, so there is no rate to choose; remove "
            "run.lr, or the table from tune.tables"
        )
    candidates = []
    for factor in factors:
        lr = float(f"{spec['recipe']['lr'] * factor:.3g}")
        changed = {**spec, "recipe": change_recipe(spec["recipe"], lr=lr)} if factor != 1 else spec
        identity = run_id(changed)
        runs[identity] = changed
        candidates.append(
            Candidate(f"rate x {factor:g}", identity, changed["recipe"]["lr"], factor, abs(math.log(factor)))
        )
    return Choice(row.label, table.name, True, tuple(candidates))


def _panel(
    name: str, rows: list[Row], table: Table, dataset: str, specs: dict[str, Any], runs: dict[str, Any]
) -> Choice:
    distinct: dict[str, Candidate] = {}
    for row in rows:
        identity = row.run[dataset]
        runs[identity] = specs[identity]
        rate = specs[identity]["recipe"]["lr"]
        distinct.setdefault(identity, Candidate(row.label, identity, rate, None, float(len(distinct))))
    if len(rows) < 2:
        raise InputError(f"tune.tables: {table.name}: panel {name!r} has a single row, so there is nothing to choose")
    return Choice(name, table.name, False, tuple(distinct.values()))
