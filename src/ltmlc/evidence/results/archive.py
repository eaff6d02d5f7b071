"""Results as evidence that can be committed: metrics files without predictions, image ids or paths of one machine.

``ltmlc reference --out DIRECTORY`` writes ``runs/{dataset}/{run}/seed{k}/metrics.json`` and, for chance, groups and
class counts, ``data/{dataset}/statistics.json``; ``--results DIRECTORY`` of the other verbs reads them back.
"""

import json
import re
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ltmlc.data.split import SplitStatistics, load_split
from ltmlc.disk.files import write_atomically
from ltmlc.disk.reading import read_json
from ltmlc.errors import InputError
from ltmlc.evidence.results.results import Results
from ltmlc.plan.lookup import METRICS, data_folder, run_folder
from ltmlc.plan.reading.schema import check

STATISTICS, PROBE = "statistics.json", "linear_probe.json"
_COUNTED = ("classes", "class_counts", "test_class_counts", "cooccurrence", "groups", "thresholds", "sha256")
# A slash that begins a path: not after a letter, a colon or another slash, as in URLs, dates and fractions.
_ABSOLUTE = re.compile(r"(?<![\w.:/~*>-])/(?:[^\s\"'`,;:|()\[\]{}<>/]+/)+(?=[^\s\"'`,;:|()\[\]{}<>/])")


def without_folders(text: str) -> str:
    """Absolute paths cut to their last part."""
    return _ABSOLUTE.sub("", text)


def without_paths(value: Any) -> Any:
    """The same JSON value with absolute paths in its texts cut to their last part: where a file lay is no evidence."""
    if isinstance(value, dict):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    return without_folders(value) if isinstance(value, str) else value


def write_archive(
    results: Results,
    splits: Mapping[str, Any],
    directory: str | Path,
    *,
    probes: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Path]:
    """Write every finished or failed run, the statistics of the splits, and linear probes by data set
    (:func:`read_probe`); returns what was written.

    A file of another run or an earlier time that lies there already stays, unless its run is written anew.
    """
    written = []
    for result in results.runs.values():
        if "status" in result.metrics:  # one that ended without a result has nothing but its log's last line
            path = run_folder(directory, result.dataset, result.run, result.seed) / METRICS
            written.append(_write_json(path, result.metrics))
    written += [_write_json(data_folder(directory, name) / PROBE, probe) for name, probe in (probes or {}).items()]
    for name, split in splits.items():
        path = data_folder(directory, name) / STATISTICS
        write_atomically(path, json.dumps(_statistics(split), separators=(",", ":")) + "\n")
        written.append(path)
    return written


def _write_json(path: Path, value: Mapping[str, Any]) -> Path:
    write_atomically(path, json.dumps(without_paths(value), indent=1, allow_nan=False) + "\n")
    return path


def _statistics(split: Any) -> dict[str, Any]:
    counted = {key: getattr(split, key) for key in _COUNTED}
    return {"dataset": split.dataset, "train": len(split.train_ids), "test": len(split.test_ids), **counted}


def read_statistics(path: str | Path) -> SplitStatistics:
    """Raises InputError for a file that :func:`write_archive` did not write."""
    try:
        fields = read_json(path)
        check(fields, schema="statistics", where=str(path))
        number = len(fields["classes"])
        lengths = {len(fields[key]) for key in ("class_counts", "test_class_counts")}
        if (pairs := fields["cooccurrence"]) is not None:
            lengths |= {len(row) for row in (pairs, *pairs)}
        if lengths != {number} or sorted(chain(*fields["groups"].values())) != list(range(number)):
            raise InputError(f"{path}: its counts and groups are not those of its {number} classes")
    except InputError as error:
        raise InputError(f"{error}; write it anew with `ltmlc reference`") from None
    ids = {"train_ids": range(fields.pop("train")), "test_ids": range(fields.pop("test"))}
    return SplitStatistics(**fields, **ids)


def read_splits(results_dir: str | Path, datasets: list[str] | Mapping[str, Any]) -> dict[str, SplitStatistics]:
    """The splits under a results folder, or what an archive keeps of them; none for a data set without either."""
    splits: dict[str, SplitStatistics] = {}
    for name in datasets:
        folder = data_folder(results_dir, name)
        if (folder / "split.json").exists():
            splits[name] = load_split(folder / "split.json")
        elif (folder / STATISTICS).exists():
            splits[name] = read_statistics(folder / STATISTICS)
    return splits


def read_probe(results_dir: str | Path, dataset: str) -> dict[str, Any] | None:
    """The linear probe of a data set, where one was kept."""
    path = data_folder(results_dir, dataset) / PROBE
    if not path.exists():
        return None
    try:
        probe = read_json(path)
        check(probe, schema="linear_probe", where=str(path))
    except InputError as error:
        raise InputError(f"{error}; write it anew with benchmarks/linear_probe.py") from None
    return probe
