"""What losses exist and which parameters they take, read from their source text.

Planning must not import torch (1.7 s), and the signature in the loss's own file must stay the only place where a
default is written. So the planner parses ``losses/__init__.py`` (the explicit dict ``LOSSES``) and each loss's function
with ``ast``; so is that of a loss of one's own (``module:function``), which is checked here for the form of a loss.
"""

import ast
import operator
from functools import cache
from pathlib import Path
from typing import Any

from ltmlc.disk.own_code import file_of_own, is_own
from ltmlc.errors import InputError
from ltmlc.plan.lookup import PACKAGE

REQUIRED = object()
"""Marks a parameter without a default."""

_NOT_HYPER_PARAMETERS = {"logits", "labels", "stats", "reduction"}
FORM = 'def {name}(logits, labels, *, hyper-parameters, reduction="mean")'
"""Of a loss. ``stats`` may stand among the keywords."""


@cache
def loss_modules() -> dict[str, Path]:
    """Loss name -> source file, for every entry of ``LOSSES``."""
    tree = ast.parse((PACKAGE / "losses" / "__init__.py").read_text())
    imported = {
        alias.asname or alias.name: PACKAGE.parent.joinpath(*node.module.split(".")).with_suffix(".py")
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == "LOSSES" for target in targets):
            return {
                key.value: imported[value.id] for key, value in zip(node.value.keys, node.value.values, strict=True)
            }
    raise RuntimeError("losses/__init__.py defines no dict LOSSES")


@cache
def loss_parameters(name: str) -> dict[str, Any]:
    """Hyper-parameters of one loss in the order of its signature, with defaults (or ``REQUIRED``).

    Raises:
        InputError: a default that only running the file would tell; of a loss of one's own, whatever keeps it from
            being one.
    """
    path, tree, function = _source(name)
    return {
        argument.arg: REQUIRED if default is None else _value(default, tree, f"{path}: {name}: {argument.arg}")
        for argument, default in _hyper_parameters(function)
    }


@cache
def loss_annotations(name: str) -> dict[str, ast.expr]:
    """Of those of a loss's hyper-parameters that have one, the annotation."""
    _, _, function = _source(name)
    return {argument.arg: argument.annotation for argument, _ in _hyper_parameters(function) if argument.annotation}


def loss_title(name: str) -> str:
    """What a loss is called in the names of runs: of ``mine.losses:two_way`` the function."""
    return name.rpartition(":")[2]


def _source(name: str) -> tuple[Path, ast.Module, ast.FunctionDef]:
    """The file of a loss, what it says, and its function there."""
    if not is_own(name):
        path = loss_modules()[name]
        tree = ast.parse(path.read_text())
        return path, tree, _functions(tree)[name]
    path, _, title = file_of_own(name)
    if title in loss_modules():
        raise InputError(f"{name}: {title} is a loss of this project already; give the function in {path} another name")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path}: is no Python that can be read: {error}") from None
    functions = _functions(tree)
    if title not in functions:
        known = ", ".join(functions) or "none"
        raise InputError(f"{name}: {path} defines no function {title}; it defines: {known}")
    _refuse_other_form(functions[title], path)
    return path, tree, functions[title]


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _refuse_other_form(function: ast.FunctionDef, path: Path) -> None:
    given = function.args
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    keywords = [argument.arg for argument in given.kwonlyargs]
    if positional != ["logits", "labels"] or "reduction" not in keywords or given.vararg or given.kwarg:
        raise InputError(
            f"{path}: {function.name}({ast.unparse(given)}) is not called as a loss is; write "
            f"{FORM.format(name=function.name)}"
        )


def _hyper_parameters(function: ast.FunctionDef) -> list[tuple[ast.arg, ast.expr | None]]:
    arguments = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return [(argument, default) for argument, default in arguments if argument.arg not in _NOT_HYPER_PARAMETERS]


_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def _value(node: ast.expr, tree: ast.Module, where: str) -> Any:
    """What a default is: a literal, arithmetic of numbers (``1 / 3``), or a constant of the same file."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_value(node.left, tree, where), _value(node.right, tree, where))
    if isinstance(node, ast.Name):
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == node.id:
                return _value(statement.value, tree, where)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise InputError(
            f"{where}: the default {ast.unparse(node)} cannot be read without running the file; write a number, text, "
            "None, a tuple, or the name of a constant of this file"
        ) from None
