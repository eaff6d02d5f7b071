"""Reading the configuration: YAML files, checked against the JSON schemas of ``workflow/schemas``.

Unknown keys are refused. Where files are looked for: :mod:`ltmlc.plan.lookup`.
"""

import json
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.datasets import check_dataset
from ltmlc.plan.lookup import files_of
from ltmlc.plan.places import check_places
from ltmlc.plan.reading.extend import CONFIG_PATHS, DATASET_PATHS, extend, merge, tidy_paths, without_nulls
from ltmlc.plan.reading.schema import check, defaults, read_schema, resolve
from ltmlc.plan.reading.yaml_file import parse_yaml, read_yaml, refuse_endless


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
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: not readable JSON: {error}") from None
    if isinstance(source, dict):
        refuse_endless(source, where)
        source = _from_text(source, read_schema("config"))
    else:
        source = read_yaml(source)
    source = tidy_paths(source, CONFIG_PATHS, where=where)
    check(source, schema="config", where=where)
    config = merge(defaults("config"), source)
    for key in ("datasets", "tables", "seeds"):
        if len(set(config[key])) != len(config[key]):
            raise InputError(f"{where}: {key}: an entry is listed twice")
    check_places(config, where=where)
    return config


def _from_text(value: Any, schema: dict[str, Any]) -> Any:
    """Values where the schema wants no text: ``snakemake --config seeds=[0,1]`` hands over ["0", "1"]."""
    schema = resolve(schema, "config")
    if isinstance(value, dict):
        return {key: _from_text(item, schema.get("properties", {}).get(key, {})) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_text(item, schema.get("items", {})) for item in value]
    kinds = schema.get("type", "string")
    if isinstance(value, str) and ("string" not in kinds or (value == "null" and "null" in kinds)):
        return parse_yaml(value, where=f"config: {value[:40]!r}")
    return value


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
    raw["thresholds"] = defaults("dataset", "properties", "thresholds") | raw.get("thresholds", {})
    check_dataset(raw, where=str(path))
    return raw
