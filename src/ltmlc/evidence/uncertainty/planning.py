"""How many seeds: planned so that an effect of a given size is shown in four of five cases."""

import math

from ltmlc.evidence.uncertainty.noise import LEVEL, Spread, t_quantile

POWER = 0.8
MOST_SEEDS = 50
# Degrees of freedom that the other differences lend from three seeds on, as measured (docs/photographs-frozen.md).
LENT = 1.0


def smallest_shown(sd: float, df: float, n: int, threshold: float, m: float = math.inf) -> float:
    """The smallest excess that a two-sided test at ``threshold`` shows with a probability of ``POWER``.

    Args:
        sd: of one draw; the excess is of a mean of ``n`` draws over a bound, or over a mean of ``m`` other draws.
        df: of ``sd`` when the test is made.
    """
    border = t_quantile(1 - threshold, df) + t_quantile(2 * POWER - 1, df)
    return border * sd * math.sqrt(1 / n + 1 / m)


def seeds_needed(
    excess: float, spread: Spread, n: int, threshold: float, m: float = math.inf, *, shared: int | None = None
) -> int | None:
    """Fewest seeds, more than the present ``n``, that show ``excess``; degrees of freedom grow as the seeds do, from
    a single one by one each.

    None if 50 are not enough: the other side's ``m`` draws are noise that our seeds cannot reduce. ``shared``: so many
    seeds the other side has, each compared with ours of that seed, so that m grows with n and is no more than that.
    """
    most = shared or MOST_SEEDS

    def shown(seeds: int, df: float) -> bool:
        return smallest_shown(spread.sd, df, seeds, threshold, seeds if shared else m) <= excess

    def df(seeds: int) -> float:
        return spread.df * (seeds - 1) / (n - 1) if n > 1 else spread.df + seeds - 1

    if not spread.df or not shown(most, math.inf):
        return None
    return next((seeds for seeds in range(n + 1, most + 1) if shown(seeds, df(seeds))), None)


def detectable(spread: float, seeds: int, claims: int) -> float:
    """The smallest mean difference that is shown with a probability of ``POWER``.

    Args:
        spread: standard deviation of the comparison on one seed.
        seeds: two or more.
        claims: different ones, judged at once (Bonferroni).
    """
    df = seeds - 1 + (LENT if seeds > 2 else 0.0)
    return smallest_shown(spread, df, seeds, (1 - LEVEL) / claims)


def fewest_seeds(effect: float, spread: float, claims: int) -> int | None:
    """That show ``effect`` (:func:`detectable`); None if 50 are not enough."""
    counts = range(2, MOST_SEEDS + 1)
    return next((seeds for seeds in counts if detectable(spread, seeds, claims) <= effect), None)
