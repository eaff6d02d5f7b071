"""How much better than the present candidate each other one is on the held-out images, and how sure that is."""

import math
from collections.abc import Collection, Sequence
from statistics import fmean
from typing import NamedTuple

from ltmlc.evidence.markup import number
from ltmlc.evidence.tuning.decide import Decided, Tried
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import Spread, paired


class Gain(NamedTuple):
    """Points of total mAP; ``half_interval`` (95 %) is NaN where nothing measures it."""

    mean: float
    half_interval: float

    def __str__(self) -> str:
        width = "" if math.isnan(self.half_interval) else f" ± {self.half_interval:.2f}"
        return number(self.mean, sign="+") + width

    @classmethod
    def of(cls, differences: Collection[float], spread: Spread) -> "Gain":
        """The mean of differences, one a seed, with the interval by the spread of one of them."""
        return cls(fmean(differences), spread.half_width(len(differences))) if differences else NO_GAIN


NO_GAIN = Gain(math.nan, math.nan)
Gains = dict[tuple[str, str], Gain]  # (present run, candidate's run) -> its gain; without what is not trained


def gains(decisions: Sequence[Decided]) -> Gains:
    """Of one data set. Both sides have the same seeds, so what a seed does to both is no noise; spreads are moderated
    over all candidates.
    """
    draws = {
        names(decision, each): paired(decision.present.totals, each.totals)
        for decision in decisions
        for each in decision.tried
        if each is not decision.present and each.totals and decision.present.totals
    }
    spreads = moderate(list(draws.values()))
    return {
        pair: Gain.of(values.values(), spread) for (pair, values), spread in zip(draws.items(), spreads, strict=True)
    }


def names(decision: Decided, tried: Tried) -> tuple[str, str]:
    """Under which a gain is found."""
    return decision.present.candidate.run, tried.candidate.run
