"""What losses exist and which parameters they take, read from their source text.

Planning must not import torch (1.7 s), and the signature in the loss's own file must stay the only place where a
default is written. So the planner reads the explicit dict ``LOSSES`` and each loss's function from their text
(:mod:`ltmlc.plan.code_graph`); so is that of a loss of one's own (``module:function``), which is checked here for the
form of a loss.
"""

import ast
import operator
from functools import cache
from pathlib import Path
from typing import Any

from ltmlc.disk.own_code import file_of_own, is_own
from ltmlc.errors import InputError
from ltmlc.plan.code_graph import entries_of, file_of, read

LOSSES = ("ltmlc.losses", "LOSSES")
"""Module and name of the registry."""

REQUIRED = object()
"""Marks a parameter without a default."""

_NOT_HYPER_PARAMETERS = {"logits", "labels", "stats", "reduction"}
FORM = 'def {name}(logits, labels, *, hyper-parameters, reduction="mean")'
"""Of a loss. ``stats`` may stand among the keywords."""


@cache
def loss_modules() -> dict[str, Path]:
    """Loss name -> source file, for every entry of ``LOSSES``."""
    return {name: file_of(module) for name, (module, _) in entries_of(*LOSSES).items()}


@cache
def loss_parameters(name: str) -> dict[str, Any]:
    """Hyper-parameters of one loss in the order of its signature, with defaults (or ``REQUIRED``).

    Raises:
        InputError: a default that only running the file would tell; of a loss of one's own, whatever keeps it from
            being one.
    """
    path, definitions, function = _source(name)
    return {
        argument.arg: REQUIRED if default is None else _value(default, definitions, f"{path}: {name}: {argument.arg}")
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


def _source(name: str) -> tuple[Path, dict[str, ast.stmt], ast.FunctionDef]:
    """The file of a loss, what is defined at its top, and its function there."""
    known = entries_of(*LOSSES)
    if not is_own(name):
        module, title = known[name]
        definitions = read(module).definitions
        return file_of(module), definitions, definitions[title]
    path, module, title = file_of_own(name)
    if title in known:
        raise InputError(f"{name}: {title} is a loss of this project already; give the function in {path} another name")
    try:
        definitions = read(module).definitions
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{path}: is no Python that can be read: {error}") from None
    functions = {key: node for key, node in definitions.items() if isinstance(node, ast.FunctionDef)}
    if title not in functions:
        defined = ", ".join(functions) or "none"
        raise InputError(f"{name}: {path} defines no function {title}; it defines: {defined}")
    _refuse_other_form(functions[title], path)
    return path, definitions, functions[title]


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


def _value(node: ast.expr, definitions: dict[str, ast.stmt], where: str) -> Any:
    """What a default is: a literal, arithmetic of numbers (``1 / 3``), or a constant of the same file."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_value(node.left, definitions, where), _value(node.right, definitions, where))
    if isinstance(node, ast.Name):
        match definitions.get(node.id):
            case ast.Assign(targets=targets, value=value) if node.id in map(ast.unparse, targets):
                return _value(value, definitions, where)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if node.id == ast.unparse(target):
                return _value(value, definitions, where)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise InputError(
            f"{where}: the default {ast.unparse(node)} cannot be read without running the file; write a number, text, "
            "None, a tuple, or the name of a constant of this file"
        ) from None
