"""Before running: which of the paper's statements the planned seeds can decide, and which they cannot.

A statement is decidable if an effect as large as the published one would be shown with a probability of 80 %. Shown
means the weakest comparison at 5 % / (2 m), m different claims of the data set (Bonferroni); the tests of
``claims/verdict`` then show some 80 % too, where runs vary as the measured ones did. With n seeds and the standard
deviation s of a run beside what a seed does to all runs, a difference of two runs has the standard error s sqrt(2 / n),
measured with n - 1 degrees of freedom and what other differences lend (``uncertainty/planning``).

s comes from the runs measured so far, else from a reference of earlier runs, else it is what five seeds of 46 runs
measured on photographs (voc07-lt, backbone fixed; docs/photographs-frozen.md): then marked as assumed. An effect that
is printed only in a row that the audit calls a copy is no published effect.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from ltmlc.errors import counted_noun
from ltmlc.evidence.audit.copies import copied_rows
from ltmlc.evidence.audit.rows import printed_rows
from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.claims.judge import twin_of
from ltmlc.evidence.claims.predicates import Part, RowName
from ltmlc.evidence.markup import number
from ltmlc.evidence.results.reference import Reference, reference_scores
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.evidence.tables.cells import named_rows
from ltmlc.evidence.uncertainty.noise import additive_noise
from ltmlc.evidence.uncertainty.planning import MOST_SEEDS, POWER, detectable, fewest_seeds
from ltmlc.plan.grid import Grid, Row

# Residual standard deviations of run + seed, as measured (docs/photographs-frozen.md).
ASSUMED_SD = {"total": 0.44, "head": 0.55, "medium": 0.65, "tail": 0.96}


@dataclass(frozen=True)
class Outlook:
    """One claim on one data set. Effects in percentage points, of its weakest comparison."""

    dataset: str
    claim: str
    statement: str
    effect: float | None  # as published; None where the paper prints no number for it
    detectable: float | None  # smallest effect that the planned seeds show; None with one seed
    seeds: int | None  # fewest that show the published effect; None: unknown, or more than MOST_SEEDS
    test: frozenset[tuple]  # the same for claims that ask the same of the same runs

    @property
    def verdict(self) -> str:
        if self.effect is None:
            return "effect not published"
        if self.detectable is not None and abs(self.effect) >= self.detectable:
            return "can decide"
        return f"needs {self.seeds} seeds" if self.seeds else f"not with {MOST_SEEDS} seeds"


@dataclass(frozen=True)
class Outlooks:
    """All claims of a grid, and where the noise of each data set comes from."""

    claims: tuple[Outlook, ...]
    sd: Mapping[str, float]  # of the total, by data set
    basis: Mapping[str, str]  # measured | reference | assumed
    seeds: int


def claim_outlooks(
    grid: Grid,
    results: Results,
    claims: Sequence[Claim],
    published: Grid,
    *,
    reference: Reference | None = None,
) -> Outlooks:
    """What the planned seeds can show of every claim whose rows are planned.

    Args:
        results: runs measured so far, for s.
        published: all tables of the paper (:func:`ltmlc.evidence.audit.audit.paper_grid`), for the size of the effects.
        reference: earlier runs, for s where nothing is measured.
    """
    rows, printed = named_rows(grid), named_rows(published)
    copies = copied_rows(printed_rows(published))
    outlooks, sds, basis = [], {}, {}
    for dataset, settings in grid.datasets.items():
        twin = twin_of(dataset, settings)
        sd, basis[dataset] = _sd(results, reference or {}, dataset)
        sds[dataset] = sd["total"]
        asked = [(claim, _apart(claim.parts_for(twin), dataset, rows)) for claim in claims]
        asked = [(claim, parts) for claim, parts in asked if parts]
        tests = [frozenset(_test(part, dataset, rows) for part in parts) for _, parts in asked]
        different = len(set(tests))
        for (claim, parts), test in zip(asked, tests, strict=True):
            effects = [_effect(part, twin, printed, copies) for part in parts]
            known = None not in effects  # else the unknown one may be the weakest
            effect, part = min(zip(effects, parts, strict=True), key=itemgetter(0)) if known else (None, None)
            part = part or max(parts, key=lambda part, sd=sd: sd[part.column] * _spread(part))
            spread, planned = sd[part.column] * _spread(part), len(grid.seeds)
            least = detectable(spread, planned, different) if planned > 1 else None
            fewest = None if effect is None else fewest_seeds(abs(effect), spread, different)
            outlooks.append(Outlook(dataset, claim.id, claim.statement, effect, least, fewest, test))
    return Outlooks(tuple(outlooks), sds, basis, len(grid.seeds))


def _test(part: Part, dataset: str, rows: Mapping[RowName, Row]) -> tuple:
    """What two claims share that ask the same of the same runs."""
    weights = tuple(sorted((rows[row].run[dataset], weight) for row, weight in part.weights))
    return weights, part.column, part.less, part.bound


def _apart(parts: Sequence[Part], dataset: str, rows: Mapping[RowName, Row]) -> list[Part]:
    """The comparisons of a claim that is planned, without those of a run with itself."""
    if not all(row in rows for part in parts for row in part.rows):
        return []
    return [part for part in parts if len({rows[row].run[dataset] for row in part.rows}) > 1]


def _spread(part: Part) -> float:
    """Of independent runs of one spread; a gain in one column less that in another varies as both do."""
    return math.sqrt((2 if part.less else 1) * sum(weight**2 for _, weight in part.weights))


def _effect(part: Part, twin: str | None, printed: Mapping[RowName, Row], copies: Collection) -> float | None:
    numbers = {
        row: printed[row].published.get(twin) if row in printed and (twin, row) not in copies else None
        for row in part.rows
    }
    if any(published is None for published in numbers.values()):
        return None
    return part.value(lambda row, column: numbers[row][COLUMNS.index(column)]) - part.bound


def _sd(results: Results, reference: Reference, dataset: str) -> tuple[dict[str, float], str]:
    """Standard deviation by column, and where it comes from."""
    ours = results.names(dataset)
    measured = {column: additive_noise([results.draws(dataset, run, column) for run in ours]) for column in COLUMNS}
    if measured["total"].df:
        return _known(measured), "measured"
    runs = [run for name, run in sorted(reference) if name == dataset]
    earlier = {
        column: additive_noise([reference_scores(reference, dataset, run, column) for run in runs])
        for column in COLUMNS
    }
    if earlier["total"].df:
        return _known(earlier), "reference"
    return dict(ASSUMED_SD), "assumed"


def _known(noise: Mapping) -> dict[str, float]:
    return {column: each.sd if each.df else noise["total"].sd for column, each in noise.items()}


def _shown_from(detectable: float | None) -> str:
    """No two average precisions differ by more than 100 points."""
    return "–" if detectable is None or detectable > 100 else f"{detectable:.2f}"


def outlook_text(outlooks: Outlooks) -> str:
    """The outlook for a reader at a terminal."""
    words = {
        "measured": "from the runs measured so far",
        "reference": "from the runs of the reference",
        "assumed": "assumed, as measured on photographs with a fixed backbone: nothing is measured here yet",
    }
    seeds = counted_noun(outlooks.seeds, "seed")
    lines = [f"what {seeds} can decide, if effects are as large as published (power {POWER:.0%}, all claims together):"]
    if outlooks.seeds == 1:
        lines.append("  nothing: one seed measures no noise; the seeds named below would do")
    for dataset, sd in outlooks.sd.items():
        own = [each for each in outlooks.claims if each.dataset == dataset]
        lines += [
            "",
            f"{dataset}: sd of one run beside what a seed does to all {sd:.2f} mAP, {words[outlooks.basis[dataset]]}",
        ]
        if not own:
            lines.append("  no claim has all of its rows in the tables that are asked for")
            continue
        able = {each.test for each in own if each.verdict == "can decide"}
        lines.append(
            f"  {len(able)} of {counted_noun(len({each.test for each in own}), 'different claim')} can be decided"
        )
        lines.append(f"  {'claim':<34}{'published':>10}{'shown from':>12}   verdict")
        for each in sorted(own, key=lambda e: (e.verdict != "can decide", e.effect is None)):
            effect, least = number(each.effect, sign="+", none="–"), _shown_from(each.detectable)
            lines.append(f"  {each.claim:<34}{effect:>10}{least:>12}   {each.verdict}")
    return "\n".join(lines) + "\n"
