"""The verbs that begin in any folder: init writes a configuration, run starts Snakemake on the shipped workflow."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from ltmlc.commands.options import DeclareVerb
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
        "run", run, "start Snakemake on the shipped workflow with this folder's config.yaml; takes its options"
    )
    parser.set_defaults(hands_on=True)  # without any: --cores all


def _configurations() -> list[str]:
    return ["config", *sorted(path.stem for path in (PROJECT / "config").glob("*.yaml") if path.stem not in _PARTS)]


_PARTS = ("config", "recipes", "claims")
"""Files of ``config/`` that are no configuration of their own."""


def init(options: argparse.Namespace) -> None:
    from ltmlc.disk.files import write_atomically

    path = options.folder / "config.yaml"
    if path.exists():
        raise InputError(f"{path} is there already; move it away, or take another folder: ltmlc init FOLDER")
    name = "config.yaml" if options.like == "config" else f"config/{options.like}.yaml"
    options.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (PROJECT / name).read_text(encoding="utf-8"))
    print(f"{path}: written; edit it, then `ltmlc check` and `ltmlc run --cores 8` in its folder")


def run(options: argparse.Namespace) -> int:
    if find_spec("snakemake") is None:
        raise InputError("Snakemake is not installed here; pip install 'ltmlc[workflow]' brings it")
    if not Path("config.yaml").is_file():
        raise InputError("this folder has no config.yaml; `ltmlc init` writes one")
    arguments = options.rest or ["--cores", "all"]
    profile = [] if "--workflow-profile" in arguments else ["--workflow-profile", str(PROJECT / "profiles" / "default")]
    command = [sys.executable, "-P", "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), *profile, *arguments]
    os.execv(sys.executable, command)  # nosec B606 # a list of arguments, no shell
