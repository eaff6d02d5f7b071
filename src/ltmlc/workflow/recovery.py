"""What a killed, disturbed or edited run left behind, put in order while planning, so that the same command again ends
in the same results.

Nothing is deleted: a damaged file is kept as ``NAME.damaged``.
"""

import os
import shutil
import time
from base64 import urlsafe_b64decode
from collections.abc import Collection
from contextlib import suppress
from filecmp import cmp
from pathlib import Path
from typing import IO

from ltmlc.disk.checksums import RUN_SUMS, changed_files, has_checksum, mend_sums
from ltmlc.disk.files import name_aside, remove_unfinished
from ltmlc.disk.locks import alone, clear_stale_locks, is_held, share, watch
from ltmlc.errors import counted_noun
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import METRICS, data_folder
from ltmlc.workflow.kept import FINISHED, RUN_FILES, is_complete, keep, write_run_sums
from ltmlc.workflow.record import is_damaged, record_of

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
    grid: Grid, alive: IO | None, *, asked: Grid, dry: bool, snakemake: Path = Path(".snakemake")
) -> tuple[dict[Path, str], list[str]]:
    """All else of this module, for a Snakemake that plans.

    While another Snakemake works in this folder nothing is touched, and a dry run only says what it finds.

    Args:
        grid: what may lie on the disk.
        alive: what :func:`begin` returned.
        asked: of that, what is made without being asked for by name.
        dry: whether nothing may be changed.

    Returns:
        The damaged files with what is wrong with them, to be made again, and one sentence for each thing.

    Raises:
        InputError: the disk does not let a result be read that may be whole.
    """
    if alive is None or not alone(alive):
        return {}, []
    damaged, messages = {}, []
    try:
        damaged = damaged_results(grid)
        if dry:
            messages += [
                f"{path} {what}; a real run keeps it as {path.name}.damaged{_again(path, asked, ' and makes it again')}"
                for path, what in damaged.items()
            ]
        else:
            messages += date_now(grid)
            messages += clean_up(grid, snakemake)
            messages += keep_damaged(damaged, asked)
            messages += keep_finished(grid, snakemake)
    except OSError as error:  # another's files, a full disk, a read-only one
        messages.append(_could_not(error))
    finally:
        share(alive)
    return damaged, messages


def clean_up(grid: Grid, snakemake: Path) -> list[str]:
    """Remove what killed writes left, and second names of runs that are in their place; mend damaged checksums, and set
    damaged records aside.
    """
    marked, mended = _marked(snakemake / "incomplete"), []
    for folder in _folders(grid):
        remove_unfinished(folder)
    for run in filter(Path.is_dir, grid.run_folders()):
        if is_held(run):
            continue
        record = record_of(run / METRICS)
        if is_damaged(record):
            aside = record.rename(name_aside(record)).name
            if is_complete(run):
                write_run_sums(run)
            mended.append(f"{record} was damaged: kept as {aside}; what {METRICS} says of itself counts")
        if mend_sums(run / RUN_SUMS, [run / name for name in RUN_FILES]):
            mended.append(f"{run / RUN_SUMS} was damaged itself: what it is of is whole, and it is written anew")
        if (run / FINISHED).is_dir() and is_complete(run) and (run / METRICS).as_posix() not in marked:
            shutil.rmtree(run / FINISHED)
    return mended


def _folders(grid: Grid) -> list[Path]:
    """Where results are."""
    results = Path(grid.config["results"])
    data = [data_folder(results, dataset) / part for dataset in grid.datasets for part in ("", "pack")]
    return [folder for folder in (*grid.run_folders(), results / "tables", results, *data) if folder.is_dir()]


def _could_not(error: OSError) -> str:
    return f"{error.filename}: could not be put in order: {error.strerror}"


