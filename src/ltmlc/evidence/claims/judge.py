"""The paper's statements, judged on our runs.

Every part of a claim (``predicates``) is a difference between rows, taken seed by seed: two runs with one seed see the
same data order and initial head, and what a seed does to all runs alike cancels. Differences vary very unequally (near
losses move together), so each is tested by its own spread, shrunk towards those of all differences that the claims of a
data set ask about (``uncertainty/moderated``).

* holds: every part exceeds its bound. The p-value is the largest of the parts' (intersection-union test).
* reversed: some part is the other way round (smallest p-value, times the number of parts).
* direction only: neither is shown, but every part points the stated way on every seed.
* not distinguishable: neither is shown, and the seeds or the parts disagree, or point the other way.
* missing: a row has no result, or no seed that all rows share.

Both directions together are tested at 5 % over the claims of a data set (Holm); sentences that come to the same test
are one test. One seed measures no noise: then nothing holds and nothing is reversed, and the reason says which way
the difference points.

Size is another question than direction: *as large* if one more run of ours could give the text's amount, else *smaller*
or *larger*. And a difference that is not shown may be *equal within 0.5* (two one-sided tests) or only untold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from ltmlc.evidence.claims.facts import judge_gradients, judge_probability, judge_split, judge_threshold
from ltmlc.evidence.claims.file import Claim, asked_of
from ltmlc.evidence.claims.measure import Measured, direction, measure, measure_between, p_value, problem_of, spreads_of
from ltmlc.evidence.claims.predicates import TWINS, Part, RowName
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import named_rows
from ltmlc.evidence.uncertainty.moderated import equal_within
from ltmlc.evidence.uncertainty.noise import LEVEL, holm
from ltmlc.plan.grid import Grid, Row

CLAIM_VERDICTS = ("holds", "direction only", "not distinguishable", "reversed", "missing")
MARGIN = 0.5  # points that count as equal: below the spread of the paper's own repeated runs and of its predecessor's


@dataclass(frozen=True)
class Verdict:
    """One claim on one data set (``dataset`` is empty where it is about none). Differences in percentage points.

    The numbers are those of the weakest part, ``comparison``: its mean ``difference`` and 95 % interval over ``n``
    seeds. ``same_as``: the claim whose test this is too; both count once.
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
    size: str = ""  # as large | smaller | larger than that; empty where nothing is stated or measured
    equal: bool | None = None  # within MARGIN; None where the noise is unknown
    same_as: str = ""


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
        grid: the declared tables and data sets. A claim about a table that is not among them is passed over.
        results: from :func:`ltmlc.evidence.results.results.load_results`, possibly partial.
        claims: from :func:`ltmlc.evidence.claims.file.load_claims`.
        splits: :class:`ltmlc.data.split.Split` by data set, for facts about the labels.
        curves: :func:`ltmlc.evidence.claims.facts.read_thresholds` of ``fig3.csv``, for what is said of gradients.
    """
    claims, rows = asked_of(grid, claims), named_rows(grid)
    verdicts = []
    for dataset, settings in grid.datasets.items():
        twin = twin_of(dataset, settings)
        asked = [(claim, claim.parts_for(twin)) for claim in claims]
        measured = {claim.id: _measure(parts, dataset, rows, results) for claim, parts in asked if parts}
        spreads = spreads_of([each for parts in measured.values() if not isinstance(parts, str) for each in parts])
        first: dict[Any, str] = {}
        judged = []
        for claim, _ in asked:
            if claim.id in measured:
                verdict = _judge(claim, measured[claim.id], spreads, twin, dataset)
                if verdict.verdict != "missing":
                    same = first.setdefault(frozenset(each.test for each in measured[claim.id]), claim.id)
                    verdict = replace(verdict, same_as=same if same != claim.id else "")
                judged.append(verdict)
            elif claim.kind in ("probability", "split") and dataset in claim.about:
                judge = judge_probability if claim.kind == "probability" else judge_split
                judged.append(_verdict(claim, dataset, *judge(claim, (splits or {}).get(dataset))))
        verdicts += _decide(judged)
    for claim in (claim for claim in claims if claim.kind == "gains_more_on"):
        for few, many in product(*(_playing(role, grid) for role in TWINS)):
            parts = _measure_between(claim, few, many, rows, results)
            spreads = {} if isinstance(parts, str) else {each.contrast: each.spread for each in parts}
            verdicts += _decide([_judge(claim, parts, spreads, None, "")])
    of_losses = {"threshold": judge_threshold, "gradient": judge_gradients}
    facts = [claim for claim in claims if claim.kind in of_losses]
    return verdicts + [_verdict(claim, "", *of_losses[claim.kind](claim, curves)) for claim in facts]


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """For automation: 1 if a claim is reversed, else 3 if one is missing, else 0 (2 is bad input)."""
    found = {verdict.verdict for verdict in verdicts}
    return 1 if "reversed" in found else 3 if "missing" in found else 0


def _verdict(claim: Claim, dataset: str, verdict: str, reason: str, **numbers: Any) -> Verdict:
    return Verdict(claim.id, claim.section, dataset, claim.kind, claim.statement, verdict, reason, **numbers)


def _measure(
    parts: Sequence[Part], dataset: str, rows: Mapping[RowName, Row], results: Results
) -> list[Measured] | str:
    """The parts of a claim that are differences, or why they cannot be measured."""
    if problem := problem_of(parts, dataset, rows, results):
        return problem
    measured = [each for part in parts if (each := measure(part, dataset, rows, results)) is not None]
    if not all(each.values for each in measured):
        return "no seed is finished for all of its rows"
    return measured or "its rows are the same run on this data set"


def _playing(role: str, grid: Grid) -> list[str]:
    return [dataset for dataset, settings in grid.datasets.items() if twin_of(dataset, settings) == role]


def _measure_between(
    claim: Claim, few: str, many: str, rows: Mapping[RowName, Row], results: Results
) -> list[Measured] | str:
    """By how much every gain is larger on the data set with more classes, or why that cannot be measured."""
    gains = [
        _measure(claim.facts["gains"][role], each, rows, results) for role, each in zip(TWINS, (few, many), strict=True)
    ]
    return next((each for each in gains if isinstance(each, str)), None) or measure_between(*gains)


def _judge(
    claim: Claim, parts: list[Measured] | str, spreads: Mapping[Any, Any], twin: str | None, dataset: str
) -> Verdict:
    """The numbers of one claim and, as its verdict for now, what they say without a test."""
    stated = claim.stated.get(twin, "")
    if isinstance(parts, str):
        return _verdict(claim, dataset, "missing", parts, parts=len(claim.parts_for(twin)), stated=stated)
    measured = [replace(each, spread=spreads[each.contrast]) for each in parts]
    known = all(each.known for each in measured)
    weakest = min(measured, key=lambda each: (-each.p(1) if known else 0.0, each.excess))
    n, width = len(weakest.values), weakest.width() if known else None
    return _verdict(
        claim,
        dataset,
        *direction(measured),
        parts=len(measured),
        as_stated=sum(each.excess > 0 for each in measured),
        comparison=str(weakest.part),
        difference=weakest.mean,
        low=weakest.mean - width if known else None,
        high=weakest.mean + width if known else None,
        n=n,
        p=p_value(measured) if known else None,
        stated=stated,
        size=_size(claim, twin, weakest) if known else "",
        equal=equal_within(MARGIN, weakest.mean, weakest.spread, n) if known else None,
    )


def _size(claim: Claim, twin: str | None, weakest: Measured) -> str:
    """Whether the text's amount is one that one more run of each row could give."""
    if twin not in claim.amount:
        return ""
    low, high = claim.amount[twin]
    one_more_run = weakest.spread.half_width(len(weakest.values), 1)
    if weakest.mean < low - one_more_run:
        return "smaller"
    return "larger" if weakest.mean > high + one_more_run else "as large"


def _decide(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Holm over the claims of one data set, equal ones once, then the verdicts it leaves."""
    tested = [verdict for verdict in verdicts if verdict.p is not None and not verdict.same_as]
    adjusted = dict(zip([each.claim for each in tested], holm([each.p for each in tested]), strict=True))
    return [each if each.p is None else _with(each, float(adjusted[each.same_as or each.claim])) for each in verdicts]


def _with(verdict: Verdict, p_adjusted: float) -> Verdict:
    verdict = replace(verdict, p_adjusted=p_adjusted)
    if p_adjusted > 1 - LEVEL + 1e-12:
        told = f"equal within {MARGIN}" if verdict.equal else "cannot be told apart"
        if verdict.verdict != "not distinguishable":
            told = f"equal within {MARGIN}" if verdict.equal else ""
        reason = "; ".join(filter(None, [verdict.reason, told]))
        return replace(verdict, reason=f"{reason} (adjusted p = {p_adjusted:.2g})")
    name = "holds" if verdict.as_stated == verdict.parts else "reversed"
    return replace(verdict, verdict=name, reason=f"adjusted p = {p_adjusted:.2g}")
