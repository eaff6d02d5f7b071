"""The finished seeds of the methods that the paper's argument is about."""

from ltmlc.evidence.results.results import Results, RunResult
from ltmlc.plan.grid import Grid
from ltmlc.plan.methods import method_runs


def finished_methods(grid: Grid, results: Results, dataset: str) -> dict[str, list[RunResult]]:
    """Method -> its finished seeds; methods without one are absent."""
    done = {method: results.finished(dataset, run) for method, run in method_runs(grid, dataset).items()}
    return {method: seeds for method, seeds in done.items() if seeds}
