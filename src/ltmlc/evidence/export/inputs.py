"""What runs read: the project's own files, which go into the RO-Crate, and what has to be fetched."""

import os.path
from collections.abc import Mapping
from pathlib import Path

from ltmlc.data.sources.open import label_files
from ltmlc.evidence.export.portable import portable
from ltmlc.plan.datasets import EMBEDDED
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import PROJECT, own_or_shipped, word_vector_file
from ltmlc.plan.network import MADE_VECTORS, NO_FILES


def read_by_runs(grid: Grid) -> list[Path]:
    """Files that the configuration names and a run, or its comparison, reads; wherever they lie, there or not."""
    config, data = grid.config, Path(grid.config["data"]["root"])
    files = [] if config["reference"] == "published" else [own_or_shipped(config["reference"])]
    for settings in grid.datasets.values():
        files += (label_files(settings, data) or {}).values()
    for model in (spec["model"] for runs in grid.runs.values() for spec in runs.values()):
        if model["weights"] not in (None, *NO_FILES):
            files.append(Path(model["weights"]).expanduser())
        if model.get("word_vectors") not in (None, *MADE_VECTORS):
            files.append(word_vector_file(model, data))
    return list(dict.fromkeys(files))


def name_in_project(path: Path, grid: Grid, root: Path) -> Path | None:
    """Where a file lies in the project; None for data, which a user fetches, and for what is not there."""
    whole = path.resolve()
    home = next((home for home in (root.resolve(), PROJECT.resolve()) if whole.is_relative_to(home)), None)
    data = _is_data(path, grid) or _is_data(whole, grid)
    return whole.relative_to(home) if home and not data and whole.is_file() else None


def _is_data(path: Path, grid: Grid) -> bool:
    """By its name: data may be links to where a cluster keeps them."""
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(grid.config["data"]["root"]))  # noqa: PTH100


def how_to_run_again(grid: Grid, roots: Mapping[str, str | Path]) -> str:
    """A sentence for someone who has unpacked the crate: the command, and what is to be fetched first.

    Args:
        grid: what was asked for.
        roots: see :func:`ltmlc.evidence.export.portable.portable`; the empty name is the project's.
    """
    data = Path(grid.config["data"]["root"])
    fetched = {name: each for name, each in grid.datasets.items() if each["source"]["kind"] not in EMBEDDED}
    labels = {path for each in fetched.values() for path in (label_files(each, data) or {}).values()}
    beside_images = {path for path in labels if _is_data(path, grid)}
    outside = [
        path
        for path in read_by_runs(grid)
        if path not in beside_images and not name_in_project(path, grid, Path(roots[""]))
    ]
    needed = [portable(str(path.absolute()), roots) for path in outside]
    if fetched:
        folder = portable(str(data.absolute()), roots)
        needed.append(f"under {folder} the images of {' and '.join(grid.titles[name] for name in fetched)}")
    what = f"needs first, as they are not in it: {'; '.join(needed)}" if needed else "makes it again"
    return f"`snakemake --cores 4 --configfile configuration.json` in its folder {what}."
