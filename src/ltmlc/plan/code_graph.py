"""Which definitions of the package another one reaches, and what each says: the text of the program as a graph.

A definition is a function, a class or a constant at the top of a module. It reaches what its text names. Read with
``ast``, so nothing is imported, and torch is not waited for.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ltmlc.disk.files import sha256_text
from ltmlc.disk.own_code import source_of
from ltmlc.plan.lookup import PACKAGE
from ltmlc.plan.reading.program import ROOT, plain, used

Imported = tuple[dict[str, tuple[str, str]], dict[str, str]]
"""Name here -> (module of this package, name there); name here -> what it is elsewhere, such as numpy.random."""


@dataclass(frozen=True)
class Module:
    """The top of one file."""

    definitions: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]
    outside: dict[str, str]
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
        effects = ((module, f"#{index}") for index in range(len(read(module).effects)))
        waiting += [*followed.values(), *effects]
        edges = sorted(f"{key} {say(*place).text}" for key, place in followed.items())
        lines.add("\n".join([name if name.isidentifier() else "", said.text, *map(" ".join, said.outside), *edges]))
    return sha256_text("\n\n".join(sorted(lines)))


def _is_left_out(module: str, name: str, left_out: tuple[str, ...]) -> bool:
    return any(f"{module}:{name}" == each or f"{module}.".startswith(each.removesuffix(".") + ".") for each in left_out)


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
    for dotted in used(node):
        parts = dotted.split(".")
        for key in (".".join(parts[:stop]) for stop in range(len(parts), 0, -1)):
            place = resolve(module, key, inside)
            if place and place != (module, name):
                names[key] = place
                break
        else:
            where = inside[1].get(parts[0]) or top.outside.get(parts[0])
            outside |= {parts[0]: where} if where else {}
    return Said(sha256_text(repr(plain(node))), names, tuple(sorted(outside.items())))


def resolve(module: str, name: str, inside: Any = ({}, {})) -> tuple[str, str] | None:
    """Where a name of ``module`` is defined in this package; None for what is not its own.

    A dotted name is one of another module: ``helper.f`` after ``from ltmlc.training import helper``, or
    ``mine.helper.f`` after ``import mine.helper``. What a package binds hides a module of that name, as when run.
    """
    first, *rest = name.split(".")
    top = read(module)
    if first in top.definitions:
        return None if rest else (module, first)
    target = inside[0].get(first) or top.imported.get(first)
    if target is None:
        return None
    owner, path = target[0], [*filter(None, target[1:]), *rest]
    for index, part in enumerate(path):
        if file_of(owner) and _binds(owner, part):
            return resolve(owner, ".".join(path[index:]))
        owner = f"{owner}.{part}"
    return None  # a module by name


def _binds(module: str, name: str) -> bool:
    top = read(module)
    return name in top.definitions or top.imported.get(name, (module, name)) != (module, name)


@cache
def read(module: str) -> Module:
    return _read(module, ())


def _read(module: str, followed: tuple[str, ...]) -> Module:
    """``followed``: modules that lead here by ``import *``, as they may in a circle."""
    tree = ast.parse(file_of(module).read_text(encoding="utf-8"))
    definitions, effects = {}, []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif names := _assigned(node):
            definitions |= dict.fromkeys(names, node)
        elif not (isinstance(node, ast.Import | ast.ImportFrom) or _does_nothing(node)):
            effects.append(node)
    return Module(definitions, *_imports(_at_the_top(tree.body), module, followed), effects)


def _assigned(node: ast.stmt) -> list[str]:
    """Names that a statement at the top defines, also inside ``if`` or ``try``."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return []
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]


def _at_the_top(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Statements that run when a module is imported, also inside ``if`` or ``try``."""
    for node in nodes:
        yield node
        if not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or _does_nothing(node)):
            yield from _at_the_top(ast.iter_child_nodes(node))


def _does_nothing(node: ast.stmt) -> bool:
    """A docstring, or imports for type checkers alone."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imports(nodes: Iterable[ast.AST], module: str, followed: tuple[str, ...] = ()) -> Imported:
    """Of this package, and of the package that ``module`` is of where it is a loss of one's own; and all others."""
    own, outside, packages = {}, {}, (ROOT, module.split(".")[0])
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            source = _absolute(node, module)
            for alias in node.names:
                name = alias.asname or alias.name
                if name == "*" and source.split(".")[0] in packages:
                    everything, elsewhere = _everything(source, (*followed, module))
                    own |= everything
                    outside |= elsewhere
                elif source.split(".")[0] in packages:
                    own[name] = (source, alias.name)
                else:
                    outside[name] = f"{source}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]  # `import mine.helper` binds mine
                if top in packages:
                    own[alias.asname or top] = (alias.name if alias.asname else top, "")
                else:
                    outside[alias.asname or top] = alias.name if alias.asname else ""
    return own, {name: where for name, where in outside.items() if where and where != name}


def _everything(module: str, followed: tuple[str, ...]) -> Imported:
    """What ``from module import *`` may bind, as :func:`_imports`: ``__all__`` and underscores only make it fewer."""
    if module in followed or not file_of(module):
        return {}, {}
    top = _read(module, followed)
    return {name: (module, name) for name in (*top.definitions, *top.imported)}, top.outside


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
