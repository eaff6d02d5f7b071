"""What counts of a program's text for what it computes: the names it reads, and the tree without what only tells."""

import ast
from collections.abc import Iterator
from typing import Any

ROOT = "ltmlc"
SILENT = {"print", "report", "warn"}
"""Functions that only tell: a statement that calls one does nothing to a number."""
APART = {"is_timm"}
"""Questions about a run: an ``if`` that asks one is of some runs alone, whose hash begins where it leads, too."""


def used(node: ast.AST) -> Iterator[str]:
    """Names that are read by what counts, with dots as far as attributes are taken of them."""
    if dotted := _dotted(node):
        yield dotted
    for _, value in _counted(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from used(each)


def _dotted(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return before and f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def _counted(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields of a node without what cannot change a number: docstrings, the words of errors and of what is printed,
    annotations of functions, imports of this package; and without what is ``APART``.
    """
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        node = ast.Raise(node.exc.func, node.cause)
    skipped = {ast.FunctionDef: "returns", ast.AsyncFunctionDef: "returns", ast.arg: "annotation"}.get(type(node))
    for key, value in ast.iter_fields(node):
        if key != skipped:
            yield key, [item for item in value if not _left_out(item)] if isinstance(value, list) else value


def plain(node: Any) -> Any:
    """What counts of the tree, as nested lists. Empty fields are left out: newer Pythons have more of them."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, ast.AST):
        return node
    return [type(node).__name__, *((key, plain(value)) for key, value in _counted(node) if value not in ([], None))]


def _left_out(node: Any) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _called(node.value) in SILENT
    if isinstance(node, ast.If):
        return _called(node.test) in APART and not node.orelse
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == ROOT
    return isinstance(node, ast.Import) and all(alias.name.split(".")[0] == ROOT for alias in node.names)


def _called(node: ast.AST) -> str:
    """The name of the function that a call calls."""
    return getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
