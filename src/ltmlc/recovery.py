"""What a killed, disturbed or edited run left behind, put in order while planning, so that the same command again ends
in the same results.

Nothing is deleted: a damaged file is kept as ``NAME.damaged``.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from ltmlc.grid import Grid
from ltmlc.locks import clear_stale_locks, share, watch
from ltmlc.sums import RUN_SUMS, changed_files

FINISHED = "finished"
"""The folder for a finished run's files while Snakemake, which was killed before it noted them, does that job again."""
REPORT_SUMS = ("diff", "claims", "audit", "REPRODUCTION")


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
        What to hold as long as this Snakemake lives (see :func:`ltmlc.locks.watch`), and one sentence for each thing.
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
    messages = [*clear_stale_locks(snakemake), *set_aside(damaged), *keep_finished(grid, snakemake)]
    share(alive)
    return alive, messages


def damaged_results(grid: Grid) -> dict[Path, str]:
    """Files that were edited, cut short or lost their other half since they were made -> what is wrong with them."""
    results = Path(grid.config["results"])
    sums = [run / RUN_SUMS for run in run_folders(grid)]
    sums += [results / "tables" / f"{table}.sha256" for table in grid.tables]
    sums += [results / f"{name}.sha256" for name in REPORT_SUMS]
    found = {path: "was edited or cut short since it was made" for file in sums for path in changed_files(file)}
    for run in run_folders(grid):
        if not (run / RUN_SUMS).exists() and _is_cut_short(run / "metrics.json"):
            found[run / "metrics.json"] = "is not readable JSON"
    for dataset in grid.datasets:
        index = results / "data" / dataset / "pack" / "index.json"
        if index.exists() and not _pack_is_whole(index):
            found[index] = "does not fit the images.bin beside it"
    return found


def set_aside(damaged: dict[Path, str]) -> list[str]:
    """Rename, so that Snakemake makes them again. One sentence a file."""
    for path in damaged:
        path.replace(path.with_name(f"{path.name}.damaged"))
    return [f"{path} {what}: kept as {path.name}.damaged, and made again" for path, what in damaged.items()]


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
    marked = _marked_incomplete(snakemake / "incomplete")
    kept = []
    for folder in run_folders(grid) if marked else ():
        files = [file for file in folder.glob("*") if file.name in ("metrics.json", "predictions.npz", RUN_SUMS)]
        if (folder / "metrics.json").as_posix() in marked and len(files) == 3 and not changed_files(folder / RUN_SUMS):
            for file in [*files, *folder.glob("weights.pt")]:
                (folder / FINISHED).mkdir(exist_ok=True)
                file.replace(folder / FINISHED / file.name)
            kept.append(f"{folder} finished after its Snakemake was killed: kept, not trained again")
    return kept


def restore_finished(folder: Path, **wanted: Any) -> bool:
    """Bring back what ``keep_finished`` put in safety, if ``metrics.json`` says what is ``wanted``. Whether it did."""
    kept = folder / FINISHED
    if not is_result_of(kept / "metrics.json", **wanted) or changed_files(kept / RUN_SUMS):
        return False
    for file in sorted(kept.iterdir(), key=lambda file: file.name == "metrics.json"):  # it comes last, as when made
        file.replace(folder / file.name)
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


def _pack_is_whole(index: Path) -> bool:
    """Whether the images are as many bytes as the index promises; their content is the trainer's matter."""
    try:
        content = json.loads(index.read_bytes())
        promised = sum(3 * height * width for height, width in zip(content["heights"], content["widths"], strict=True))
        return index.with_name("images.bin").stat().st_size == promised
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _marked_incomplete(folder: Path) -> set[str]:
    """Paths that Snakemake has marked; a marker's name is the path in base64, long ones in parts that begin with @."""
    marked = set()
    for marker in folder.rglob("*"):
        if marker.is_file():
            name = "".join(part.removeprefix("@") for part in marker.relative_to(folder).parts)
            try:
                marked.add(urlsafe_b64decode(name).decode())
            except ValueError:  # another file of Snakemake's
                continue
    return marked
