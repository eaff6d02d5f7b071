"""`ltmlc check`: whether what is asked for could be trained. The workflow asks it before its first training."""

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ltmlc.disk.files import canonical_json
from ltmlc.errors import InputError
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import own_or_shipped

FOUND_WRONG = 2
"""Exit code of a command that was given bad input."""


def check(options: argparse.Namespace) -> None:
    from ltmlc.data.split import load_split
    from ltmlc.plan.grid import load_grid

    grid = load_grid(options.config)
    check_files(grid)
    if find_spec("torch") is None:  # Snakemake's own environment; each training has one that settles the rest
        print("ltmlc check: torch is not installed here, so losses and weights were not looked at", file=sys.stderr)
        return

    from ltmlc.training.preflight import check_grid

    files = {name: Path(grid.config["results"], "data", name, "split.json") for name in grid.datasets}
    check_grid(grid, {name: load_split(path) for name, path in files.items() if path.exists()})
    runs = sum(map(len, grid.runs.values()))
    print(f"ltmlc check: all {runs} trainings can start", file=sys.stderr)


def check_files(grid: Grid) -> None:
    """Raise InputError for a file or folder that is asked for, cannot be downloaded, and is not there."""
    config = grid.config
    root = Path(config["data"]["root"])
    for name, settings in grid.datasets.items():
        made = Path(config["results"], "data", name, "split.json").exists()
        own = settings["source"]["kind"] != "digits" and not settings.get("downloads")
        if own and not made and not root.is_dir():
            raise InputError(
                f"data.root: there is no folder {root.absolute()}, but {name} has its images there; set data.root "
                "to the folder of your copy"
            )
        weights = {**settings["model"], **config["model"]}.get("weights")
        if weights not in (None, "imagenet", "pretrained") and not Path(weights).expanduser().is_file():
            raise InputError(
                f"{name}: model.weights: {weights} is not a file; write null, imagenet or the path of a file"
            )
    reference = config["reference"]
    if reference != "published" and not own_or_shipped(reference).is_file():
        raise InputError(f"reference: there is no file {reference}; write published, or a file of `ltmlc reference`")


def refuse_what_cannot_train(config: dict[str, Any]) -> None:
    """For the workflow: run the check as a process of its own, which imports torch, and pass its sentence on."""
    command = [sys.executable, "-m", "ltmlc", "check", "--config", canonical_json(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode == FOUND_WRONG:
        from snakemake.exceptions import WorkflowError

        raise WorkflowError(done.stderr.strip().splitlines()[-1])
