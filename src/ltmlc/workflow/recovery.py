"""What a killed, disturbed or edited run left behind, put in order while planning, so that the same command again ends
in the same results.

Nothing is deleted: a damaged file is kept as ``NAME.damaged``.
"""

import json
import os
import shutil
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ltmlc.disk.checksums import RUN_SUMS, changed_files
from ltmlc.disk.locks import alone, clear_stale_locks, share, watch
from ltmlc.plan.grid import Grid
from ltmlc.workflow.record import read_record

FINISHED = "finished"
"""The folder for a finished run's files while Snakemake, which does not know or want them, does that job again."""
METRICS, PREDICTIONS = "metrics.json", "predictions.npz"
RUN_FILES = (METRICS, f"{METRICS}.made-of", PREDICTIONS, "weights.pt", RUN_SUMS)
REPORT_SUMS = ("diff", "claims", "audit", "report")


def begin(snakemake: Path = Path(".snakemake")) -> tuple[IO | None, list[str]]:
    """For a Snakemake that begins to read the workflow: tell others that it lives, and remove a dead one's locks.

    Returns:
        What to hold as long as this Snakemake lives (see :func:`watch`), and one sentence for each thing done.
    """
    alive, alone = watch(snakemake)
    messages = []
    if alone:
        try:
            messages = clear_stale_locks(snakemake)
        except OSError as error:
            messages = [_could_not(error)]
    if alive:
        share(alive)
    return alive, messages


def put_in_order(
    grid: Grid, alive: IO | None, *, dry: bool, snakemake: Path = Path(".snakemake")
) -> tuple[dict[Path, str], list[str]]:
    """All else of this module, for a Snakemake that plans.

    While another Snakemake works in this folder nothing is touched, and a dry run only says what it finds.

    Args:
        grid: what is asked for.
        alive: what :func:`begin` returned.
        dry: whether nothing may be changed.
        snakemake: Snakemake's folder.

    Returns:
        The damaged files with what is wrong with them, to be made again, and one sentence for each thing.
    """
    if alive is None or not alone(alive):
        return {}, []
    damaged = damaged_results(grid)
    messages = []
    try:
        if dry:
            messages += [
                f"{path} {what}; a real run keeps it as {path.name}.damaged and makes it again"
                for path, what in damaged.items()
            ]
        else:
            messages += date_now(grid)
            messages += set_aside(damaged)
            messages += keep_finished(grid, snakemake)
    except OSError as error:  # another's files, a full disk, a read-only one
        messages.append(_could_not(error))
    finally:
        share(alive)
    return damaged, messages


def _could_not(error: OSError) -> str:
    return f"{error.filename}: could not be put in order: {error.strerror}"


def damaged_results(grid: Grid) -> dict[Path, str]:
    """Files that were edited or cut short since they were made -> what is wrong with them."""
    results = Path(grid.config["results"])
    sums = [run / RUN_SUMS for run in run_folders(grid)]
    sums += [results / "tables" / f"{table}.sha256" for table in grid.tables]
    sums += [results / f"{name}.sha256" for name in REPORT_SUMS]
    found = {path: "was edited or cut short since it was made" for file in sums for path in changed_files(file)}
    for run in run_folders(grid):
        if not (run / RUN_SUMS).exists() and _is_cut_short(run / METRICS):
            found[run / METRICS] = "is not readable JSON"
    return found


def set_aside(damaged: dict[Path, str]) -> list[str]:
    """Copy what was damaged. One sentence a file."""
    for path in damaged:
        shutil.copy2(path, path.with_name(f"{path.name}.damaged"))
    return [f"{path} {what}: kept as {path.name}.damaged, and made again" for path, what in damaged.items()]


def date_now(grid: Grid) -> list[str]:
    """Give files from the future the present date: Snakemake deletes results that seem older than what they come from.

    A clock that was set back, or another machine's clock, leaves them. Their content says what they are; equal content
    is never trained again for its date.
    """
    results, now = Path(grid.config["results"]), time.time()
    folders = [*run_folders(grid), results / "tables", results]
    folders += [results / "data" / dataset / part for dataset in grid.datasets for part in ("", "pack")]
    files = [file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.is_file()]
    future = [file for file in files if file.stat().st_mtime > now]
    for file in future:
        os.utime(file, (now, now))
    return [f"{len(future)} files were dated in the future (first: {future[0]}): dated now"] if future else []


def run_folders(grid: Grid) -> Iterator[Path]:
    """The folder of every run and seed."""
    for dataset, runs in grid.runs.items():
        for run in runs:
            for seed in grid.seeds:
                yield Path(grid.config["results"], "runs", dataset, run, f"seed{seed}")


def keep_finished(grid: Grid, snakemake: Path) -> list[str]:
    """Put runs in safety that finished after their Snakemake was killed: it would delete and train them again.

    ``restore_finished`` brings them back when the job is done again.

    Args:
        grid: whose runs.
        snakemake: Snakemake's folder (``.snakemake``), which marks the files of unfinished jobs.
    """
    marked = _marked(snakemake / "incomplete")
    kept = []
    for folder in run_folders(grid) if marked else ():
        complete = all((folder / name).exists() for name in (RUN_SUMS, METRICS, PREDICTIONS))
        complete = complete and not changed_files(folder / RUN_SUMS)
        if complete and (folder / METRICS).as_posix() in marked:
            keep(folder)
            kept.append(f"{folder} finished after its Snakemake was killed: kept, not trained again")
    return kept


def keep(folder: Path) -> None:
    """A second name for each file of a run, in the folder ``FINISHED`` where Snakemake deletes nothing."""
    (folder / FINISHED).mkdir(exist_ok=True)
    for file in (folder / name for name in RUN_FILES if (folder / name).exists()):
        (folder / FINISHED / file.name).unlink(missing_ok=True)
        try:
            (folder / FINISHED / file.name).hardlink_to(file)
        except OSError:  # no hard links here
            shutil.copy2(file, folder / FINISHED / file.name)


def restore_finished(folder: Path, made_of: str | None = None, **wanted: Any) -> bool:
    """Bring back what ``keep`` put in safety, if it is what is wanted. Whether it did.

    Args:
        folder: of the run.
        made_of: what it must be made of, as :mod:`ltmlc.workflow.record` has it.
        wanted: what its ``metrics.json`` must say.
    """
    kept = folder / FINISHED
    record = read_record(kept / METRICS)
    changed = record and made_of and record.changes(json.loads(made_of))
    if changed or not is_result_of(kept / METRICS, **wanted) or changed_files(kept / RUN_SUMS):
        return False
    for file in sorted(kept.iterdir(), key=lambda file: file.name == METRICS):  # it comes last, as when made
        (folder / file.name).unlink(missing_ok=True)  # renaming to a second name of the same file would do nothing
        file.rename(folder / file.name)
    kept.rmdir()
    return True


def is_result_of(metrics: Path, **wanted: Any) -> bool:
    """Whether this metrics file exists and its fields of these names have these values."""
    try:
        found = json.loads(metrics.read_bytes())
        return all(found[key] == value for key, value in wanted.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_cut_short(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except OSError:
        return False
    except ValueError:
        return True
    return False


def _marked(folder: Path) -> set[str]:
    """The paths that are marked there."""
    marked = set()
    for marker in filter(Path.is_file, folder.rglob("*")):
        name = "".join(part.removeprefix("@") for part in marker.relative_to(folder).parts)
        with suppress(ValueError):  # another file of Snakemake's
            marked.add(urlsafe_b64decode(name).decode())
    return marked
