"""Checking values against the JSON schemas of ``workflow/schemas``: one sentence for what does not fit."""

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from ltmlc.errors import CONTROL, InputError
from ltmlc.plan.lookup import PROJECT
from ltmlc.plan.reading.yaml_file import LARGEST_NUMBER, read_yaml

SCHEMAS = PROJECT / "workflow" / "schemas"
UNUSABLE = re.compile(rf"(?![\t\n])[{CONTROL}]")
"""What no text of a configuration has; several lines are text."""


@cache
def read_schema(name: str) -> dict[str, Any]:
    """``workflow/schemas/{name}.schema.yaml``."""
    return read_yaml(SCHEMAS / f"{name}.schema.yaml")


@cache
def defaults(schema: str, *place: str) -> dict[str, Any]:
    """Key -> default, as the object at a place of a schema says it; of objects within it, theirs. Not to be changed."""
    node = read_schema(schema)
    for key in place:
        node = node[key]
    nested = {key: (*place, "properties", key) for key, each in node["properties"].items() if "properties" in each}
    given = {key: each["default"] for key, each in node["properties"].items() if "default" in each}
    return given | {key: defaults(schema, *inner) for key, inner in nested.items()}


def resolve(node: dict[str, Any], schema: str) -> dict[str, Any]:
    """What a ``$ref`` of a schema stands for; any other node is itself."""
    if "$ref" not in node:
        return node
    file, _, place = node["$ref"].partition("#/")
    found = read_schema(file.partition(".")[0] or schema)
    for key in place.split("/"):
        found = found[key]
    return found


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator, validators  # 0.1 s, so only when something is checked
    from referencing import Registry, Resource

    names = [path.name.partition(".")[0] for path in SCHEMAS.glob("*.schema.yaml")]
    resources = [(f"{name}.schema.yaml", Resource.from_contents(read_schema(name))) for name in names]
    whole = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole_number)
    kind = validators.extend(Draft202012Validator, type_checker=whole)
    return kind(read_schema(schema), registry=Registry().with_resources(resources))


def check(value: Any, *, schema: str, where: str, whole: str = "the file") -> None:
    """Raise InputError with one sentence for the first place where ``value`` does not fit the schema.

    ``whole``: what the sentence calls it where no key of it is the place.
    """
    from jsonschema.exceptions import best_match

    for key, problem in _unusable(value):
        raise InputError(f"{where}: {key}: {problem}")
    error = best_match(_validator(schema).iter_errors(value))
    if error is None:
        return
    key = ".".join(str(part) for part in error.absolute_path) or whole
    raise InputError(f"{where}: {key}: {_sentence(error)}")


def _is_whole_number(checker: Any, value: Any) -> bool:
    """JSON schema takes 1.0 for an integer; the name of a folder or a loop over it does not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _unusable(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and problems of what YAML and JSON can write and nothing here can use."""
    if isinstance(value, float) and not math.isfinite(value):
        yield key, f"{value} is not a finite number"
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        yield key, "it is a number of more than 20 digits"
    if isinstance(value, str) and (found := UNUSABLE.search(value)):
        yield key, f"{value[:40]!r} has the character {found[0]!r}, which is no text; remove it"
    if isinstance(value, (dict, list)):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(name, str):
                yield from _unusable(name, f"{key}: a key")
            yield from _unusable(item, f"{key}.{name}" if key else str(name))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _sentence(error: Any) -> str:
    if error.validator == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        # YAML reads `on` and `1` as keys that are no text.
        unknown = [_shown(key) for key in sorted(map(str, set(error.instance) - known))[:10]]
        return f"unknown key {', '.join(unknown)}; valid keys: {', '.join(sorted(known))}"
    if error.validator in ("enum", "const"):
        valid = error.validator_value if error.validator == "enum" else [error.validator_value]
        return f"{_shown(error.instance)} is not valid; choose one of {', '.join(map(str, valid))}"
    kinds = [each.validator_value for each in (error.context or [error]) if each.validator == "type"]
    if kinds:
        hint = "; YAML reads a number such as 1e-4 as text: write 1.0e-4" if _is_number_as_text(error.instance) else ""
        names = [name for kind in kinds for name in (kind if isinstance(kind, list) else [kind])]
        return f"{_shown(error.instance)} has the wrong type; expected {' or '.join(names)}{hint}"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{_shown(error.instance)} is not valid; write {error.schema['description']}"
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"missing key {', '.join(map(repr, missing))}"
    return error.message if len(error.message) <= 400 else f"{error.message[:400]}..."


def _is_number_as_text(value: Any) -> bool:
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False
