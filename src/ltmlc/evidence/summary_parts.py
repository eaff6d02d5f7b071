"""Sections of ``REPRODUCTION.md`` that restate what is on file: runs, tables, open choices, citation."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltmlc.config import read_yaml
from ltmlc.data.split import Split
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.plan import hours
from ltmlc.evidence.results import Results
from ltmlc.evidence.tables import tabulate
from ltmlc.grid import Grid
from ltmlc.lookup import own_or_shipped

_COMMIT = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28}\b")
_ENVIRONMENT = {
    "device": "device",
    "python": "Python",
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "NumPy",
    "git_commit": "commit",
}


def what_was_run(grid: Grid, results: Results, splits: Mapping[str, Split]) -> str:
    """Data sets, runs, time, versions; more than one value of a version stands side by side."""
    seeds = ", ".join(map(str, results.seeds))
    header = ["data set", "classes", "training images", "test images", "finished", "failed", "missing", "training time"]
    parts = [
        "## What was run",
        f"Seed{'s' * (len(results.seeds) > 1)} {seeds}; {_time(results.with_status('finished'))} of training in all.",
        markdown_table(header, [_dataset(name, grid, results, splits.get(name)) for name in grid.datasets]).strip(),
    ]
    environments = [result.metrics.get("environment", {}) for result in results.with_status("finished")]
    lines = []
    for key, name in _ENVIRONMENT.items():
        values = list(dict.fromkeys(_short(str(each[key])) for each in environments if each.get(key)))
        lines += [f"- {name}: {', '.join(values)}"] if values else []
    lines += [f"- **{message}**" for message in results.messages]
    lines += [f"- failed: {r.name}: {r.metrics.get('error') or 'no message'}" for r in results.with_status("failed")]
    return "\n\n".join([*parts, "\n".join(lines)])


def _short(value: str) -> str:
    """A commit by its first twelve characters, marked where files differed from it; anything else as it is."""
    return _COMMIT.sub(r"\1", value)


def _dataset(name: str, grid: Grid, results: Results, split: Split | None) -> list[object]:
    runs = [result for result in results.runs.values() if result.dataset == name]
    counts = [sum(result.status == status for result in runs) for status in ("finished", "failed", "missing")]
    sizes = ["", "", ""]
    if split is not None:
        groups = " : ".join(str(len(members)) for members in split.groups.values())
        sizes = [f"{len(split.classes)} ({groups})", str(len(split.train_ids)), str(len(split.test_ids))]
    return [grid.datasets[name].get("title", name), *sizes, *counts, _time(runs)]


def _time(runs: list[Any]) -> str:
    return hours(sum(result.seconds for result in runs if result.status == "finished" and result.seconds is not None))


def tables(grid: Grid, results: Results, splits: Mapping[str, Split], figures: str) -> str:
    """Every table as it stands in ``tables/``; a figure is linked, its numbers stand in its own file."""
    parts = ["## Tables"]
    for name, table in grid.tables.items():
        if table.kind == "figure":
            link = f"![{table.title}]({figures}/{name}.png)\n\nIts numbers: [tables/{name}.md](tables/{name}.md)."
            parts.append(f"### {table.title}\n\n{table.caption}\n\n{link}")
        else:
            parts.append("##" + tabulate(grid, results, name, splits=splits)["md"].strip())
    return "\n\n".join(parts)


def left_open(grid: Grid, root: str | Path) -> str:
    """Every choice that the paper does not make, with where ours comes from; equal ones once."""
    users: dict[tuple[str, str], list[str]] = {}
    for name, recipe in _recipes(root).items():
        for choice in recipe.get("choices", ()):
            users.setdefault((choice["value"], choice["origin"]), []).append(f"recipe {name}")
    for table in grid.tables.values():
        for row in table.rows:
            for choice in row.choices:
                users.setdefault((choice["value"], choice["origin"]), []).append(f"{table.title}: {row.label}")
    if not users:
        return ""
    rows = [[value, "; ".join(names), origin] for (value, origin), names in users.items()]
    table = markdown_table(["choice", "for", "where it comes from"], rows, left=3)
    return f"## What the paper leaves open\n\n{table}"


def _recipes(root: str | Path) -> dict[str, Any]:
    return read_yaml(own_or_shipped("config/recipes.yaml", root))


def how_to_cite(root: str | Path) -> str:
    """The paper and the software, from ``CITATION.cff``."""
    path = own_or_shipped("CITATION.cff", root)
    if not path.exists():
        return ""
    citation = read_yaml(path)
    lines = [f"- {_reference(citation)}"]
    if "preferred-citation" in citation:
        lines.insert(0, f"- {_reference(citation['preferred-citation'])}")
    return "## How to cite\n\n" + "\n".join(lines)


def _reference(entry: Mapping[str, Any]) -> str:
    authors = ", ".join(_author(author) for author in entry.get("authors", ()))
    place = ", ".join(str(entry[key]) for key in ("collection-title", "journal", "version", "year") if key in entry)
    doi = f" https://doi.org/{entry['doi']}" if "doi" in entry else ""
    return f"{authors}: *{entry.get('title', '')}*. {place}.{doi}"


def _author(author: Mapping[str, str]) -> str:
    return author.get("name") or f"{author.get('given-names', '')} {author.get('family-names', '')}".strip()
