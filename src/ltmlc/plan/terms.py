"""The loss of a specification: its terms, complete and checked, and what they are called."""

import ast
import math
from typing import Any

from ltmlc.disk.own_code import is_own
from ltmlc.errors import InputError
from ltmlc.plan.catalogue import REQUIRED, loss_annotations, loss_modules, loss_parameters, loss_title


def loss_term(term: dict[str, Any], where: str) -> dict[str, Any]:
    """One term with all its loss's parameters and its weight; InputError, beginning with ``where``, if it is none."""
    name = term["name"]
    refuse_unknown(name, where)
    try:
        parameters = loss_parameters(name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    given = {key: value for key, value in term.items() if key not in ("name", "weight")}
    unknown = sorted(set(given) - set(parameters))
    if unknown:
        valid = ", ".join(parameters) or "none"
        raise InputError(
            f"{where}: loss {name} has no parameter {', '.join(map(repr, unknown))}; valid: {valid}, weight"
        )
    filled = {**parameters, **given}
    missing = [key for key, value in filled.items() if value is REQUIRED]
    if missing:
        raise InputError(f"{where}: loss {name} needs a value for {', '.join(map(repr, missing))}")
    for key, value in given.items():
        default = parameters[key]
        kind = loss_annotations(name).get(key) or _kind_of(default)
        if not _fits(value, kind):
            like = 5 if default is REQUIRED else default
            expected = f"expected {ast.unparse(kind)}" if like in (None, ()) else f"expected a value like {like}"
            raise InputError(f"{where}: loss {name}: {key} is {value!r}; {expected}")
    filled["weight"] = term.get("weight", 1)
    if not 0 < filled["weight"] <= 1e6:
        raise InputError(
            f"{where}: loss {name}: weight is {filled['weight']}; expected a finite number above 0, at most 1e6"
        )
    return {"name": name, **{key: canonical(value) for key, value in filled.items()}}


def refuse_unknown(name: str, where: str) -> None:
    """Raise InputError for a built-in loss that there is not."""
    if not is_own(name):
        choose(name, loss_modules(), f"{where}: unknown loss", more="; or module:function for one of your own")


def _kind_of(default: Any) -> ast.expr:
    """Where a parameter has no annotation."""
    known = {REQUIRED: "float", None: "object"}
    kind = known[default] if default in (REQUIRED, None) else type(default).__name__
    return ast.Name("float" if kind == "int" else kind)


def _fits(value: Any, kind: ast.expr) -> bool:
    """Whether a value read from YAML is of an annotated kind; numbers must be finite. What is not known here fits."""
    match kind:
        case ast.Constant(value=None):
            return value is None
        case ast.Name(id="float" | "int" as number):
            finite = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            return finite and (number == "float" or value == int(value))
        case ast.Name(id="bool" | "str" as name):
            return type(value).__name__ == name
        case ast.Name(id="tuple" | "list"):
            return isinstance(value, (list, tuple))
        case ast.BinOp(left=left, right=right):
            return _fits(value, left) or _fits(value, right)
        case ast.Subscript(value=outer, slice=inner):
            return _fits_generic(value, ast.unparse(outer).rpartition(".")[2], getattr(inner, "elts", [inner]))
    return True


def _fits_generic(value: Any, name: str, parts: list[ast.expr]) -> bool:
    if name in ("Optional", "Union"):
        return (value is None and name == "Optional") or any(_fits(value, part) for part in parts)
    if name == "Literal":
        return value in [ast.literal_eval(part) for part in parts]
    if name not in ("tuple", "list", "Sequence"):
        return True
    if not isinstance(value, (list, tuple)):
        return False
    if name == "tuple" and ast.unparse(parts[-1]) != "...":
        return len(value) == len(parts) and all(map(_fits, value, parts))
    return all(_fits(item, parts[0]) for item in value)


def term_id(term: dict[str, Any]) -> str:
    """Shown is what differs from the defaults; of dr, pgc and gc also what their signatures have up to the last
    parameter without a default, so that one that is added behind it leaves the names of runs as they are.
    """
    defaults = loss_parameters(term["name"])
    always = 1 + max((place for place, default in enumerate(defaults.values()) if default is REQUIRED), default=-1)
    shown = [key for key in defaults if key in list(defaults)[:always] or term[key] != canonical(defaults[key])]
    text = "_".join([loss_title(term["name"]), *(f"{key}-{as_text(term[key])}" for key in shown)])
    return text if term["weight"] == 1 else f"{as_text(term['weight'])}x{text}"


EXACT = 2**53
"""Below it a float that is a whole number is that number and no other."""


def as_text(value: Any) -> str:
    """A value in the name of a run, where + joins terms: 1e+30 is 1e30."""
    return "-".join(as_text(item) for item in value) if isinstance(value, list) else str(value).replace("e+", "e")


def canonical(value: Any) -> Any:
    """Numbers that are equal must be written alike: 5.0 becomes 5, a tuple a list. 1e30 stays: as an integer it has
    digits that nobody wrote, and is no number that a metrics file may have.
    """
    if isinstance(value, (tuple, list)):
        return [canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def choose(name: str, valid: Any, problem: str, *, more: str = "") -> None:
    if name not in valid:
        raise InputError(f"{problem} {name!r}; valid: {', '.join(sorted(valid))}{more}")
