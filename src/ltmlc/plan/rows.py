"""What tables are once they are read: rows, tables, and the grid of the runs behind them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.lookup import run_folder


@dataclass(frozen=True)
class Row:
    """One printed row. ``published``: (total, head, medium, tail) mAP in percent of each data set that has them."""

    label: str
    run: dict[str, str]  # every data set of the grid -> run id
    published: dict[str, tuple[float, float, float, float]]
    origin: str  # own (run by the authors) | cited (from the DB-loss paper) | retrained (others' loss, their training)
    note: str | None = None
    delta: bool = False  # print the gain in total over the row above
    panel: str | None = None  # of a figure: which parameter varies ...
    x: float | None = None  # ... and its value
    own_rate: bool = False  # it sets run.lr
    choices: tuple[dict[str, str], ...] = ()  # what the paper leaves open: {value, origin}


@dataclass(frozen=True)
class StepSplit:
    """Two rows of a table between which two things change, and the rows of another table that have them apart."""

    step: tuple[str, str]  # before, after
    changes: tuple[str, str]  # what each is called
    table: str
    rows: tuple[str, str, str, str]  # there: with neither, the first alone, the second alone, both


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    caption: str
    kind: str  # table | figure
    rows: tuple[Row, ...]
    split: StepSplit | None = None


@dataclass(frozen=True)
class Grid:
    """All that is asked for: data sets, tables, and the distinct runs behind them."""

    config: dict[str, Any]
    datasets: dict[str, dict[str, Any]]
    tables: dict[str, Table]
    runs: dict[str, dict[str, dict[str, Any]]] = field(repr=False)  # data set -> run id -> specification
    seeds: tuple[int, ...] = (0,)

    @property
    def titles(self) -> dict[str, str]:
        """Data set -> what it is called."""
        return {name: settings.get("title", name) for name, settings in self.datasets.items()}

    def trainings(self) -> Iterator[tuple[str, str, int]]:
        """(data set, run, seed) of each."""
        for dataset, runs in self.runs.items():
            for run in runs:
                for seed in self.seeds:
                    yield dataset, run, seed

    def run_folders(self) -> Iterator[Path]:
        """Where every run and seed of it writes."""
        return (run_folder(self.config["results"], *each) for each in self.trainings())

    def spec(self, dataset: str, run: str) -> dict[str, Any]:
        """What a run is; raises InputError where the data set has none of that id."""
        runs = self.runs[dataset]
        if run not in runs:
            raise unknown_run(run, dataset, runs)
        return runs[run]


def unknown_run(run: str, dataset: str, known: Iterable[str]) -> InputError:
    """What to raise of a run that a data set has not."""
    return InputError(f"no run {run!r} on {dataset}; it has: {', '.join(known) or 'none'}")
