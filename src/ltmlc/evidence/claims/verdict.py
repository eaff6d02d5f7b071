"""Verdicts of claims whose parts are measured, all of one data set together (their meaning: docs/verdicts.md).

The weakest part decides whether a claim holds (intersection-union test). Both directions together are tested at 5 %
over the claims of a data set (``together``); sentences that come to the same test are one test. One seed measures no
noise: then nothing holds and nothing is reversed, and the reason says which way the difference points. The interval
beside a claim is that of its weakest part by itself: differences vary very unequally (near losses move together), so
each has its own spread, shrunk towards those of all differences that the claims of a data set ask about
(``uncertainty/moderated``).

Size is another question than direction: *as large* if one more run of ours could give the text's amount, else *smaller*
or *larger*. And a difference that is not shown may be *equal within 0.5* (two one-sided tests) or only untold.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.claims.measure import Measured, direction
from ltmlc.evidence.claims.together import Chance, chances
from ltmlc.evidence.uncertainty.moderated import equal_within
from ltmlc.evidence.uncertainty.noise import LEVEL

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


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """For automation: 1 if a claim is reversed, else 3 if one is missing, else 0 (2 is bad input)."""
    found = {verdict.verdict for verdict in verdicts}
    return 1 if "reversed" in found else 3 if "missing" in found else 0


def verdict_of(claim: Claim, dataset: str, verdict: str, reason: str, **numbers: Any) -> Verdict:
    return Verdict(claim.id, claim.section, dataset, claim.kind, claim.statement, verdict, reason, **numbers)


def missing(claim: Claim, dataset: str, reason: str, parts: int, twin: str | None) -> Verdict:
    return verdict_of(claim, dataset, "missing", reason, parts=parts, stated=claim.stated.get(twin, ""))


def judge_together(
    claims: Mapping[Hashable, Claim],
    measured: Mapping[Hashable, list[Measured]],
    twin: str | None,
    dataset: str,
) -> dict[Hashable, Verdict]:
    """Of the claims that can be measured, by the names of ``measured``."""
    tested = [name for name, parts in measured.items() if all(each.known for each in parts)]
    chance = dict(zip(tested, chances([measured[name] for name in tested]), strict=True))
    first: dict[Any, Hashable] = {}
    judged = {}
    for name, parts in measured.items():
        same = first.setdefault(frozenset(each.test for each in parts), name)
        verdict = _judge(claims[name], parts, chance.get(name), twin, dataset)
        judged[name] = replace(verdict, same_as=claims[same].id if same != name else "")
    return judged


def _judge(claim: Claim, parts: list[Measured], chance: Chance | None, twin: str | None, dataset: str) -> Verdict:
    """One claim, its parts with their spreads; without a ``chance`` only what they say without a test."""
    weakest = parts[chance.weakest] if chance else min(parts, key=lambda each: each.excess)
    verdict = verdict_of(
        claim,
        dataset,
        *direction(parts),
        parts=len(parts),
        as_stated=sum(each.excess > 0 for each in parts),
        comparison=str(weakest),
        difference=weakest.mean,
        n=len(weakest.draws),
        stated=claim.stated.get(twin, ""),
    )
    if not chance:
        return verdict
    width = weakest.width()
    return _decided(
        replace(
            verdict,
            low=weakest.mean - width,
            high=weakest.mean + width,
            p=chance.p,
            p_adjusted=chance.p_adjusted,
            size=_size(claim, twin, weakest),
            equal=equal_within(MARGIN, weakest.mean, weakest.spread, len(weakest.draws)),
        )
    )


def _size(claim: Claim, twin: str | None, weakest: Measured) -> str:
    """Whether the text's amount is one that one more run of each row could give."""
    if twin not in claim.amount:
        return ""
    low, high = claim.amount[twin]
    one_more_run = weakest.spread.half_width(len(weakest.draws), 1)
    if weakest.mean < low - one_more_run:
        return "smaller"
    return "larger" if weakest.mean > high + one_more_run else "as large"


def _decided(verdict: Verdict) -> Verdict:
    """The verdict that its adjusted p-value leaves."""
    p = verdict.p_adjusted
    if p > 1 - LEVEL + 1e-12:
        told = f"equal within {MARGIN}" if verdict.equal else "cannot be told apart"
        if verdict.verdict != "not distinguishable":
            told = f"equal within {MARGIN}" if verdict.equal else ""
        reason = "; ".join(filter(None, [verdict.reason, told]))
        return replace(verdict, reason=f"{reason} (adjusted p = {p:.2g})")
    name = "holds" if verdict.as_stated == verdict.parts else "reversed"
    return replace(verdict, verdict=name, reason=f"adjusted p = {p:.2g}")
