"""Which candidate of a choice is best on the held-out training images: from finished runs to a decision."""

from dataclasses import dataclass, field
from statistics import fmean

from ltmlc.data.heldout import scored_classes
from ltmlc.data.split import Split
from ltmlc.evidence.results.results import COLUMNS, Results, RunResult
from ltmlc.evidence.uncertainty.noise import sample_sd
from ltmlc.plan.sweep import Candidate, Choice


@dataclass(frozen=True)
class Tried:
    """One candidate on the held-out images. ``percent``: mean over seeds by column; None for a group without a scored
    class; empty unless every seed is finished. ``totals``: by seed, likewise. Copies of a seed count once.
    """

    candidate: Candidate
    status: str  # finished | failed (a seed is) | missing (a seed is)
    n: int
    percent: dict[str, float | None]
    totals: dict[int, float] = field(default_factory=dict)

    @property
    def sd(self) -> float | None:
        return sample_sd(self.totals.values())


@dataclass(frozen=True)
class Decided:
    """What one choice came to. ``chosen`` is None while trainings are missing, or if every candidate failed."""

    choice: Choice
    tried: tuple[Tried, ...]
    chosen: Tried | None
    note: str

    @property
    def present(self) -> Tried:
        return next(each for each in self.tried if each.candidate is self.choice.present)


def held_out_scores(result: RunResult, split: Split) -> dict[str, float | None]:
    """Percent by column over the classes that have a held-out image; the others have no average precision there."""
    ap, scored = result.metrics["ap_per_class"], set(scored_classes(split))
    groups = {"total": range(len(ap)), **split.groups}
    means = {}
    for column in COLUMNS:
        values = [100 * ap[k] for k in groups[column] if k in scored]
        means[column] = fmean(values) if values else None
    return means


def decide(choice: Choice, dataset: str, results: Results, split: Split) -> Decided:
    """The candidate with the highest mean average precision over the held-out classes, mean over seeds.

    Of equal ones that with the smaller change wins, then that with the lower rate. Nothing is decided before every
    training is there; a candidate with a failed seed is never chosen.
    """
    tried = tuple(_try(candidate, dataset, results, split) for candidate in choice.candidates)
    missing = sum(each.status == "missing" for each in tried)
    able = [each for each in tried if each.status == "finished"]
    if missing:
        return Decided(choice, tried, None, f"{missing} of {len(tried)} candidates are not trained yet")
    if not able:
        return Decided(choice, tried, None, "every candidate failed")
    return _decision(choice, tried, min(able, key=_rank))


def _rank(tried: Tried) -> tuple[float, float, float]:
    # Rounding: equal numbers, added in another order, must still be equal.
    return -round(tried.percent["total"] or 0.0, 9), tried.candidate.distance, tried.candidate.lr


def _decision(choice: Choice, tried: tuple[Tried, ...], chosen: Tried) -> Decided:
    rates = sorted(candidate.lr for candidate in choice.candidates)
    at_end = choice.rate and len(rates) > 1 and chosen.candidate.lr in (rates[0], rates[-1])
    side = "higher" if chosen.candidate.lr == rates[-1] else "lower"
    note = f"the best rate is the end of the grid: try {side} ones (tune.factors)" if at_end else ""
    return Decided(choice, tried, chosen, note)


def _try(candidate: Candidate, dataset: str, results: Results, split: Split) -> Tried:
    runs = results.of(dataset, candidate.run)
    done = results.finished(dataset, candidate.run)
    finished = [each for each in done if each.metrics["split_sha256"] == split.sha256]
    failed = any(each.status == "failed" for each in runs)
    if len(finished) < len(runs) or not runs:
        return Tried(candidate, "failed" if failed else "missing", len(finished), {})
    drawn = results.drawn(dataset, candidate.run)
    scores = [held_out_scores(each, split) for each in drawn]
    means = {
        column: None if scores[0][column] is None else fmean(each[column] for each in scores) for column in COLUMNS
    }
    totals = {each.seed: score["total"] or 0.0 for each, score in zip(drawn, scores, strict=True)}
    return Tried(candidate, "finished", len(drawn), means, totals)
