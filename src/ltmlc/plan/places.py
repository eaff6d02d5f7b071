"""Where files from outside may lie: never where Python, Snakemake or git look for what they run."""

import errno
import os
import sysconfig
from pathlib import Path
from typing import Any

from ltmlc.disk.files import nearest_folder
from ltmlc.errors import InputError
from ltmlc.plan.lookup import PROJECT

CODE = (
    "src",
    "config",
    "workflow",
    ".snakemake",
    "profiles",
    "envs",
    "docs",
    "tests",
    "benchmarks",
    "container",
    ".git",
    ".venv",
)
"""Folders of a project, each read by a program that believes it."""

PACKAGES = ("site-packages", "dist-packages")
"""Folders of any Python: a file of weights there, ``x.pth``, is read by it when it starts, and run in part."""

LONGEST_PATH, BENEATH = 4096, 700
"""Bytes that a whole path may have (Linux's PATH_MAX), and those of them that files beneath a folder need."""


def check_places(config: dict[str, Any], *, where: str) -> None:
    """Raise InputError where ``data.root``, ``results`` or ``figures`` of a configuration are a place of code."""
    check_data_root(config["data"]["root"], where=f"{where}: data.root")
    for key in ("results", "figures"):
        _refuse_code(config[key], where=f"{where}: {key}", example=key)


def check_data_root(path: str | Path, *, where: str) -> None:
    """Raise InputError unless downloads may be written under ``path``: a module laid there must never be imported."""
    _refuse_code(path, where=where, example="data")
    target = _resolved(path, where)
    for project in (PROJECT, Path.cwd()):
        if project.resolve().is_relative_to(target):
            raise InputError(
                f"{where}: {str(path)!r} is or contains the project ({project}), so a downloaded file could be run as "
                "its code; name a folder for data alone, such as data"
            )


def _refuse_code(path: str | Path, *, where: str, example: str) -> None:
    target = _resolved(path, where)
    folders = [project.resolve() / name for project in (PROJECT, Path.cwd()) for name in CODE]
    installed = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]
    packages = [folder for folder in (target, *target.parents) if folder.name in PACKAGES]
    for folder in [*folders, *installed, *packages]:
        if target.is_relative_to(folder):
            raise InputError(
                f"{where}: {str(path)!r} is or lies in {folder}, a place of code; name a folder of its own, such as "
                f"{example}"
            )


def _resolved(path: str | Path, where: str) -> Path:
    """The folder that a path stands for, whether or not it is there yet."""
    try:
        target = Path(path).expanduser().resolve()
        file = next((part for part in (target, *target.parents) if part.exists() and not part.is_dir()), None)
        longest = max(len(os.fsencode(part)) for part in target.parts)
        allowed = os.pathconf(nearest_folder(target), "PC_NAME_MAX")
        if not file and longest <= allowed and len(os.fsencode(target)) + BENEATH <= LONGEST_PATH:
            return target
        problem = f"{file} is no folder" if file else "longer than the file system takes"
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, links in a circle, no such user
        long = getattr(error, "errno", None) == errno.ENAMETOOLONG
        problem = "longer than the file system takes" if long else str(error)
    raise InputError(f"{where}: {str(path)[:80]!r} cannot be the path of a folder: {problem}; name another") from None
