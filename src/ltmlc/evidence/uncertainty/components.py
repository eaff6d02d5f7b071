"""What the spread between seeds is made of: what a seed does to all runs alike, and the rest.

Model: mAP = run + seed + residual, with variances by data set and column. One run varies by both together, a
difference of two runs on the same seeds by the residuals alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ltmlc.evidence.uncertainty.moderated import added
from ltmlc.evidence.uncertainty.noise import (
    SAME,
    UNKNOWN_SPREAD,
    SeedEffects,
    Spread,
    additive_noise,
    seed_effects,
)


@dataclass(frozen=True)
class Components:
    """Standard deviations in points; NaN and 0 degrees of freedom where nothing is measured. Of a single run with
    several seeds ``sd`` alone is: what of it all runs would share, no other run shows.

    Args:
        seed: of the effect that all runs share.
        residual: of what is left, pooled over runs.
        sd: of one run, both together.
        df: of ``sd``, by Satterthwaite: about as many as there are seeds where the shared effect is the larger part.
    """

    seed: float
    residual: float
    sd: float
    df: float

    @property
    def shared(self) -> float:
        """Share of the shared effect in the variance of one run; NaN where it is not measured."""
        return self.seed**2 / self.sd**2 if self.sd else math.nan

    @property
    def shared_text(self) -> str:
        return "share not measured" if math.isnan(self.shared) else f"{self.shared:.0%}"


def between_seeds(fit: SeedEffects) -> Spread:
    """Of the mean of its runs: the shared part, and a run-th of the residual. Unknown where no run has two seeds."""
    effects, _, rank = fit
    return Spread(sum(effect**2 for effect in effects.values()) / rank, rank) if rank else UNKNOWN_SPREAD


def components(scores: Sequence[Mapping[int, float]]) -> Components:
    """Of the scores by seed of every run of one data set and column."""
    scores = [row for row in scores if len(row) > 1]  # one seed of a run tells nothing of seeds
    moved, rest = between_seeds(seed_effects(scores)), additive_noise(scores)
    if not (moved.variance > SAME or rest.sd > 0):
        return Components(math.nan, math.nan, math.nan, 0.0)
    if not rest.df:
        return Components(math.nan, math.nan, moved.sd, float(moved.df))
    residual = rest.sd**2
    run = added([moved, Spread(residual * (1 - 1 / len(scores)), rest.df)])
    shared = max(moved.variance - residual / len(scores), 0.0)
    return Components(math.sqrt(shared), math.sqrt(residual), run.sd, run.df)
