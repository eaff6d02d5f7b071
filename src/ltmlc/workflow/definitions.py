"""What tables, figures and reports say beyond the metrics: labels, published numbers, claims, and the code they are
made with. As hashes: where one changes they are made again, and nothing is trained.
"""

import ast
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ltmlc.disk.files import canonical_json, sha256_text
from ltmlc.evidence.claims.predicates import TWINS
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import PACKAGE, PROJECT, earlier_runs, files_of, own_or_shipped
from ltmlc.plan.methods import method_runs
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.parts import hash_of

WHAT_IS_TRAINED = ("precision", "deterministic")
"""Keys of ``training`` that say what: all others say how, and stand in no table."""

CODE = (
    *("evidence", "metrics", "data/augment"),
    *("data/heldout.py", "data/longtail.py", "data/split.py"),
)
"""What makes their numbers and pictures; losses apart, which the rule of the one figure that calls them names."""

QUOTED = ("config/claims.yaml", "CITATION.cff", "LICENSE", "docs/losses.md", "requirements.lock")
"""Files that reports and the crate quote; beside them the captions, ``workflow/report/*.rst``."""


class Definitions:
    """Of one configuration."""

    def __init__(self, grid: Grid, contents: Contents) -> None:
        self._grid = grid
        self._code = _code(contents)
        reference = grid.config["reference"]  # `published` numbers stand in the tables; else the numbers are in a file
        self._reference = contents.file(own_or_shipped(reference)) or reference
        captions = (path.relative_to(PROJECT).as_posix() for path in sorted(PROJECT.glob("workflow/report/*.rst")))
        self._published = _published(contents)
        self._earlier = [contents.file(path) for path in earlier_runs(reference)]
        self._quoted = [contents.file(own_or_shipped(path)) for path in (*QUOTED, *captions)]

    def of_data(self) -> str:
        """What is shown of data sets and of runs as such: the data sets' settings."""
        return self._hash(None)

    def of_table(self, name: str) -> str:
        """What one table or sweep figure prints beside that."""
        return self._hash(asdict(self._grid.tables[name]))

    def of_methods(self, dataset: str) -> str:
        """What sets methods beside each other prints beside that: which, by what names, in which order."""
        return self._hash(list(method_runs(self._grid, dataset).items()))

    def of_sweep(self) -> str:
        """What the tables of the sweep print: its choices, and whatever the tables say."""
        return self._hash([self._grid.config["tune"], self.of_all()])

    def of_all(self) -> str:
        """What is judged across tables: all of them, what is quoted, what the configuration says is run."""
        config = self._grid.config
        training = {key: config["training"][key] for key in WHAT_IS_TRAINED}
        what = {key: value for key, value in config.items() if key not in ("training", "data", "tune", "strict")}
        tables = {name: asdict(table) for name, table in self._grid.tables.items()}
        return self._hash([tables, self._published, self._quoted, what, training, self._grid.runs])

    def of_plan(self) -> str:
        """What the plan says beside that: what earlier runs have cost."""
        return self._hash([self.of_all(), self._earlier])

    def _hash(self, value: Any) -> str:
        everywhere = [self._grid.datasets, self._reference, self._code]
        return hash_of([value, *everywhere])


def _code(contents: Contents) -> str:
    """Comments and formatting do not count. Parsing takes a while: only when a byte of it has changed.

    With the templates, styles and scripts of the pages, byte for byte.
    """
    parts = [PACKAGE / part for part in CODE]
    inside = [path for part in parts if part.is_dir() for path in part.rglob("*.*") if path.suffix != ".pyc"]
    paths = sorted([*inside, *(part for part in parts if part.suffix)])
    files = {path.relative_to(PACKAGE).as_posix(): path for path in paths}
    return contents.derived(f"code {contents.of(files)}", lambda: _parsed(files))


def _parsed(files: dict[str, Path]) -> str:
    texts = {path: path.read_text(encoding="utf-8") for path in files.values()}
    return sha256_text(
        "".join(ast.dump(ast.parse(text)) if path.suffix == ".py" else text for path, text in texts.items())
    )


def _published(contents: Contents) -> str:
    """What claims and the audit are held against, whatever a configuration asks for: all tables and recipes, on the
    paper's data sets. As values: a comment is no change.
    """
    datasets = files_of("datasets")
    files = files_of("tables") | {f"dataset {name}": datasets[name] for name in TWINS}
    files["recipes"] = own_or_shipped("config/recipes.yaml")
    return contents.derived(f"published {contents.of(files)}", lambda: _values(files))


def _values(files: dict[str, Path]) -> str:
    return sha256_text(canonical_json([[name, read_yaml(path)] for name, path in files.items()]))
