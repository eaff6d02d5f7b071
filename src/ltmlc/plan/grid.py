"""From table files to distinct runs: every row of every table, on every data set, collapsed to the trainings needed."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.config import find_file, load_config, load_dataset, name_of
from ltmlc.plan.datasets import check_recipe_names
from ltmlc.plan.lookup import own_or_shipped
from ltmlc.plan.methods import method_runs
from ltmlc.plan.network import check_fit
from ltmlc.plan.reading.schema import check
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.plan.rows import Grid, Row, StepSplit, Table
from ltmlc.plan.spec import build_spec, check_rate, network_of, run_id

RUN_ID = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}"
MADE_BY = {"tuned": "tuned", "label_metrics": "label-metrics"}
"""Tables that are no table's file: name -> the verb that writes them."""


def load_grid(source: str | Path | dict[str, Any], root: str | Path = ".") -> Grid:
    """Read the configuration, the data sets, the recipes and the tables it names, and collapse equal runs.

    Args:
        source: what :func:`ltmlc.plan.config.load_config` takes.
        root: the folder that holds ``config/``; files that it lacks are taken from this project.

    Raises:
        InputError: naming the file and key, for whatever is unknown, of the wrong type, or ambiguous.
    """
    config = load_config(source)
    root = Path(root)
    recipes_file = own_or_shipped("config/recipes.yaml", root)
    recipes = read_yaml(recipes_file)
    check(recipes, schema="recipes", where=str(recipes_file))
    datasets = _load_datasets(config, root, recipes, where=f"{name_of(source)}: datasets")
    runs: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in datasets}
    tables = {}
    for name in config["tables"]:
        if verb := MADE_BY.get(name):
            raise InputError(
                f"{name_of(source)}: tables: {name!r} is the table that `ltmlc {verb}` makes; rename yours"
            )
        path = find_file("tables", name, root, where=f"{name_of(source)}: tables")
        declared = read_yaml(path)
        check(declared, schema="table", where=str(path))
        _check_labels(declared["rows"], str(path))
        rows = []
        for number, row in enumerate(declared["rows"], 1):
            where = f"{path}, row {number} ({row['label']})"
            _check_row(row, declared["kind"], root, where)
            ids = {}
            for dataset, settings in datasets.items():
                spec = build_spec(row["run"], dataset=settings, recipes=recipes, config=config, where=where)
                ids[dataset] = _register(runs[dataset], spec, where)
            check_rate(row["run"], where)  # last: of a loss that there is, whose name is no mistake
            rows.append(_row(row, ids))
        said = {key: declared[key] for key in ("title", "caption", "kind")}
        tables[name] = Table(name, **said, rows=tuple(rows), split=_split(declared.get("split_step")))
    _check_splits(tables)
    grid = Grid(config, datasets, _share_published(tables), runs, tuple(config["seeds"]))
    try:
        for name in datasets:
            method_runs(grid, name)
    except InputError as error:  # about the key `methods`
        raise InputError(f"{name_of(source)}: {error}") from None
    return grid


def _load_datasets(
    config: dict[str, Any], root: Path, recipes: dict[str, Any], *, where: str
) -> dict[str, dict[str, Any]]:
    """Those of a configuration, with whose recipes and network they fit."""
    datasets = {name: load_dataset(name, root, where=where) for name in config["datasets"]}
    for name, settings in datasets.items():
        check_recipe_names(settings, recipes, where=str(root / "config" / "datasets" / f"{name}.yaml"))
        try:
            check_fit(network_of(settings, config))
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    return datasets


def _check_labels(rows: list[dict[str, Any]], where: str) -> None:
    """Raise InputError for a label that two rows have: tables, sweeps and ``methods`` know a row by it."""
    (((panel, label), count),) = Counter((row.get("panel"), row["label"]) for row in rows).most_common(1)
    if count > 1:
        beside = f" of panel {panel!r}" if panel else ""
        raise InputError(f"{where}: {count} rows{beside} have the label {label!r}; give each a label of its own")


def _check_row(row: dict[str, Any], kind: str, root: Path, where: str) -> None:
    """What a schema cannot say: published numbers belong to a data set that exists, and a figure's row is a point."""
    for dataset in row.get("published", {}):
        find_file("datasets", dataset, root, where=f"{where}: published")
    missing = [key for key in ("panel", "x") if kind == "figure" and key not in row]
    if missing:
        raise InputError(f"{where}: missing key {', '.join(missing)}; a row of a figure is a point of one panel, at x")


def _register(runs: dict[str, dict[str, Any]], spec: dict[str, Any], where: str) -> str:
    identity = run_id(spec)
    if not re.fullmatch(RUN_ID, identity):  # a loss's setting may be any text, and this is the name of a folder
        raise InputError(
            f"{where}: its run would be called {identity[:80]!r}; settings of a loss must give a name of at most 200 "
            "letters, digits and . _ + -"
        )
    if runs.setdefault(identity, spec) != spec:
        raise InputError(f"{where}: its run has the id {identity!r} of another run with a different specification")
    return identity


def _row(row: dict[str, Any], ids: dict[str, str]) -> Row:
    published = {dataset: tuple(map(float, numbers)) for dataset, numbers in row.get("published", {}).items()}
    said = {key: row[key] for key in ("label", "origin", "note", "delta", "panel", "x") if key in row}
    choices = tuple(row.get("choices", ()))
    return Row(run=ids, published=published, own_rate="lr" in row["run"], choices=choices, **said)


def _split(declared: dict[str, Any] | None) -> StepSplit | None:
    if declared is None:
        return None
    lists = {key: tuple(declared[key]) for key in ("step", "changes", "rows")}
    return StepSplit(table=declared["table"], **lists)


def _check_splits(tables: dict[str, Table]) -> None:
    """Raise InputError for rows that a ``split_step`` names and a table does not have."""
    for table in tables.values():
        split = table.split
        for name, labels in ((table.name, split.step), (split.table, split.rows)) if split else ():
            valid = [row.label for row in tables[name].rows] if name in tables else labels
            if unknown := [label for label in labels if label not in valid]:
                raise InputError(
                    f"config/tables/{table.name}.yaml: split_step: {name} has no row {unknown[0]!r}; valid: "
                    f"{', '.join(valid)}"
                )


def _share_published(tables: dict[str, Table]) -> dict[str, Table]:
    """A figure prints no numbers; its points whose run stands in a table take that row's.

    Where tables disagree, the first counts.
    """
    known: dict[tuple[str, str], tuple[float, float, float, float]] = {}
    for table in tables.values():
        for row in table.rows:
            for dataset, numbers in row.published.items():
                if dataset in row.run:
                    known.setdefault((dataset, row.run[dataset]), numbers)

    def with_published(row: Row) -> Row:
        shared = {dataset: known[dataset, run] for dataset, run in row.run.items() if (dataset, run) in known}
        return replace(row, published=shared)

    return {
        name: replace(table, rows=tuple(map(with_published, table.rows))) if table.kind == "figure" else table
        for name, table in tables.items()
    }
