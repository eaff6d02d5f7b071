"""What is on file about a grid's runs, as plain values: the one source of every page that states them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import hours
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.results.results import Results, RunResult
from ltmlc.plan.lookup import own_or_shipped
from ltmlc.plan.reading.yaml_file import read_yaml

_COMMIT = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28}\b")
ENVIRONMENT = {
    "device": "device",
    "processor": "processor",
    "python": "Python",
    "torch": "torch",
    "numpy": "NumPy",
    "git_commit": "commit",
}
MACHINE = {"platform": "platform", "cpus": "processors", "snakemake": "Snakemake", "opencv-python-headless": "OpenCV"}
_BIBTEX = ("collection-title", "journal", "volume", "version", "year", "doi")


@dataclass(frozen=True)
class DatasetCost:
    """What one data set holds and what its runs took; times in seconds, memory in bytes, None where not recorded."""

    title: str
    classes: int | None
    groups: tuple[int, ...]  # classes in head, medium, tail
    train_images: int | None
    test_images: int | None
    runs: Mapping[str, int]  # finished, failed, missing
    seconds: float  # of all finished runs together
    median_seconds: float | None
    images_per_second: float | None  # median
    memory: Mapping[str, int]  # largest host_bytes and device_bytes
    devices: tuple[str, ...]

    @property
    def class_text(self) -> str:
        """How many, and of these in head, medium and tail; empty before the split exists."""
        return f"{self.classes} ({' : '.join(map(str, self.groups))})" if self.classes else ""


def costs(evidence: Evidence) -> list[DatasetCost]:
    """One line a data set."""
    return [_cost(evidence, name) for name in evidence.grid.datasets]


def _cost(evidence: Evidence, name: str) -> DatasetCost:
    runs = [result for result in evidence.results.runs.values() if result.dataset == name]
    finished = [result for result in runs if result.status == "finished"]
    times = [result.seconds for result in finished if result.seconds is not None]
    speeds = [speed for result in finished if (speed := result.metrics.get("images_per_second")) is not None]
    split = evidence.splits.get(name)
    memory: dict[str, int] = {}
    for result in finished:
        for key, value in result.metrics.get("peak_memory", {}).items():
            memory[key] = max(memory.get(key, 0), value or 0)
    return DatasetCost(
        evidence.titles[name],
        len(split.classes) if split else None,
        groups=tuple(len(members) for members in split.groups.values()) if split else (),
        train_images=len(split.train_ids) if split else None,
        test_images=len(split.test_ids) if split else None,
        runs={status: sum(result.status == status for result in runs) for status in ("finished", "failed", "missing")},
        seconds=sum(times),
        median_seconds=median(times) if times else None,
        images_per_second=median(speeds) if speeds else None,
        memory=memory,
        devices=tuple(environment_values(finished, "device")),
    )


def total_time(results: Results) -> str:
    """Of all finished runs, one after the other."""
    return hours(sum(result.seconds or 0 for result in results.with_status("finished")))


def environment_values(results: Iterable[RunResult], key: str) -> dict[str, int]:
    """Value -> how many runs recorded it. A commit by its first twelve characters, marked where files differed."""
    values = (result.metrics.get("environment", {}).get(key) for result in results)
    return dict(Counter(_COMMIT.sub(r"\1", str(value)) for value in values if value))


def environment(results: Iterable[RunResult], names: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Name -> :func:`environment_values` of its key in ``names``, where any run recorded one."""
    found = {name: environment_values(results, key) for key, name in names.items()}
    return {name: values for name, values in found.items() if values}


def headline(evidence: Evidence) -> str:
    """How much is there, and whether it can give verdicts."""
    results = evidence.results
    counts = results.counts
    others = "".join(f", {number} {status}" for status, number in counts.items() if number and status != "finished")
    text = f"{counts['finished']} of {len(results.runs)} runs finished{others}."
    if one_seed_alone(evidence):
        text += (
            " One seed: numbers are shown as they came, but nothing measures the noise between runs, so no difference "
            "is called real. Two seeds or more (configuration key `seeds`) give verdicts."
        )
    return text


def one_seed_alone(evidence: Evidence) -> bool:
    """Whether nothing measures the noise of numbers: one seed, and none of a reference to measure it with."""
    return len(evidence.results.seeds) == 1 and not evidence.diff.tested


def judged_datasets(judged: Iterable[Any], datasets: Iterable[str]) -> list[str]:
    """Those of the data sets on which something was judged, in order."""
    there = {each.dataset for each in judged}
    return [name for name in datasets if name in there]


def open_choices(evidence: Evidence) -> list[tuple[str, tuple[str, ...], str]]:
    """Every choice that the paper does not make: what was chosen, for what, where it comes from; equal ones once."""
    recipes = read_yaml(own_or_shipped("config/recipes.yaml", evidence.root))
    made = [(f"recipe {name}", recipe.get("choices", ())) for name, recipe in recipes.items()]
    for table in evidence.grid.tables.values():
        made += [(f"{table.title}: {row.label}", row.choices) for row in table.rows]
    single = [(choice["value"], choice["origin"], user) for user, choices in made for choice in choices]
    equal = grouped(single, lambda choice: choice[:2])
    return [(value, tuple(user for *_, user in users), origin) for (value, origin), users in equal.items()]


@dataclass(frozen=True)
class Citation:
    authors: str
    title: str
    place: str
    doi: str | None
    bibtex: str


def citations(root: str | Path) -> list[Citation]:
    """The paper, then the software, from ``CITATION.cff``; none without that file."""
    path = own_or_shipped("CITATION.cff", root)
    if not path.exists():
        return []
    software = read_yaml(path)
    entries = [software["preferred-citation"]] if "preferred-citation" in software else []
    return [_citation(entry) for entry in [*entries, software]]


def _citation(entry: Mapping[str, Any]) -> Citation:
    authors = ", ".join(_author(author) for author in entry.get("authors", ()))
    place = ", ".join(str(entry[key]) for key in ("collection-title", "journal", "version") if key in entry)
    if "year" in entry and str(entry["year"]) not in place:  # the proceedings' title names it already
        place = f"{place}, {entry['year']}" if place else str(entry["year"])
    return Citation(authors, entry.get("title", ""), place, entry.get("doi"), _bibtex(entry))


def _bibtex(entry: Mapping[str, Any]) -> str:
    """A BibTeX entry; a group stands in braces of its own, so that it is not taken for first and last name."""
    people = entry.get("authors", ())
    names = [f"{{{a['name']}}}" if "name" in a else f"{a['family-names']}, {a.get('given-names', '')}" for a in people]
    kind = "inproceedings" if entry.get("type") == "conference-paper" else "misc"
    fields = {"title": f"{{{entry.get('title', '')}}}", "author": " and ".join(names)}
    fields |= {"booktitle" if key == "collection-title" else key: entry[key] for key in _BIBTEX if key in entry}
    key = "".join(re.findall("[a-z]+", f"{people[0].get('family-names', 'ltmlc')}".lower())) if people else "ltmlc"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key}{entry.get('year', '')},", *lines, "}"])


def _author(author: Mapping[str, str]) -> str:
    return author.get("name") or f"{author.get('given-names', '')} {author.get('family-names', '')}".strip()
