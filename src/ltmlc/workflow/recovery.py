"""What a killed, disturbed or edited run left behind, put in order while planning, so that the same command again ends
in the same results.

Nothing is deleted: a damaged file is kept as ``NAME.damaged``.
"""

import json
import os
import re
import shutil
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ltmlc.disk.checksums import RUN_SUMS, changed_files
from ltmlc.disk.locks import clear_stale_locks, share, watch
from ltmlc.plan.grid import Grid

FINISHED = "finished"
"""The folder for a finished run's files while Snakemake, which does not know or want them, does that job again."""
RUN_FILES = ("metrics.json", "predictions.npz", "weights.pt", RUN_SUMS)
REPORT_SUMS = ("diff", "claims", "audit", "report")


def put_in_order(
    grid: Grid, *, arguments: Sequence[str] = (), snakemake: Path = Path(".snakemake")
) -> tuple[IO | None, list[str]]:
    """All of this module, for a Snakemake that begins to plan.

    While another Snakemake works in this folder nothing is touched, and a dry run only says what it finds.

    Args:
        grid: what is asked for.
        arguments: the command line, for its ``--dry-run``.
        snakemake: Snakemake's folder.

    Returns:
        What to hold as long as this Snakemake lives (see :func:`watch`), and one sentence for each thing.
    """
    dry = any(re.fullmatch("--dry-?run|-[a-zA-Z]*n[a-zA-Z]*", argument) for argument in arguments)
    alive, alone = watch(snakemake)
    if not alone:
        return alive, []
    damaged = damaged_results(grid)
    if dry:
        alive.close()
        return None, [
            f"{path} {what}; a real run keeps it as {path.name}.damaged and makes it again"
            for path, what in damaged.items()
        ]
    messages = []
    try:
        messages += clear_stale_locks(snakemake)
        messages += date_now(grid)
        messages += set_aside(damaged, grid, snakemake)
        messages += keep_finished(grid, snakemake)
    except OSError as error:  # another's files, a full disk, a read-only one
        messages.append(f"{error.filename}: could not be put in order: {error.strerror}")
    share(alive)
    return alive, messages


def damaged_results(grid: Grid) -> dict[Path, str]:
    """Files that were edited or cut short since they were made -> what is wrong with them."""
    results = Path(grid.config["results"])
    sums = [run / RUN_SUMS for run in run_folders(grid)]
    sums += [results / "tables" / f"{table}.sha256" for table in grid.tables]
    sums += [results / f"{name}.sha256" for name in REPORT_SUMS]
    found = {path: "was edited or cut short since it was made" for file in sums for path in changed_files(file)}
    for run in run_folders(grid):
        if not (run / RUN_SUMS).exists() and _is_cut_short(run / "metrics.json"):
            found[run / "metrics.json"] = "is not readable JSON"
    return found


def set_aside(damaged: dict[Path, str], grid: Grid, snakemake: Path) -> list[str]:
    """Copy, and mark as Snakemake marks the files of unfinished jobs: it makes them again. One sentence a file."""
    for path in damaged:
        shutil.copy2(path, path.with_name(f"{path.name}.damaged"))
        marker = _marker(snakemake / "incomplete", _as_in_the_rules(path, grid))
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text('{"external_jobid": null}')
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
        complete = all((folder / name).exists() for name in (RUN_SUMS, *RUN_FILES[:2]))
        complete = complete and not changed_files(folder / RUN_SUMS)
        if complete and _as_in_the_rules(folder / "metrics.json", grid) in marked:
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


def restore_finished(folder: Path, **wanted: Any) -> bool:
    """Bring back what ``keep`` put in safety, if ``metrics.json`` says what is ``wanted``. Whether it did."""
    kept = folder / FINISHED
    if not is_result_of(kept / "metrics.json", **wanted) or changed_files(kept / RUN_SUMS):
        return False
    for file in sorted(kept.iterdir(), key=lambda file: file.name == "metrics.json"):  # it comes last, as when made
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


def _as_in_the_rules(path: Path, grid: Grid) -> str:
    """The path as the rules have it: ``results`` stands in the configuration as ``./results``, say."""
    results = grid.config["results"]
    return f"{results}/{path.relative_to(results).as_posix()}"


def _marker(folder: Path, path: str) -> Path:
    """Where Snakemake marks a file as incomplete: its path in base64, all but the last part of a long name with @."""
    name, longest = urlsafe_b64encode(path.encode()).decode(), 254
    parts = [name[start : start + longest] for start in range(0, len(name), longest)]
    return folder.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])


def _marked(folder: Path) -> set[str]:
    """The paths that are marked there."""
    marked = set()
    for marker in filter(Path.is_file, folder.rglob("*")):
        name = "".join(part.removeprefix("@") for part in marker.relative_to(folder).parts)
        with suppress(ValueError):  # another file of Snakemake's
            marked.add(urlsafe_b64decode(name).decode())
    return marked
