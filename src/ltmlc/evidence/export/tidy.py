"""All runs as tidy tables, for any tool that reads Parquet or CSV: one row a run, and one row a run and class."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from ltmlc.data.split import Split
from ltmlc.disk.files import canonical_json, write_atomically
from ltmlc.evidence.export.portable import nameless, portable
from ltmlc.evidence.labels.measure import LABEL_COLUMNS, LabelScores
from ltmlc.evidence.results.frame import frame_csv, run_frame
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import shown_by
from ltmlc.plan.grid import Grid


def run_table(
    grid: Grid, results: Results, roots: Mapping[str, str | Path], labels: LabelScores | None = None
) -> pd.DataFrame:
    """:func:`run_frame`, with what was run (loss, sampler, recipe, batch size, head as columns), the tables that show
    it, and precision, recall and F1 of its labels; percent, unrounded; paths relative.

    Args:
        roots: see :func:`ltmlc.evidence.export.portable.portable`.
        labels: from :func:`ltmlc.evidence.labels.measure.label_scores`; columns of runs that are not in it are empty.
    """
    users = {pair: [f"{table.name}: {row.label}" for table, row in each] for pair, each in shown_by(grid).items()}
    frame = run_frame(results)
    specs = [grid.runs[dataset][run] for dataset, run in zip(frame.dataset, frame.run, strict=True)]
    frame.insert(3, "loss", [canonical_json(spec["loss"]) for spec in specs])
    frame.insert(4, "sampler", [spec["sampler"]["name"] for spec in specs])
    frame.insert(5, "recipe", [spec["recipe"]["name"] for spec in specs])
    frame.insert(6, "batch_size", [spec["batch_size"] for spec in specs])
    frame.insert(7, "head_kind", [spec["model"]["head"] for spec in specs])
    shown = zip(frame.dataset, frame.run, strict=True)
    frame.insert(8, "rows", ["; ".join(dict.fromkeys(users.get(pair, ()))) for pair in shown])
    keys = list(zip(frame.dataset, frame.run, frame.seed, strict=True))
    place = frame.columns.get_loc("tail") + 1
    for offset, column in enumerate(LABEL_COLUMNS):
        frame.insert(place + offset, column, [(labels or {}).get(key, {}).get(column) for key in keys])
    frame["path"] = [portable(str(value), roots) for value in frame.path]
    frame["error"] = [value and nameless(portable(str(value), roots)) for value in _plain(frame.error)]
    numbers = [*COLUMNS, *LABEL_COLUMNS, "seconds", "images_per_second"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def class_table(results: Results, splits: Mapping[str, Split]) -> pd.DataFrame:
    """One row a finished run and class: average precision in percent, and what the split says of the class."""
    rows = []
    for result in results.with_status("finished"):
        split = splits.get(result.dataset)
        scores = result.metrics["ap_per_class"] or []
        names = split.classes if split and len(split.classes) == len(scores) else result.metrics.get("classes") or []
        known = split is not None and names is split.classes
        group_of = {k: group for group, members in split.groups.items() for k in members} if known else {}
        for k, score in enumerate(np.array(scores, dtype=float)):  # NaN: no test image
            counts = (split.class_counts[k], split.test_class_counts[k]) if known else (None, None)
            name = names[k] if k < len(names) else str(k)
            rows.append((result.dataset, result.run, result.seed, k, name, group_of.get(k), *counts, 100 * score))
    columns = ["dataset", "run", "seed", "class", "name", "group", "training_images", "test_images", "ap"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"training_images": "Int64", "test_images": "Int64", "ap": "float64"})


def _plain(column: pd.Series) -> list:
    return [None if value is None or value != value else value for value in column.tolist()]


def write_tidy(frame: pd.DataFrame, directory: str | Path, name: str) -> list[Path]:
    """``{name}.parquet`` and ``{name}.csv``; returns their paths."""
    buffer = BytesIO()
    frame.to_parquet(buffer, index=False)
    paths = [Path(directory) / f"{name}.parquet", Path(directory) / f"{name}.csv"]
    write_atomically(paths[0], buffer.getvalue())
    write_atomically(paths[1], frame_csv(frame))
    return paths
