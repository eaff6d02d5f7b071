"""The paper's statements, judged on our runs.

Every part of a claim (``predicates``) is a difference between rows, taken seed by seed: two runs with one seed see the
same data order and initial head, and what a seed does to all runs alike cancels. ``verdict`` says what they show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from ltmlc.evidence.claims.facts import judge_gradients, judge_probability, judge_split, judge_threshold
from ltmlc.evidence.claims.file import Claim, asked_of
from ltmlc.evidence.claims.measure import Measured, measure, measure_between, problem_of, spreads_of
from ltmlc.evidence.claims.predicates import TWINS, Part, RowName
from ltmlc.evidence.claims.verdict import Verdict, judge_together, missing, verdict_of
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import named_rows
from ltmlc.plan.grid import Grid, Row


def twin_of(dataset: str, settings: Mapping[str, Any]) -> str | None:
    """Whose claims a data set is judged by: its key ``twin``, or itself; None for one of its own kind."""
    return settings.get("twin", dataset if dataset in TWINS else None)


def judge_claims(
    grid: Grid,
    results: Results,
    claims: Sequence[Claim],
    *,
    splits: Mapping[str, Any] | None = None,
    curves: Sequence[Any] | None = None,
) -> list[Verdict]:
    """Every claim that the configuration asks for, on every data set it speaks of.

    Args:
        splits: by data set, for facts about the labels.
        curves: :func:`ltmlc.evidence.claims.facts.read_thresholds` of ``fig3.csv``, for what is said of gradients.
    """
    claims, rows = asked_of(grid, claims), named_rows(grid)
    verdicts = []
    for dataset, settings in grid.datasets.items():
        twin = twin_of(dataset, settings)
        asked = [(claim, claim.parts_for(twin)) for claim in claims]
        measured = {claim.id: _measure(parts, dataset, rows, results) for claim, parts in asked if parts}
        spreads = spreads_of([each for parts in measured.values() if not isinstance(parts, str) for each in parts])
        found = {
            name: [replace(each, spread=spreads[each.contrast]) for each in parts]
            for name, parts in measured.items()
            if not isinstance(parts, str)
        }
        judged = judge_together({claim.id: claim for claim in claims}, found, twin, dataset)
        for claim, parts in asked:
            if claim.id in judged:
                verdicts.append(judged[claim.id])
            elif claim.id in measured:
                verdicts.append(missing(claim, dataset, measured[claim.id], len(parts), twin))
            elif claim.kind in ("probability", "split") and dataset in claim.about:
                judge = judge_probability if claim.kind == "probability" else judge_split
                verdicts.append(verdict_of(claim, dataset, *judge(claim, (splits or {}).get(dataset))))
    verdicts += _judge_between([claim for claim in claims if claim.kind == "gains_more_on"], grid, rows, results)
    of_losses = {"threshold": judge_threshold, "gradient": judge_gradients}
    facts = [claim for claim in claims if claim.kind in of_losses]
    return verdicts + [verdict_of(claim, "", *of_losses[claim.kind](claim, curves)) for claim in facts]


def _measure(
    parts: Sequence[Part], dataset: str, rows: Mapping[RowName, Row], results: Results
) -> list[Measured] | str:
    """The parts of a claim that are differences, or why they cannot be measured."""
    measured = _measure_each(parts, dataset, rows, results)
    if isinstance(measured, str):
        return measured
    return list(filter(None, measured)) or "its rows are the same run on this data set"


def _measure_each(
    parts: Sequence[Part], dataset: str, rows: Mapping[RowName, Row], results: Results
) -> list[Measured | None] | str:
    """Every part of a claim in its place, None where its rows are one run; or why they cannot be measured."""
    if problem := problem_of(parts, dataset, rows, results):
        return problem
    measured = [measure(part, dataset, rows, results) for part in parts]
    if not all(each.draws for each in measured if each):
        return "no seed is finished for all of its rows"
    return measured


def _judge_between(claims: Sequence[Claim], grid: Grid, rows: Mapping[RowName, Row], results: Results) -> list[Verdict]:
    """Claims about two data sets, on every pair that plays them, all tested together."""
    playing = grouped(grid.datasets, lambda dataset: twin_of(dataset, grid.datasets[dataset]))
    pairs = list(product(*(playing.get(role, []) for role in TWINS)))
    asked = {(claim.id, *pair): claim for claim in claims for pair in pairs}
    measured = {name: _measure_between(claim, name[1:], rows, results) for name, claim in asked.items()}
    found = {name: parts for name, parts in measured.items() if not isinstance(parts, str)}
    judged = judge_together(asked, found, None, "")
    return [judged.get(name) or missing(claim, "", measured[name], 0, None) for name, claim in asked.items()]


def _measure_between(
    claim: Claim, datasets: tuple[str, str], rows: Mapping[RowName, Row], results: Results
) -> list[Measured] | str:
    """By how much every gain is larger on the second data set, which has more classes, or why that cannot be measured.
    One that is a run less itself on either is left out.
    """
    gains = [
        _measure_each(claim.facts["gains"][role], dataset, rows, results)
        for role, dataset in zip(TWINS, datasets, strict=True)
    ]
    problems = [f"{name}: {each}" for name, each in zip(datasets, gains, strict=True) if isinstance(each, str)]
    if problems:
        return f"{datasets[1]} less {datasets[0]}: {'; '.join(problems)}"
    both = [pair for pair in zip(*gains, strict=True) if all(pair)]
    return measure_between(both, datasets) if both else f"its rows are the same run on {' or '.join(datasets)}"
