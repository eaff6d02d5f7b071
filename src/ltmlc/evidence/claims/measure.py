"""The numbers behind a claim: differences between runs seed by seed, and how much each varies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from ltmlc.evidence.claims.predicates import Part, RowName
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.uncertainty.moderated import added, moderate
from ltmlc.evidence.uncertainty.noise import UNKNOWN_SPREAD, Spread, paired
from ltmlc.plan.grid import Row

ONE_SEED = "one seed, so nothing to measure the noise with"

Contrast = tuple[tuple[tuple[str, float], ...], str, str]
"""Weights by run, the column, and the column to be taken off it."""


@dataclass(frozen=True)
class Measured:
    """One part on one data set. ``contrast``: what is subtracted from what, by runs, whatever rows name it."""

    part: Part
    contrast: Contrast = field(repr=False)
    draws: Mapping[int, float]  # by seed
    spread: Spread = UNKNOWN_SPREAD  # of one of them
    between: str = ""  # the two data sets, where it is a difference between such

    def __str__(self) -> str:
        return f"{self.part}, {self.between}" if self.between else str(self.part)

    @property
    def test(self) -> tuple[Contrast, float]:
        """Two parts with one test are counted once."""
        return self.contrast, self.part.bound

    @property
    def mean(self) -> float:
        return fmean(self.draws.values())

    @property
    def excess(self) -> float:
        return self.mean - self.part.bound

    @property
    def known(self) -> bool:
        return self.spread.df > 0

    def width(self) -> float:
        """Half the 95 % confidence interval of the mean."""
        return self.spread.half_width(len(self.draws))

    def p(self, sign: int) -> float:
        """One-sided, for the mean being above (+1) or below (-1) the bound."""
        return self.spread.above(sign * self.excess, len(self.draws))


def problem_of(parts: Sequence[Part], dataset: str, rows: Mapping[RowName, Row], results: Results) -> str:
    """Why parts cannot be measured on a data set, in words; empty where they can."""
    named = list(dict.fromkeys(row for part in parts for row in part.rows))
    gone = [row for row in named if row not in rows]
    if gone:
        return f"the configuration has no row {gone[0]}"
    runs = {row: rows[row].run[dataset] for row in named}
    empty = [row for row in named if not results.finished(dataset, runs[row])]
    if empty:
        failed = [row for row in empty if any(each.status == "failed" for each in results.of(dataset, runs[row]))]
        first = (failed or empty)[0]
        return f"{len(empty)} of {len(named)} rows without a result, first {first}" + (" (failed)" if failed else "")
    asked = [(row, column) for part in parts for row in part.rows for column in (part.column, part.less) if column]
    for row, column in asked:
        if not results.scores(dataset, runs[row], column):
            return f"no class{'' if column == 'total' else f' of the group {column}'} has a test image"
    return ""


def measure(part: Part, dataset: str, rows: Mapping[RowName, Row], results: Results) -> Measured | None:
    """A part's left side on every seed that its rows share, copies of a seed once; None where both sides are the same
    run on this data set. Its spread is still unknown.
    """
    weights: dict[str, float] = {}
    for row, weight in part.weights:
        run = rows[row].run[dataset]
        weights[run] = weights.get(run, 0.0) + weight
    weights = {run: weight for run, weight in sorted(weights.items()) if weight}
    if not weights:
        return None
    scores = {run: _numbers(results, dataset, run, part) for run in weights}
    shared = sorted(set.intersection(*map(set, scores.values())))
    seeds = results.distinct(dataset, weights, shared)
    draws = {seed: sum(weight * scores[run][seed] for run, weight in weights.items()) for seed in seeds}
    return Measured(part, (tuple(weights.items()), part.column, part.less), draws)


def _numbers(results: Results, dataset: str, run: str, part: Part) -> dict[int, float]:
    """By seed, in the part's column, less the other column where it names one."""
    scores = results.scores(dataset, run, part.column)
    if not part.less:
        return scores
    other = results.scores(dataset, run, part.less)
    return paired(other, scores)


def spreads_of(measured: Sequence[Measured]) -> dict[Contrast, Spread]:
    """The spread of every contrast, shrunk towards all of the data set; the other way round it is the same."""
    draws: dict[Contrast, Mapping[int, float]] = {}
    for each in measured:
        if _turned(each.contrast) not in draws:
            draws.setdefault(each.contrast, each.draws)
    found = dict(zip(draws, moderate(list(draws.values())), strict=True))
    return found | {_turned(contrast): spread for contrast, spread in found.items()}


def _turned(contrast: Contrast) -> Contrast:
    weights, column, less = contrast
    return tuple((run, -weight) for run, weight in weights), column, less


def measure_between(gains: Sequence[tuple[Measured, Measured]], datasets: tuple[str, str]) -> list[Measured]:
    """Each gain on the second data set less the same gain on the first, as a single draw: no seed is common to both,
    so their errors add (Welch), each by its own spread and degrees of freedom.
    """
    spreads = [spreads_of(side) for side in zip(*gains, strict=True)]
    found = []
    for pair in gains:
        own = [by_contrast[each.contrast] for by_contrast, each in zip(spreads, pair, strict=True)]
        spread = added(Spread(each.variance / len(side.draws), each.df) for side, each in zip(pair, own, strict=True))
        less, more = pair
        weights = [
            (f"{dataset}: {run}", sign * weight)
            for sign, dataset, each in zip((-1, 1), datasets, pair, strict=True)
            for run, weight in each.contrast[0]
        ]
        contrast = (tuple(weights), *more.contrast[1:])
        names = f"{datasets[1]} less {datasets[0]}"
        found.append(Measured(more.part, contrast, {0: more.mean - less.mean}, spread, names))
    return found


def p_value(measured: Sequence[Measured]) -> float:
    """Two-sided: holding needs every part, being reversed one of them."""
    holds = max(each.p(1) for each in measured)
    turned = min(each.p(-1) for each in measured) * len(measured)
    return min(1.0, 2 * holds, 2 * turned)


def direction(measured: Sequence[Measured]) -> tuple[str, str]:
    """Verdict and reason without a test: which way the seeds point."""
    stated = [value > each.part.bound for each in measured for value in each.draws.values()]
    against = sum(each.excess <= 0 for each in measured)
    doubt = "chance is not excluded" if all(each.known for each in measured) else ONE_SEED
    if all(stated):
        return "direction only", f"points the stated way; {doubt}"
    if not any(stated):
        return "not distinguishable", f"points the other way; {doubt}"
    if against:
        return "not distinguishable", f"{against} of {len(measured)} comparisons point the other way; {doubt}"
    return "not distinguishable", f"the seeds disagree; {doubt}"
