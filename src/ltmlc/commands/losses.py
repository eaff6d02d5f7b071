"""The verbs for a loss of one's own: new-loss writes one to start from, check-loss holds one to the contract."""

import argparse
import re
from keyword import iskeyword
from pathlib import Path

import yaml

from ltmlc.commands.options import DeclareVerb, default_config
from ltmlc.disk.files import write_atomically
from ltmlc.disk.own_code import import_losses
from ltmlc.errors import InputError
from ltmlc.plan.catalogue import REQUIRED, loss_modules, loss_parameters
from ltmlc.plan.lookup import PROJECT, files_of
from ltmlc.plan.terms import loss_term, refuse_unknown


def add_verbs(verb: DeclareVerb) -> None:
    parser = verb("new-loss", new_loss, "write a loss of your own to start from: its file, its row, a configuration")
    parser.add_argument("name", help="what its function is called, such as two_way")
    parser = verb("check-loss", check_loss, "hold a loss to what every loss here keeps: gradient, float32, labels")
    parser.add_argument("name", help="module:function of your own, or the name of a built-in loss")


def check_loss(options: argparse.Namespace) -> int:
    refuse_unknown(options.name, "ltmlc check-loss")
    required = [key for key, value in loss_parameters(options.name).items() if value is REQUIRED]
    loss_term({"name": options.name, **dict.fromkeys(required, 7)}, "ltmlc check-loss")
    import_losses([options.name])

    from ltmlc.losses.contract import examine

    failed = 0
    for check, text, problem in examine(options.name):
        print(f"{'FAILS' if problem else 'keeps'}  {check:20} {problem or text}")
        failed += problem is not None
    print(f"{options.name}: {f'{failed} checks fail' if failed else 'keeps the contract'}")
    return 2 if failed else 0


def new_loss(options: argparse.Namespace) -> None:
    name = options.name
    files = {
        Path("mine", f"{name}.py"): "loss.py.txt",
        Path("config", "tables", f"{name}.yaml"): "table.yaml.txt",
        Path("config.yaml"): "config.yaml.txt",
    }
    texts = {path: (PROJECT / "config/new-loss" / file).read_text(encoding="utf-8") for path, file in files.items()}
    _check_name(name, " ".join(texts.values()))
    there = [str(path) for path in files if path.exists() and path != Path("config.yaml")]
    if there:
        raise InputError(f"{there[0]} is there already; move it away, or take another name")
    if Path(default_config()).exists():  # of the first loss of this folder, or one's own
        del texts[Path("config.yaml")]
        print(f"{default_config()}: left as it is; list {name} under tables there")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.replace("NAME", name))
        print(f"{path}: written")
    print(f"next: edit mine/{name}.py, then `ltmlc check-loss mine.{name}:{name}` and `ltmlc run --cores 2 -- tables`")


def _check_name(name: str, templates: str) -> None:
    """Raise InputError for what Python or YAML reads as something else, and for what means something already."""
    taken = {*loss_modules(), *files_of("tables"), *re.findall(r"\w+", templates)}
    plain = name.isidentifier() and name.isascii() and not iskeyword(name) and yaml.safe_load(name) == name
    if not plain or name in taken:
        raise InputError(
            f"{name!r} cannot be the name of a new loss; take letters, digits and _, no word of Python or YAML, and "
            "no name that a loss, a table or the new files use already"
        )
