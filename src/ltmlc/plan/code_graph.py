"""Which definitions of the package another one reaches, and what each says: the text of the program as a graph.

A definition is a function, a class or a constant at the top of a module. It reaches what its text names. Read with
``ast``, so nothing is imported, and torch is not waited for.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ltmlc.disk.files import sha256_text
from ltmlc.disk.own_code import source_of
from ltmlc.plan.catalogue import PACKAGE

ROOT = "ltmlc"
SILENT = {"print", "report", "warn"}
"""Functions that only tell: a statement that calls one does nothing to a number."""


@dataclass(frozen=True)
class Module:
    """The top of one file."""

    definitions: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]  # name here -> (module of this package, name there)
    outside: dict[str, str]  # name here -> what it is elsewhere, such as numpy.random
    effects: list[ast.stmt]  # statements that are no definition: they run whenever the module is imported


@dataclass(frozen=True)
class Said:
    """What a definition says, as a hash that names of files do not enter, and whom it names."""

    text: str
    names: dict[str, tuple[str, str]] = field(hash=False)  # as written -> (module, name)
    outside: tuple[tuple[str, str], ...] = ()


def reached(starts: list[tuple[str, str]], left_out: tuple[str, ...]) -> str:
    """A hash of all definitions that ``starts`` reach, and of which names which.

    Args:
        starts: (module, name) of definitions.
        left_out: modules (``ltmlc.errors``), rooms (``ltmlc.disk.``) and single definitions (``ltmlc.losses:LOSSES``)
            that are not followed.
    """
    lines, waiting, seen = set(), list(starts), set()
    while waiting:
        module, name = waiting.pop()
        if (module, name) in seen or _is_left_out(module, name, left_out):
            continue
        seen.add((module, name))
        said = say(module, name)
        followed = {key: place for key, place in said.names.items() if not _is_left_out(*place, left_out)}
        waiting += [*followed.values(), *((module, effect) for effect in _effects(module))]
        edges = sorted(f"{key} {say(*place).text}" for key, place in followed.items())
        lines.add("\n".join([name if name.isidentifier() else "", said.text, *map(" ".join, said.outside), *edges]))
    return sha256_text("\n\n".join(sorted(lines)))


def _is_left_out(module: str, name: str, left_out: tuple[str, ...]) -> bool:
    return any(f"{module}:{name}" == each or f"{module}.".startswith(each.removesuffix(".") + ".") for each in left_out)


def _effects(module: str) -> list[str]:
    return [f"#{index}" for index in range(len(read(module).effects))]


def entries_of(module: str, name: str) -> dict[str, tuple[str, str]]:
    """Of a registry, a dict written out at the top of a module: key -> the definition that its value names."""
    node = read(module).definitions[name].value
    return {key.value: resolve(module, value.id) for key, value in zip(node.keys, node.values, strict=True)}


@cache
def say(module: str, name: str) -> Said:
    """What one definition says."""
    top = read(module)
    node = top.effects[int(name[1:])] if name.startswith("#") else top.definitions[name]
    inside = _imports(ast.walk(node), module)
    names, outside = {}, {}
    for used, attribute in _used(node):
        for key in filter(None, (attribute and f"{used}.{attribute}", used)):
            place = resolve(module, key, inside)
            if place and place != (module, name):
                names[key] = place
                break
        else:
            where = inside[1].get(used) or top.outside.get(used)
            outside |= {used: where} if where else {}
    return Said(sha256_text(repr(_plain(node))), names, tuple(sorted(outside.items())))


def resolve(module: str, name: str, inside: Any = ({}, {})) -> tuple[str, str] | None:
    """Where a name of ``module`` is defined in this package; None for what is not its own.

    A dotted name is one of another module: ``helper.f`` after ``from ltmlc.training import helper``.
    """
    first, _, rest = name.partition(".")
    top = read(module)
    if not rest and first in top.definitions:
        return module, first
    target = inside[0].get(first) or top.imported.get(first)
    if target is None:
        return None
    other = f"{target[0]}.{target[1]}" if target[1] else target[0]
    if file_of(other):  # a module by name
        return resolve(other, rest) if rest else None
    return resolve(*target) if not rest and file_of(target[0]) else None


@cache
def read(module: str) -> Module:
    tree = ast.parse(file_of(module).read_text(encoding="utf-8"))
    definitions, effects = {}, []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif names := _assigned(node):
            definitions |= dict.fromkeys(names, node)
        elif not (isinstance(node, ast.Import | ast.ImportFrom) or _does_nothing(node)):
            effects.append(node)
    return Module(definitions, *_imports(tree.body, module), effects)


def _assigned(node: ast.stmt) -> list[str]:
    """Names that a statement at the top defines, also inside ``if`` or ``try``."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return []
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]


def _does_nothing(node: ast.stmt) -> bool:
    """A docstring, or imports for type checkers alone."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imports(nodes: Any, module: str) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Of this package, and of the package that ``module`` is of where it is a loss of one's own; and all others."""
    own, outside, packages = {}, {}, (ROOT, module.split(".")[0])
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            source = _absolute(node, module)
            for alias in node.names:
                name = alias.asname or alias.name
                if source.split(".")[0] in packages:
                    own[name] = (source, alias.name)
                else:
                    outside[name] = f"{source}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in packages:
                    own[alias.asname or alias.name] = (alias.name, "")
                else:
                    outside[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else ""
    return own, {name: where for name, where in outside.items() if where and where != name}


def _absolute(node: ast.ImportFrom, module: str) -> str:
    """The module that an import names, also one with dots in front."""
    if not node.level:
        return node.module or ""
    inside = 0 if file_of(module).name == "__init__.py" else 1
    parts = module.split(".")[: len(module.split(".")) - node.level + 1 - inside]
    return ".".join([*parts, *filter(None, [node.module])])


def file_of(module: str) -> Path | None:
    if module.split(".")[0] != ROOT:
        return source_of(module)
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _used(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Names that are read by what counts, each with the attribute that is taken of it."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield node.value.id, node.attr
    elif isinstance(node, ast.Name):
        yield node.id, None
    for _, value in _counted(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _used(each)


def _counted(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields of a node without what cannot change a number: docstrings, the words of errors and of what is printed,
    annotations of functions, imports of this package.
    """
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        node = ast.Raise(node.exc.func, node.cause)
    skipped = {ast.FunctionDef: "returns", ast.AsyncFunctionDef: "returns", ast.arg: "annotation"}.get(type(node))
    for key, value in ast.iter_fields(node):
        if key != skipped:
            yield key, [item for item in value if not _only_tells(item)] if isinstance(value, list) else value


def _plain(node: Any) -> Any:
    """What counts of the tree, as nested lists. Empty fields are left out: newer Pythons have more of them."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    return [type(node).__name__, *((key, _plain(value)) for key, value in _counted(node) if value not in ([], None))]


def _only_tells(node: Any) -> bool:
    if isinstance(node, ast.Expr):
        call = node.value
        name = getattr(call.func, "id", getattr(call.func, "attr", "")) if isinstance(call, ast.Call) else ""
        return isinstance(call, ast.Constant) or name in SILENT
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == ROOT
    return isinstance(node, ast.Import) and all(alias.name.split(".")[0] == ROOT for alias in node.names)
