"""What losses exist and which parameters they take, read from their source text.

Planning must not import torch (1.7 s), and the signature in the loss's own file must stay the only place where a
default is written. So the planner parses ``losses/__init__.py`` (the explicit dict ``LOSSES``) and each loss's function
with ``ast``.
"""

import ast
import operator
from functools import cache
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError

PACKAGE = Path(__file__).parents[1]
REQUIRED = object()
"""Marks a parameter without a default."""

_NOT_HYPER_PARAMETERS = {"logits", "labels", "stats", "reduction"}


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
        InputError: a default that only running the file would tell.
    """
    path = loss_modules()[name]
    tree = ast.parse(path.read_text())
    return {
        argument.arg: REQUIRED if default is None else _value(default, tree, f"{path}: {name}: {argument.arg}")
        for argument, default in _hyper_parameters(tree, name)
    }


@cache
def loss_annotations(name: str) -> dict[str, ast.expr]:
    """Of those of a loss's hyper-parameters that have one, the annotation."""
    tree = ast.parse(loss_modules()[name].read_text())
    return {argument.arg: argument.annotation for argument, _ in _hyper_parameters(tree, name) if argument.annotation}


def _hyper_parameters(tree: ast.Module, name: str) -> list[tuple[ast.arg, ast.expr | None]]:
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
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