def damaged_results(grid: Grid) -> dict[Path, str]:
    """Files that were edited or cut short since they were made, or might have been -> what is wrong with them."""
    results = Path(grid.config["results"])
    sums = [run / RUN_SUMS for run in grid.run_folders()]
    sums += [results / "tables" / f"{table}.sha256" for table in (*grid.tables, "label_metrics", "tuned")]
    sums += [results / "tune" / f"{dataset}.sha256" for dataset in grid.datasets]
    sums += [results / f"{name}.sha256" for name in REPORT_SUMS]
    records = {record_of(run / METRICS) for run in grid.run_folders()}  # of a result, which may be whole
    changed = {path for file in sums for path in changed_files(file)} - records
    found = dict.fromkeys(sorted(changed), "was edited or cut short since it was made")
    for run in grid.run_folders():
        metrics = run / METRICS
        if metrics.exists() and not has_checksum(run / RUN_SUMS, metrics) and not is_held(run):
            found.setdefault(metrics, f"has no checksum in {RUN_SUMS}, so nothing says that it is what was made")
    return found


def is_due(result: Path, damaged: Collection[Path]) -> bool:
    """Whether a result is to be made again for what is damaged: it itself, or of a run any file in its folder."""
    return result in damaged or (result.name == METRICS and any(path.parent == result.parent for path in damaged))


def _kept_before(path: Path) -> Path | None:
    """The copy of a damaged file that an earlier command made, if the file is still the same."""
    copies = filter(Path.is_file, path.parent.glob(f"{path.name}.damaged*") if path.is_file() else ())
    return next((copy for copy in copies if cmp(path, copy, shallow=False)), None)


def _again(path: Path, asked: Grid, usual: str) -> str:
    """What a sentence about a damaged file ends with: ``usual``, but of a sweep the target that makes it again."""
    results = Path(asked.config["results"])
    if path.is_relative_to(results / "tune"):
        return "; `snakemake tune` makes it again"
    at_chosen_rate = path.is_relative_to(results / "runs") and path.parent not in asked.run_folders()
    if at_chosen_rate or path.with_suffix("") == results / "tables" / "tuned":
        return "; `snakemake tuned` makes it again"
    return usual


def keep_damaged(damaged: dict[Path, str], asked: Grid) -> list[str]:
    """Copy what was damaged, once until it is made again; what is no file is renamed. One sentence a file."""
    messages = []
    for path, what in damaged.items():
        aside = _kept_before(path) or name_aside(path)
        if not path.is_file():
            path.rename(aside)
        elif not aside.exists():
            shutil.copy2(path, aside)
        messages.append(f"{path} {what}: kept as {aside.name}{_again(path, asked, ', and made again')}")
    return messages


def date_now(grid: Grid) -> list[str]:
    """Give files from the future the present date: Snakemake deletes results that seem older than what they come from.

    A clock that was set back, or another machine's clock, leaves them. Their content says what they are; equal content
    is never trained again for its date.
    """
    now = time.time()
    files = [file for folder in _folders(grid) for file in folder.iterdir() if file.is_file()]
    future = [file for file in files if file.stat().st_mtime > now]
    for file in future:
        os.utime(file, (now, now))
    return (
        [f"{counted_noun(len(future), 'file')} dated in the future (first: {future[0]}): dated now"] if future else []
    )


def keep_finished(grid: Grid, snakemake: Path) -> list[str]:
    """Put runs in safety that finished after their Snakemake was killed: it would delete and train them again.

    ``restore_finished`` brings them back when the job is done again. ``snakemake``: Snakemake's folder
    (``.snakemake``), which marks the files of unfinished jobs.
    """
    marked = _marked(snakemake / "incomplete")
    kept = []
    for folder in grid.run_folders() if marked else ():
        if is_complete(folder) and (folder / METRICS).as_posix() in marked:
            keep(folder)
            kept.append(f"{folder} finished after its Snakemake was killed: kept, not trained again")
    return kept


def _marked(folder: Path) -> set[str]:
    """The paths that are marked there."""
    marked = set()
    for marker in filter(Path.is_file, folder.rglob("*")):
        name = "".join(part.removeprefix("@") for part in marker.relative_to(folder).parts)
        with suppress(ValueError):  # another file of Snakemake's
            marked.add(urlsafe_b64decode(name).decode())
    return marked
