"""Reading the configuration: YAML files, checked against the JSON schemas of ``workflow/schemas``.

Unknown keys are refused. Where files are looked for: :mod:`ltmlc.plan.lookup`.
"""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ltmlc.errors import InputError
from ltmlc.plan.datasets import check_dataset
from ltmlc.plan.endless import refuse_endless
from ltmlc.plan.extend import CONFIG_PATHS, DATASET_PATHS, extend, merge, tidy_paths, without_nulls
from ltmlc.plan.lookup import PROJECT, files_of
from ltmlc.plan.places import check_places

SCHEMAS = PROJECT / "workflow" / "schemas"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML that refuses a key given twice, of which it would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for key, _ in node.value if keys.count(key.value) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice.value!r} is given twice", twice.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """One YAML mapping from a file. Raises InputError with the line of a syntax error, or where the file is missing."""
    path = Path(path)
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # nosec B506 # a SafeLoader
    except FileNotFoundError:
        beside = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise InputError(f"{path} does not exist; {path.parent} has: {', '.join(beside) or 'no YAML file'}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not readable YAML: {' '.join(str(error).split())}") from None
    refuse_endless(value, str(path))
    if not isinstance(value, dict):
        raise InputError(f"{path} must be a mapping of keys to values, not {type(value).__name__}")
    return value


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    return {path.name.split(".")[0]: read_yaml(path) for path in SCHEMAS.glob("*.schema.yaml")}


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator  # 0.1 s, so only when something is checked
    from referencing import Registry, Resource

    resources = ((f"{name}.schema.yaml", Resource.from_contents(content)) for name, content in _schemas().items())
    return Draft202012Validator(_schemas()[schema], registry=Registry().with_resources(resources))


def check(value: Any, *, schema: str, where: str) -> None:
    """Raise InputError with one sentence for the first place where ``value`` does not fit the schema."""
    from jsonschema.exceptions import best_match

    for key, number in _not_finite(value):
        raise InputError(f"{where}: {key}: {number} is not a finite number")
    error = best_match(_validator(schema).iter_errors(value))
    if error is None:
        return
    key = ".".join(str(part) for part in error.absolute_path) or "the file"
    raise InputError(f"{where}: {key}: {_sentence(error)}")


def _not_finite(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Dotted names and values of the numbers that YAML can write and nothing here can use: ``.nan`` and ``.inf``."""
    if isinstance(value, float) and not math.isfinite(value):
        yield key, value
    if isinstance(value, (dict, list)):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_finite(item, f"{key}.{name}" if key else str(name))


def _sentence(error: Any) -> str:
    if error.validator == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        unknown = sorted(map(str, set(error.instance) - known))  # YAML reads `on` and `1` as keys that are no text
        return f"unknown key {', '.join(map(repr, unknown))}; valid keys: {', '.join(sorted(known))}"
    if error.validator in ("enum", "const"):
        valid = error.validator_value if error.validator == "enum" else [error.validator_value]
        return f"{error.instance!r} is not valid; choose one of {', '.join(map(str, valid))}"
    kinds = [each.validator_value for each in (error.context or [error]) if each.validator == "type"]
    if kinds:
        hint = "; YAML reads a number such as 1e-4 as text: write 1.0e-4" if _is_number_as_text(error.instance) else ""
        names = [name for kind in kinds for name in (kind if isinstance(kind, list) else [kind])]
        return f"{error.instance!r} has the wrong type; expected {' or '.join(names)}{hint}"
    if error.validator == "pattern" and "description" in error.schema:
        return f"{error.instance!r} is not valid; write {error.schema['description']}"
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"missing key {', '.join(map(repr, missing))}"
    return error.message


def _is_number_as_text(value: Any) -> bool:
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False


def name_of(source: str | Path | dict[str, Any]) -> str:
    """What messages call a configuration: its file, or ``config`` where it came as a mapping or as JSON text."""
    return "config" if isinstance(source, dict) or str(source).lstrip().startswith("{") else str(source)


