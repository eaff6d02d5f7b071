"""What the runs of a grid left behind: one record a (data set, run, seed), read from ``metrics.json``.

A file that is absent, cut short, or not what it should be never stops the evaluation: its run counts as missing, and
a message names the file and what is wrong with it. Values are percent, as the paper prints them.
"""

import math
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ltmlc.data.split import SplitStatistics
from ltmlc.disk.locks import is_held
from ltmlc.disk.logs import last_line
from ltmlc.errors import InputError
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.results.believed import read_believed
from ltmlc.evidence.results.doubts import doubts, numbers_of
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import HEARTBEAT, LOG, METRICS, run_folder

STALE_SECONDS = 600
"""A training that was silent for longer is taken for dead: its heartbeat comes every few seconds."""

COLUMNS = ("total", "head", "medium", "tail")
_NONE: Mapping[str, SplitStatistics] = MappingProxyType({})


@dataclass(frozen=True)
class RunResult:
    """One training. ``percent``: mAP by column (None for a group without classes); empty unless finished."""

    dataset: str
    run: str
    seed: int
    status: str  # finished | failed | missing
    directory: Path
    percent: dict[str, float | None] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict, repr=False)  # the whole file; without one at most `error`

    @property
    def name(self) -> str:
        return f"{self.dataset}/{self.run}/seed{self.seed}"

    @property
    def log(self) -> Path:
        return self.directory / LOG

    @property
    def stopped(self) -> bool:
        """Failed without a result: cancelled, killed, or refused. The same command again continues it."""
        return self.status == "failed" and "status" not in self.metrics

    @property
    def recorded(self) -> bool:
        """Whether there is a result, be it a recorded failure: only then is there a metrics file to be read."""
        return self.status != "missing" and not self.stopped

    @property
    def error(self) -> str:
        """Why it failed, for a reader."""
        return self.metrics.get("error") or "no message"

    @property
    def seconds(self) -> float | None:
        """Wall time from start to result, None when it was not recorded."""
        return self.metrics.get("seconds", {}).get("total")


@dataclass(frozen=True)
class Results:
    """All runs of a grid, possibly few of them finished (:func:`load_results`). ``messages``: one sentence for each
    file that could not be used, or should not be trusted.
    """

    runs: dict[tuple[str, str, int], RunResult] = field(repr=False)
    seeds: tuple[int, ...]
    messages: tuple[str, ...] = ()

    @cached_property
    def _by_run(self) -> dict[tuple[str, str], list[RunResult]]:
        return grouped(self.runs.values(), lambda result: (result.dataset, result.run))

    def of(self, dataset: str, run: str) -> list[RunResult]:
        """The seeds of one run, in the order of the grid."""
        return self._by_run.get((dataset, run), [])

    def finished(self, dataset: str, run: str) -> list[RunResult]:
        """Those of :meth:`of` that have a result."""
        return [result for result in self.of(dataset, run) if result.status == "finished"]

    def names(self, dataset: str) -> list[str]:
        """The ids of a data set's runs, sorted."""
        return sorted(run for name, run in self._by_run if name == dataset)

    def scores(self, dataset: str, run: str, column: str) -> dict[int, float]:
        """Seed -> mAP in percent, over the finished seeds of one run."""
        values = {result.seed: result.percent.get(column) for result in self.of(dataset, run)}
        return {seed: value for seed, value in values.items() if value is not None}

    @cached_property
    def originals(self) -> dict[tuple[str, str, int], int]:
        """(data set, run, seed) -> the first seed with the same numbers in every column: another if it is a copy."""
        first: dict[tuple, int] = {}
        return {
            key: first.setdefault((key[:2], numbers_of(result)), key[2])
            for key, result in self.runs.items()
            if result.status == "finished"
        }

    def distinct(self, dataset: str, runs: Collection[str], seeds: Iterable[int]) -> list[int]:
        """Of seeds that these runs have finished, the first of those with the same numbers in all of them."""
        first: dict[tuple[int, ...], int] = {}
        for seed in seeds:
            first.setdefault(tuple(self.originals[dataset, run, seed] for run in runs), seed)
        return list(first.values())

    def drawn(self, dataset: str, run: str) -> list[RunResult]:
        """:meth:`finished` without copies of an earlier seed, which are no draws."""
        finished = {result.seed: result for result in self.finished(dataset, run)}
        return [finished[seed] for seed in self.distinct(dataset, [run], finished)]

    def draws(self, dataset: str, run: str, column: str) -> dict[int, float]:
        """:meth:`scores` of those."""
        scores = self.scores(dataset, run, column)
        return {seed: scores[seed] for seed in self.distinct(dataset, [run], scores)}

    def with_status(self, status: str) -> list[RunResult]:
        return [result for result in self.runs.values() if result.status == status]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Status -> how many runs."""
        return {status: len(self.with_status(status)) for status in ("finished", "failed", "missing")}


def load_results(grid: Grid, results_dir: str | Path, splits: Mapping[str, SplitStatistics] = _NONE) -> Results:
    """Read the ``metrics.json`` of every run and seed of the grid. Never raises for a bad file.

    ``splits``: by data set, as far as there are any; results that were made on one must fit it.
    """
    runs, messages = {}, []
    for key in grid.trainings():
        dataset, run, _ = key
        folder = run_folder(results_dir, *key)
        runs[key], message = _load(folder, *key, grid.runs[dataset][run], splits.get(dataset))
        messages += [message] if message else []
    messages += doubts(runs.values(), splits)
    return Results(runs, tuple(grid.seeds), tuple(messages))


def _load(
    directory: Path, dataset: str, run: str, seed: int, spec: dict[str, Any], split: SplitStatistics | None
) -> tuple[RunResult, str | None]:
    path = directory / METRICS
    missing = RunResult(dataset, run, seed, "missing", directory)
    try:
        if not path.exists():
            return _unfinished(missing), None
        metrics = read_believed(path, (dataset, run, seed), spec, split)
    except InputError as error:
        return missing, f"{error}; counted as missing, train it again"
    percent = {}
    if metrics["status"] == "finished":
        percent = {column: _percent(metrics["map"][column]) for column in COLUMNS}
    return RunResult(dataset, run, seed, metrics["status"], directory, percent, metrics), None


def _unfinished(missing: RunResult) -> RunResult:
    """A run without a result has failed if it began and shows no sign of life; its log's last line says why.

    While it imports, loads and writes it has no heartbeat, but its process holds the folder.
    """
    beat = missing.directory / HEARTBEAT
    try:
        if not missing.log.exists() or time.time() - beat.stat().st_mtime < STALE_SECONDS:
            return missing
    except FileNotFoundError:  # the trainer takes it away when it ends, unless it was killed
        pass
    if is_held(missing.directory):
        return missing
    last = last_line(missing.log) or "it said nothing"
    return replace(missing, status="failed", metrics={"error": f"ended without a result: {last}"})


def _percent(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else 100 * value
