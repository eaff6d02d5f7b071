"""How many seeds: planned so that an effect of a given size is shown in four of five cases."""

import math

from ltmlc.evidence.uncertainty.moderated import Spread, t_quantile

POWER = 0.8
MOST_SEEDS = 50


def smallest_shown(sd: float, df: float, n: int, threshold: float, m: float = math.inf) -> float:
    """The smallest excess that a two-sided test at ``threshold`` shows with a probability of ``POWER``.

    Args:
        sd: of one draw; the excess is of a mean of ``n`` draws over a bound, or over a mean of ``m`` other draws.
        df: of ``sd`` when the test is made.
    """
    border = t_quantile(1 - threshold, df) + t_quantile(2 * POWER - 1, df)
    return border * sd * math.sqrt(1 / n + 1 / m)


def seeds_needed(excess: float, spread: Spread, n: int, threshold: float, m: float = math.inf) -> int | None:
    """Fewest seeds, more than the present ``n``, that show ``excess``; degrees of freedom grow as the seeds do.

    None if 50 are not enough: the other side's ``m`` draws are noise that our seeds cannot reduce.
    """
    if not spread.df or n < 2 or smallest_shown(spread.sd, math.inf, MOST_SEEDS, threshold, m) > excess:
        return None
    counts = range(n + 1, MOST_SEEDS + 1)
    per_seed = spread.df / (n - 1)
    return next((k for k in counts if smallest_shown(spread.sd, per_seed * (k - 1), k, threshold, m) <= excess), None)
