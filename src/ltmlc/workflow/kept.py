"""A finished run in safety, while Snakemake, which does not know or want its files, does that job again."""

import json
import shutil
from pathlib import Path
from typing import Any

from ltmlc.disk.checksums import RUN_SUMS, changed_files, has_checksum, write_sums
from ltmlc.disk.reading import DAMAGED, read_json
from ltmlc.plan.lookup import HISTORY, METRICS, PREDICTIONS, WEIGHTS
from ltmlc.workflow.record import read_record

FINISHED = "finished"
"""The folder for its files."""
BESIDE = (f"{METRICS}.made-of", WEIGHTS, HISTORY)
"""What a finished run may have beside its metrics and predictions."""
RUN_FILES = (METRICS, PREDICTIONS, *BESIDE)
"""All of it; ``RUN_SUMS`` beside them has their checksums."""


def is_complete(run: Path) -> bool:
    """Whether all of a finished run is there, and as it was made."""
    known = all((run / name).exists() and has_checksum(run / RUN_SUMS, run / name) for name in (METRICS, PREDICTIONS))
    return known and not changed_files(run / RUN_SUMS)


def write_run_sums(run: Path) -> None:
    """Checksums of what is there."""
    write_sums(run / RUN_SUMS, [run / name for name in RUN_FILES if (run / name).exists()])


def keep(folder: Path) -> None:
    """A second name for each file of a run, in the folder ``FINISHED`` where Snakemake deletes nothing."""
    (folder / FINISHED).mkdir(exist_ok=True)
    for file in _all_of(folder):
        _second_name(file, folder / FINISHED / file.name)


def _all_of(folder: Path) -> list[Path]:
    """A run's files; the metrics come last, as when made."""
    names = (*RUN_FILES[1:], RUN_SUMS, METRICS)
    return [folder / name for name in names if (folder / name).exists()]


def _second_name(file: Path, name: Path) -> None:
    """In the place of what has this name, in one step: a kill leaves the one or the other."""
    begun = name.with_name(f"{name.name}.begun")
    begun.unlink(missing_ok=True)
    try:
        begun.hardlink_to(file)
    except OSError:  # no hard links here
        shutil.copy2(file, begun)
    if name.exists() and name.samefile(begun):  # of two names of one file, renaming would leave both
        begun.unlink()
    else:
        begun.replace(name)


def restore_finished(folder: Path, made_of: str | None = None, **wanted: Any) -> bool:
    """Bring back what ``keep`` put in safety, if it is what is wanted. Whether it did.

    It stays in safety too, until the planning of the next call finds the run in its place
    (:func:`ltmlc.workflow.recovery.clean_up`): killed at any instant, it is not lost.

    Args:
        made_of: what it must be made of, as :mod:`ltmlc.workflow.record` has it.
        wanted: what its ``metrics.json`` must say.
    """
    kept = folder / FINISHED
    record = read_record(kept / METRICS)
    changed = record and made_of and record.changes(json.loads(made_of))
    if changed or not is_result_of(kept / METRICS, **wanted) or not is_complete(kept):
        return False
    for file in _all_of(kept):
        _second_name(file, folder / file.name)
    return True


def is_result_of(metrics: Path, **wanted: Any) -> bool:
    """Whether this metrics file exists and its fields of these names have these values."""
    try:
        found = read_json(metrics)
        return all(found[key] == value for key, value in wanted.items())
    except DAMAGED:
        return False
