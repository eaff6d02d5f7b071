"""What the verbs that judge results start from."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from ltmlc.commands.options import say
from ltmlc.errors import InputError
from ltmlc.plan.grid import load_grid
from ltmlc.plan.lookup import earlier_runs, own_or_shipped


def load_all(options: argparse.Namespace) -> tuple:
    """The grid, the results so far, and the splits that exist (of an archive: what it keeps of them)."""
    from ltmlc.evidence.results.archive import read_splits
    from ltmlc.evidence.results.results import load_results

    grid = load_grid(options.config)
    folder = results_folder(options, grid)
    if options.results and not (folder / "runs").is_dir():
        raise InputError(f"--results: there is no folder {folder / 'runs'}; name a folder that holds runs/DATASET/RUN")
    splits = read_splits(folder, grid.datasets)
    results = load_results(grid, folder, splits)
    say(options.verb, results.messages)
    return grid, results, splits


def results_folder(options: argparse.Namespace, grid) -> Path:
    """Where the runs are read from: ``--results``, or the configuration's own folder."""
    return options.results or Path(grid.config["results"])


def check_asked(dataset: str, datasets: Iterable[str]) -> None:
    """Raise InputError for a data set that is not among the configuration's."""
    if dataset not in datasets:
        raise InputError(f"data set {dataset!r} is not in the configuration; it has: {', '.join(datasets)}")


def split_of(grid, name: str, splits: dict):
    check_asked(name, grid.datasets)
    if name not in splits:
        raise InputError(
            f"data set {name!r} has no split under {grid.config['results']}/data yet; the workflow makes it, as does "
            "`ltmlc subset`"
        )
    return splits[name]


def references(grid, measured: list[Path] | None = None) -> list[Path]:
    """Files of earlier runs: those asked for, and those that lie ready; other files that lie there are passed over."""
    from ltmlc.evidence.results.reference import is_reference

    configured, asked = grid.config["reference"], list(map(own_or_shipped, measured or ()))
    ready = [path for path in earlier_runs(configured) if path == own_or_shipped(configured) or is_reference(path)]
    every = [*asked, *ready]
    return list({path.resolve(): path for path in every}.values())


def costs(paths: list[Path]) -> list:
    """What runs took in these files."""
    from ltmlc.evidence.results.costs import read_costs

    return [cost for path in paths for cost in read_costs(path)]
