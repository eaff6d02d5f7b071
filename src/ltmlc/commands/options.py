"""Options that several verbs have, and how a verb is declared."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ltmlc.disk.checksums import write_sums
from ltmlc.disk.files import write_texts
from ltmlc.errors import few, one_line
from ltmlc.plan.config import load_config
from ltmlc.plan.environment import data_root

DeclareVerb = Callable[[str, Callable, str], argparse.ArgumentParser]
"""(name, what it does, what --help says of it) -> its parser."""


def add_config(verb: argparse.ArgumentParser) -> None:
    text = "a YAML file, or JSON text (default: config.yaml, or else config/config.yaml)"
    verb.add_argument("--config", default=default_config(), help=text)


def default_config(folder: str | Path = ".") -> str:
    """Of a folder the ``config.yaml``; if there is none, the one where the Workflow Catalog's folders have it."""
    own, beneath = Path(folder, "config.yaml"), Path(folder, "config", "config.yaml")
    return str(beneath if beneath.is_file() and not own.exists() else own)


def add_config_and_results(verb: argparse.ArgumentParser) -> None:
    """For the verbs that judge what is finished."""
    add_config(verb)
    verb.add_argument("--results", type=Path, help="read the runs from here; what is written goes where it always does")


def add_out(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--out", type=Path, help="the folder to write (default: as the workflow does)")


def add_dataset_and_root(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("dataset", help="the name of a file in config/datasets, without .yaml")
    add_root(verb)
    verb.add_argument("--config", help="a YAML file, or JSON text (default: config.yaml, if there is one)")


def add_root(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--data-root", type=Path, help="where photographs and annotations lie (default: data.root of the configuration)"
    )


def chosen_root(options: argparse.Namespace) -> Path:
    """The data root: as the option says, else as the workflow has told this job, else the configuration's."""
    return Path(options.data_root or data_root() or chosen_config(options)["data"]["root"])


def chosen_config(options: argparse.Namespace) -> dict[str, Any]:
    """For verbs that do without a configuration: the one given, the one in this folder, or what holds by default."""
    in_folder = default_config()
    return load_config(options.config or (in_folder if Path(in_folder).is_file() else {}))


def add_made_of(verb: argparse.ArgumentParser) -> None:
    """For the verbs that rules call: what the job was planned with, as JSON."""
    verb.add_argument("--made-of", help=argparse.SUPPRESS)


def seed_number(text: str) -> int:
    """The type of a seed; argparse says what is wrong with another text."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def say(verb: str, messages: Iterable[str]) -> None:
    """Each in a line on stderr, under the name of the verb."""
    for message in messages:
        print(f"ltmlc {verb}: {one_line(message)}", file=sys.stderr)


def say_written(verb: str, files: Iterable[str | Path]) -> None:
    """One line a folder on stderr: what was written there."""
    folders: dict[Path, list[str]] = {}
    for file in map(Path, files):
        folders.setdefault(file.parent, []).append(file.name)
    for folder, names in folders.items():
        say(verb, [f"wrote {few(names, FILES_NAMED)} in {folder}"])


def write_checked(verb: str, folder: Path, name: str, texts: Mapping[str, str]) -> None:
    """Write each text into the file of its name, and the checksums of all into ``{name}.sha256``; says so."""
    files = write_texts(folder, texts)
    write_sums(folder / f"{name}.sha256", files)
    say_written(verb, files)


FILES_NAMED = 6
"""Files that are named where more were written."""
