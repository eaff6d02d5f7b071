"""All runs as a data frame; a module of its own, as importing pandas takes half a second."""

from pathlib import Path
from typing import Any

import pandas as pd

from ltmlc.disk.csv_file import csv_cell
from ltmlc.evidence.results.results import COLUMNS, Results, RunResult
from ltmlc.plan.lookup import METRICS


def run_frame(results: Results) -> pd.DataFrame:
    """One tidy row a run: what it is, mAP in percent (unrounded), time, speed, environment, error, path."""
    return pd.DataFrame(
        [_record(result) for result in results.runs.values()], columns=list(_record(RunResult("", "", 0, "", Path())))
    )


def frame_csv(frame: pd.DataFrame) -> str:
    """A data frame as CSV, its texts as :func:`csv_cell` has them."""
    texts = {name: frame[name].map(csv_cell) for name in frame.select_dtypes(["object", "string"])}
    return frame.assign(**texts).to_csv(index=False, lineterminator="\n")


def _record(result: RunResult) -> dict[str, Any]:
    environment = result.metrics.get("environment", {})
    return {
        "dataset": result.dataset,
        "run": result.run,
        "seed": result.seed,
        "status": result.status,
        **{column: result.percent.get(column) for column in COLUMNS},
        "seconds": result.seconds,
        "images_per_second": result.metrics.get("images_per_second"),
        **{key: environment.get(key) for key in ("device", "torch", "git_commit")},
        **{key: result.metrics.get(key) for key in ("split_sha256", "code", "error")},
        "path": (result.directory / METRICS).as_posix(),
    }
