"""What must not share a table unnoticed: numbers from different images or by different code, and copies of a run."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import named_seeds


def doubts(results: Iterable[Any], splits: Mapping[str, Any]) -> list[str]:
    """One sentence for each data set and doubt about its finished runs (:class:`...results.RunResult`)."""
    finished = (result for result in results if result.status == "finished")
    by_dataset = grouped(finished, lambda result: result.dataset)
    checks = (_different_splits, _different_code, _copies)
    said = [each for name, runs in by_dataset.items() for check in checks if (each := check(name, runs))]
    return said + [
        each for name in by_dataset if name in splits and (each := _another_split(by_dataset[name], splits[name]))
    ]


def numbers_of(result: Any) -> tuple:
    """What two seeds share only if one is a copy of the other, or the training ignores its seed."""
    return tuple(result.percent.items()), str(result.metrics.get("ap_per_class"))


def _different_splits(dataset: str, runs: list[Any]) -> str:
    counts = Counter(result.metrics["split_sha256"] for result in runs)
    if len(counts) < 2:
        return ""
    each = ", ".join(f"{number} runs on {sha256[:12]}" for sha256, number in counts.items())
    each = f"{len(counts)} different splits ({each})"
    return f"the runs of {dataset} were made on {each}; their numbers are not comparable"


def _another_split(runs: list[Any], split: Any) -> str:
    """Where all are, on one and the same; several are said of :func:`_different_splits`."""
    found = {result.metrics["split_sha256"] for result in runs}
    if found == {split.sha256} or len(found) > 1:
        return ""
    return (
        f"the runs of {split.dataset} were made on split {found.pop()[:12]}, but the one beside them is "
        f"{split.sha256[:12]}: its class counts, groups and test images are not theirs; train them again"
    )


def _different_code(dataset: str, runs: list[Any]) -> str:
    seeds: dict[str, dict[str, list[int]]] = {}
    for result in runs:
        seeds.setdefault(result.run, {}).setdefault(result.metrics["code"], []).append(result.seed)
    mixed = {run: by_code for run, by_code in seeds.items() if len(by_code) > 1}
    if not mixed:
        return ""
    run, by_code = next(iter(mixed.items()))
    parts = " and ".join(f"{named_seeds(group)} by {code[:12]}" for code, group in by_code.items())
    return (
        f"the seeds of {len(mixed)} of {len(seeds)} runs of {dataset} were made by different code (such as {run}: "
        f"{parts}); the spread between seeds holds that change too; train the older ones again to be rid of it"
    )


def _copies(dataset: str, runs: list[Any]) -> str:
    by_run: dict[str, dict[int, tuple]] = {}
    for result in runs:
        by_run.setdefault(result.run, {})[result.seed] = numbers_of(result)
    return copies(f"runs of {dataset}", by_run)


def equal_seeds(numbers: Mapping[int, Any]) -> list[list[int]]:
    """Seeds with the same numbers together: all but the first of them are copies."""
    return list(grouped(numbers, lambda seed: repr(numbers[seed])).values())


def copies(title: str, by_run: Mapping[str, Mapping[int, Any]]) -> str:
    """A sentence where runs (run -> seed -> its numbers) have copies of a seed; empty where none has."""
    equal = {run: seeds for run, numbers in by_run.items() for seeds in equal_seeds(numbers) if len(seeds) > 1}
    if not equal:
        return ""
    run, seeds = next(iter(equal.items()))
    return (
        f"{len(equal)} of {len(by_run)} {title} have seeds with the same numbers in every column (such as "
        f"{run}: {named_seeds(seeds)}); they count as one seed, for copies measure no noise"
    )
