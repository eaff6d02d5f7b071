"""The paper's statements, judged on our runs.

Every part of a claim (``predicates``) is a difference between rows, taken seed by seed: two runs
with one seed see the same data order and initial head, and what a seed does to all runs alike cancels. The noise of
such a difference comes from all runs of the data set and column: s is the residual standard deviation of the additive
model run + seed, and a mean over n seeds of a difference between two rows has the standard error s sqrt(2 / n).

* holds: every part exceeds its bound. The p-value is the largest of the parts' (intersection-union test).
* reversed: some part is the other way round (smallest p-value, times the number of parts).
* direction only: neither is shown, but every part points the stated way on every seed.
* not distinguishable: neither is shown, and the seeds or the parts disagree, or point the other way.
* missing: a row has no result, or no seed that all rows share.

Both directions together are tested at 5 % over the claims of a data set (Holm). One seed measures no noise: then
nothing holds and nothing is reversed, and the reason says which way the difference points.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ltmlc.evidence.claims.facts import judge_probability, judge_split, judge_threshold
from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.claims.measure import Measured, holm, measure, paired_noise, problem_of
from ltmlc.evidence.claims.predicates import TWINS, Part, RowName
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.uncertainty.noise import LEVEL, Noise
from ltmlc.plan.grid import Grid, Row

VERDICTS = ("holds", "direction only", "not distinguishable", "reversed", "missing")
ONE_SEED = "one seed, so nothing to measure the noise with"


@dataclass(frozen=True)
class Verdict:
    """One claim on one data set (``dataset`` is empty where it is about none). Differences in percentage points.

    The numbers are those of the weakest part, ``comparison``: its mean ``difference`` and 95 % interval over ``n``
    seeds.
    """

    claim: str
    section: str
    dataset: str
    kind: str
    statement: str
    verdict: str
    reason: str
    parts: int = 0
    as_stated: int = 0  # parts whose mean is on the stated side
    comparison: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    p: float | None = None
    p_adjusted: float | None = None
    stated: str = ""  # the amount in the text, where it gives one
    amount_agrees: bool | None = None  # None where nothing is said, on other data sets than the paper's, or unknown


def twin_of(dataset: str, settings: Mapping[str, Any]) -> str | None:
    """Whose claims a data set is judged by: the key ``twin`` of its file, or itself; None for a data set of its own
    kind.
    """
    return settings.get("twin", dataset if dataset in TWINS else None)


def judge_claims(
    grid: Grid,
    results: Results,
    claims: Sequence[Claim],
    *,
    splits: Mapping[str, Any] | None = None,
    curves: Sequence[Any] | None = None,
) -> list[Verdict]:
    """Every claim on every data set it speaks of.

    Args:
        grid: the declared tables and data sets. A claim about a table that is not among them is missing.
        results: from :func:`ltmlc.evidence.results.results.load_results`, possibly partial.
        claims: from :func:`ltmlc.evidence.claims.file.load_claims`.
        splits: :class:`ltmlc.data.split.Split` by data set, for facts about the labels.
        curves: :func:`ltmlc.evidence.claims.facts.read_thresholds` of ``fig3.csv``, for the thresholds of Fig. 3.
    """
    rows = {RowName(table.name, row.label): row for table in grid.tables.values() for row in table.rows}
    verdicts = []
    for dataset, settings in grid.datasets.items():
        noise = {column: paired_noise(results, dataset, column) for column in COLUMNS}
        twin = twin_of(dataset, settings)
        judged = []
        for claim in claims:
            parts = claim.parts_for(twin)
            if parts:
                judged.append(_judge(claim, parts, twin, dataset, rows, results, noise))
            elif claim.kind in ("probability", "split") and dataset in claim.about:
                judge = judge_probability if claim.kind == "probability" else judge_split
                judged.append(_verdict(claim, dataset, *judge(claim, (splits or {}).get(dataset))))
        verdicts += _decide(judged)
    thresholds = [claim for claim in claims if claim.kind == "threshold"]
    return verdicts + [_verdict(claim, "", *judge_threshold(claim, curves)) for claim in thresholds]


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """For automation: 1 if a claim is reversed, else 3 if one is missing, else 0 (2 is bad input)."""
    found = {verdict.verdict for verdict in verdicts}
    return 1 if "reversed" in found else 3 if "missing" in found else 0


def _verdict(claim: Claim, dataset: str, verdict: str, reason: str, **numbers: Any) -> Verdict:
    return Verdict(claim.id, claim.section, dataset, claim.kind, claim.statement, verdict, reason, **numbers)


def _judge(
    claim: Claim,
    parts: Sequence[Part],
    twin: str | None,
    dataset: str,
    rows: Mapping[RowName, Row],
    results: Results,
    noise: Mapping[str, Noise],
) -> Verdict:
    """The numbers of one claim and, as its verdict for now, what they say without a test."""
    problem = problem_of(parts, dataset, rows, results)
    every = [] if problem else [measure(part, dataset, rows, results, noise[part.column]) for part in parts]
    measured = [each for each in every if each is not None]
    if not problem and not all(each.values for each in measured):
        problem = "no seed is finished for all of its rows"
    if not problem and not measured:
        problem = "its rows are the same run on this data set"
    stated = claim.stated.get(twin, "")
    if problem:
        return _verdict(claim, dataset, "missing", problem, parts=len(parts), stated=stated)
    weakest = min(measured, key=lambda each: (-each.p(1) if each.df else 0.0, each.excess))
    return _verdict(
        *(claim, dataset, *_direction(measured)),
        parts=len(measured),
        as_stated=sum(each.excess > 0 for each in measured),
        comparison=str(weakest.part),
        difference=weakest.mean,
        low=weakest.mean - weakest.width() if weakest.df else None,
        high=weakest.mean + weakest.width() if weakest.df else None,
        n=min(len(each.values) for each in measured),
        p=_p_value(measured) if weakest.df else None,
        stated=stated,
        amount_agrees=_amount_agrees(claim, twin, dataset, weakest),
    )


def _p_value(measured: Sequence[Measured]) -> float:
    """Two-sided: holding needs every part, being reversed one of them."""
    holds = max(each.p(1) for each in measured)
    turned = min(each.p(-1) for each in measured) * len(measured)
    return min(1.0, 2 * holds, 2 * turned)


def _amount_agrees(claim: Claim, twin: str | None, dataset: str, weakest: Measured) -> bool | None:
    """Whether one more run of each row would be expected to give the text's amount; asked of the paper's own data sets
    alone.
    """
    if twin not in claim.amount or dataset not in TWINS or not weakest.df:
        return None
    low, high = claim.amount[twin]
    one_more_run = weakest.width() * math.sqrt(len(weakest.values) + 1)  # t s sqrt(1 + 1/n) from t s sqrt(1/n)
    return low - one_more_run <= weakest.mean <= high + one_more_run


def _direction(measured: Sequence[Measured]) -> tuple[str, str]:
    """Verdict and reason without a test: which way the seeds point."""
    stated = [value > each.part.bound for each in measured for value in each.values]
    against = sum(each.excess <= 0 for each in measured)
    doubt = "chance is not excluded" if any(each.df for each in measured) else ONE_SEED
    if all(stated):
        return "direction only", f"points the stated way; {doubt}"
    if not any(stated):
        return "not distinguishable", f"points the other way; {doubt}"
    if against:
        return "not distinguishable", f"{against} of {len(measured)} comparisons point the other way; {doubt}"
    return "not distinguishable", f"the seeds disagree; {doubt}"


def _decide(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Holm over the claims of one data set, then the verdicts it leaves."""
    tested = [verdict for verdict in verdicts if verdict.p is not None]
    adjusted = iter(holm([verdict.p for verdict in tested]))
    return [verdict if verdict.p is None else _with(verdict, float(next(adjusted))) for verdict in verdicts]


def _with(verdict: Verdict, p_adjusted: float) -> Verdict:
    verdict = replace(verdict, p_adjusted=p_adjusted)
    if p_adjusted > 1 - LEVEL + 1e-12:
        return replace(verdict, reason=f"{verdict.reason} (adjusted p = {p_adjusted:.2g})")
    name = "holds" if verdict.as_stated == verdict.parts else "reversed"
    return replace(verdict, verdict=name, reason=f"adjusted p = {p_adjusted:.2g}")
