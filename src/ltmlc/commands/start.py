"""The verbs that begin in any folder: init writes a configuration, run starts Snakemake on the shipped workflow."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from ltmlc.commands.options import DeclareVerb, default_config
from ltmlc.disk.files import write_atomically
from ltmlc.errors import InputError
from ltmlc.plan.lookup import PROJECT


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb("init", init, "write a config.yaml to start from, into this folder")
    parser.add_argument(
        "--like",
        default="config",
        choices=_configurations(),
        help="which of the shipped configurations to copy (default: config, the paper)",
    )
    parser.add_argument("folder", nargs="?", default=".", type=Path, help="where (default: this folder)")

    parser = verb(
        "run", run, "start Snakemake on the shipped workflow with this folder's configuration; takes its options"
    )
    parser.set_defaults(hands_on=True)  # without any: --cores all


def _configurations() -> list[str]:
    return ["config", *sorted(path.stem for path in (PROJECT / "config").glob("*.yaml") if path.stem not in _PARTS)]


_PARTS = ("config", "recipes", "claims")
"""Files of ``config/`` that are no configuration of their own."""


def init(options: argparse.Namespace) -> None:
    path, there = options.folder / "config.yaml", Path(default_config(options.folder))
    if there.exists():  # also one in config/, which a new one here would put out of use
        raise InputError(f"{there} is there already; move it away, or take another folder: ltmlc init FOLDER")
    name = "config.yaml" if options.like == "config" else f"config/{options.like}.yaml"
    options.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (PROJECT / name).read_text(encoding="utf-8"))
    print(f"{path}: written; edit it, then `ltmlc check` and `ltmlc run --cores 8` in its folder")


def run(options: argparse.Namespace) -> int:
    if find_spec("snakemake") is None:
        raise InputError("Snakemake is not installed here; pip install 'ltmlc[workflow]' brings it")
    arguments = options.rest or ["--cores", "all"]
    given, here = _has(arguments, "--configfile", "--configfiles"), default_config()
    if not given and not Path(here).is_file():
        raise InputError("this folder has no config.yaml or config/config.yaml; `ltmlc init` writes one")
    # The front door reads config.yaml by itself.
    found = [] if given or here == "config.yaml" else ["--configfile", here]
    shipped = ["--workflow-profile", str(PROJECT / "profiles" / "default")]
    profile = [] if _has(arguments, "--workflow-profile") else shipped
    start = [sys.executable, "-P", "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    command = [*start, *found, *profile, *arguments]
    os.execv(sys.executable, command)  # nosec B606 # a list of arguments, no shell


def _has(arguments: list[str], *names: str) -> bool:
    return any(argument.split("=", 1)[0] in names for argument in arguments)
