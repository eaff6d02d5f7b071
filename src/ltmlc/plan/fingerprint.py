"""What code a run's result depends on, as one hash that comments, docstrings and formatting do not change.

Snakemake does not see edits in imported modules. The training rule carries this hash in its parameters, so exactly the
runs that an edit can change are trained again.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ltmlc.disk.files import sha256_text
from ltmlc.plan.catalogue import PACKAGE, loss_modules

ENTRY = PACKAGE / "training" / "run.py"
# Not followed: the registry of all losses (a run counts only those it uses), and what cannot change a number.
LEFT_OUT = {
    "losses/__init__.py",
    "training/provenance.py",
    "disk/files.py",
    "errors.py",
    "workflow/jobs.py",
    "disk/progress.py",
    "training/heartbeat.py",
}
# Not followed from the trainer: what makes a split. A run depends on the split itself, whose checksum it carries.
READERS = {
    "voc": "data/sources/voc.py",
    "coco": "data/sources/coco.py",
    "csv": "data/sources/csv_table.py",
    "digits": "data/sources/digits.py",
}
MAKES_DATA = frozenset({"data/sources/open.py", "data/longtail.py"})


def run_fingerprint(spec: dict[str, Any]) -> str:
    """Hash of the trainer and of the losses that ``spec`` uses; torch is not imported."""
    return _fingerprint(frozenset(term["name"] for term in spec["loss"]))


@cache
def _fingerprint(losses: frozenset[str]) -> str:
    """Thousands of runs share a few sets of losses."""
    return _hash_files(trainer_files().union(*(_closure(loss_modules()[name]) for name in losses)))


@cache
def trainer_files() -> frozenset[Path]:
    """Every module of the package that the training job imports, the losses themselves left out."""
    composition = PACKAGE / "losses" / "terms.py"
    return _closure(ENTRY, MAKES_DATA) | _closure(composition)


@cache
def pretrain_fingerprint() -> str:
    """Hash of the code that makes the embedded data sets' starting weights."""
    others = frozenset(file for kind, file in READERS.items() if kind != "digits")
    return _hash_files(_closure(PACKAGE / "training" / "pretrain.py", others))


@cache
def features_fingerprint() -> str:
    """Hash of the code that computes what a fixed backbone makes of the images."""
    return _hash_files(_closure(PACKAGE / "training" / "features.py", MAKES_DATA))


@cache
def data_fingerprint(kind: str) -> str:
    """Hash of the code that makes splits and packs of one kind of source; the readers of other kinds do not count."""
    makers = ("data/split.py", "data/pack/pack.py", READERS[kind])
    return _hash_files(frozenset().union(*(_closure(PACKAGE / file) for file in makers)))


@cache
def holdout_fingerprint() -> str:
    """Hash of the code that holds out a part of the training images; where these come from does not count."""
    readers = frozenset(READERS.values())
    return _hash_files(_closure(PACKAGE / "data" / "heldout.py", MAKES_DATA | readers))


def _hash_files(files: frozenset[Path]) -> str:
    return sha256_text("\n".join(f"{path.relative_to(PACKAGE)} {_file_hash(path)}" for path in sorted(files)))[:16]


@cache
def _closure(start: Path, left_out: frozenset[str] = frozenset()) -> frozenset[Path]:
    """``start`` and every module of the package it imports, directly or not."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen or str(path.relative_to(PACKAGE)) in LEFT_OUT | left_out:
            continue
        seen.add(path)
        waiting += _imports(path)
    return frozenset(seen)


def _imports(path: Path) -> list[Path]:
    found = []
    for node in _statements(_parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ltmlc":
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names if alias.name.split(".")[0] == "ltmlc"]
        else:
            continue
        found += [file for module in modules if (file := _module_file(module))]
    return found


def _module_file(module: str) -> Path | None:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The module and every statement in it, at any depth; expressions, nine nodes in ten, are not looked into."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, part, [])


@cache
def _file_hash(path: Path) -> str:
    tree = _parsed(path)
    for node in _statements(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and body:
            _drop_strings(body)
    return sha256_text(repr(_plain(tree)))


def _plain(node: Any) -> Any:
    """The tree as nested lists. Empty fields are left out: newer Pythons have more of them (``type_params``)."""
    if isinstance(node, ast.AST):
        return [type(node).__name__, *((key, _plain(value)) for key, value in ast.iter_fields(node) if value != [])]
    return [_plain(item) for item in node] if isinstance(node, list) else node


def _drop_strings(body: list[ast.stmt]) -> None:
    """Docstrings, also those after an assignment, are expressions that do nothing."""
    body[:] = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))] or [
        ast.Pass()
    ]