def load_config(source: str | Path | dict[str, Any]) -> dict[str, Any]:
    """The checked configuration with every default filled in.

    ``source`` is a mapping (Snakemake's config), the path of a YAML file, or JSON text (what the rules pass on).
    """
    where = name_of(source)
    if isinstance(source, str) and source.lstrip().startswith("{"):
        try:
            source = json.loads(source)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{where}: not readable JSON: {error}") from None
    if isinstance(source, dict):
        refuse_endless(source, where)
        source = _from_text(source, _schemas()["config"])
    else:
        source = read_yaml(source)
    source = tidy_paths(source, CONFIG_PATHS, where=where)
    check(source, schema="config", where=where)
    config = merge(DEFAULTS, source)
    for key in ("datasets", "tables", "seeds"):
        if len(set(config[key])) != len(config[key]):
            raise InputError(f"{where}: {key}: an entry is listed twice")
    check_places(config, where=where)
    return config


def _from_text(value: Any, schema: dict[str, Any]) -> Any:
    """Values where the schema wants no text: ``snakemake --config seeds=[0,1]`` hands over ["0", "1"]."""
    schema = _schemas()["config"]["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    if isinstance(value, dict):
        return {key: _from_text(item, schema.get("properties", {}).get(key, {})) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_text(item, schema.get("items", {})) for item in value]
    kinds = schema.get("type", "string")
    if isinstance(value, str) and ("string" not in kinds or (value == "null" and "null" in kinds)):
        return yaml.safe_load(value)
    return value


DEFAULTS: dict[str, Any] = {
    "datasets": ["voc-lt", "coco-lt"],
    "tables": ["table1", "table2", "table3", "table4", "table5", "table6", "fig4"],
    "seeds": [0],
    "data": {"root": "data", "max_side": None},
    "model": {},
    "training": {
        "precision": "tf32",
        "device": "auto",
        "allow_cpu": False,
        "deterministic": False,
        "threads": 4,
        "gpu_share": 1,
        "checkpoint_minutes": 10,
        "keep_weights": False,
    },
    "tune": {"tables": ["table1"], "factors": [0.1, 0.3, 1, 3, 10], "share": 0.25, "holdout_seed": 0, "seeds": [0]},
    "reference": "published",
    "strict": False,
    "results": "results",
    "figures": "figures",
}


def find_file(kind: str, name: str, root: str | Path = ".", *, where: str) -> Path:
    """``config/{kind}/{name}.yaml``; InputError with the names there are if ``where`` asks for another."""
    files = files_of(kind, root)
    if name not in files:
        folder = Path(root) / "config" / kind
        raise InputError(f"{where}: {name!r} is not among the files of {folder}; valid: {', '.join(files)}")
    return files[name]


def load_dataset(name: str, root: str | Path = ".", *, where: str = "data set") -> dict[str, Any]:
    """``config/datasets/{name}.yaml``, checked; ``extends: other`` starts from another data set's file."""
    return _load_dataset(name, root, where, heirs=())


def _load_dataset(name: str, root: str | Path, where: str, heirs: tuple[str, ...]) -> dict[str, Any]:
    path = find_file("datasets", name, root, where=where)
    if name in heirs:
        raise InputError(
            f"{where}: {' -> '.join([*heirs, name])} goes round in a circle; name a data set that stands alone"
        )
    raw = tidy_paths(read_yaml(path), DATASET_PATHS, where=str(path))
    check(without_nulls(raw), schema="dataset", where=str(path))
    if raw.get("extends") is not None:
        base = _load_dataset(raw["extends"], root, f"{path}: extends", (*heirs, name))
        raw = extend(base, {key: value for key, value in raw.items() if key != "extends"})
    raw = without_nulls(raw)
    missing = [key for key in ("source", "model", "augmentation") if key not in raw]
    if missing:
        raise InputError(f"{path}: missing key {', '.join(map(repr, missing))}")
    check(raw, schema="dataset", where=str(path))  # again: only now is all of it known
    check_dataset(raw, where=str(path))
    return raw
