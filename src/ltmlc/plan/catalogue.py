"""What losses exist and which parameters they take, read from their source text.

Planning must not import torch (1.7 s), and the signature in the loss's own file must stay the only place where a
default is written. So the planner parses ``losses/__init__.py`` (the explicit dict ``LOSSES``) and each loss's function
with ``ast``.
"""

import ast
from functools import cache
from pathlib import Path

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
def loss_parameters(name: str) -> dict[str, object]:
    """Hyper-parameters of one loss in the order of its signature, with defaults (or ``REQUIRED``)."""
    tree = ast.parse(loss_modules()[name].read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    arguments = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return {
        argument.arg: REQUIRED if default is None else ast.literal_eval(default)
        for argument, default in arguments
        if argument.arg not in _NOT_HYPER_PARAMETERS
    }
