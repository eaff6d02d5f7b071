"""The claims of one data set tested together: p-values by rotation (:mod:`ltmlc.evidence.uncertainty.rotation`).

A claim holds where its weakest part is on the stated side, and is reversed where some part is on the other side. Its
statistic is that of the part that decides this. It is held against as much as chance gives: the deciding part on the
stated side as if it were the only one in question (intersection-union), every part on the other side. So a claim of
one part is tested exactly, one of several with less than the stated error.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ltmlc.evidence.claims.measure import Measured, p_value
from ltmlc.evidence.uncertainty.rotation import Rotated, rotate, share_as_large, step_down, turned_together

_UNLIKE = 3.0  # degrees of freedom of the typical variance: differences of near losses vary far less than others


class Chance(NamedTuple):
    """Of one claim, two-sided: by itself, and adjusted over the claims of its data set. ``weakest``: the part
    that is furthest on the other side, or else has the largest p-value of its own.
    """

    p: float
    p_adjusted: float
    weakest: int


def chances(claims: Sequence[Sequence[Measured]]) -> list[Chance]:
    """Of claims whose parts have known spreads; a claim that is there twice counts once.

    Claims all of whose parts have the seeds that most have are turned together; others, as one with a part of a single
    draw, are tested by the spreads of their parts (Bonferroni).
    """
    tests = list({each.test: each for parts in claims for each in parts}.values())
    residuals = [{seed: value - each.mean for seed, value in each.draws.items()} for each in tests]
    together = turned_together(residuals)
    place = {tests[index].test: k for k, index in enumerate(together)}
    inside = [index for index, parts in enumerate(claims) if all(each.test in place for each in parts)]
    number = _different(claims)
    found: dict[int, Chance] = {}
    if inside:
        contrasts = [tests[index].excess * len(tests[index].draws) ** 0.5 for index in together]
        rotated = rotate(contrasts, [residuals[index] for index in together], typical_df=_UNLIKE)
        columns = [[place[each.test] for each in claims[index]] for index in inside]
        times = number / _different([claims[index] for index in inside])
        for index, chance in zip(inside, _chances(rotated, columns), strict=True):
            found[index] = chance._replace(p_adjusted=min(1.0, chance.p_adjusted * times))
    return [found.get(index) or _by_spreads(parts, number) for index, parts in enumerate(claims)]


def _different(claims: Sequence[Sequence[Measured]]) -> int:
    return len({frozenset(each.test for each in parts) for parts in claims})


def _chances(rotated: Rotated, claims: Sequence[Sequence[int]]) -> list[Chance]:
    """Of claims by the places of their parts."""
    statistics, by_chance = rotated
    deciding = [min(columns, key=lambda k: statistics[k]) for columns in claims]
    found = np.abs(statistics[deciding])
    other_way = np.stack([-by_chance[:, columns].min(1) for columns in claims], axis=1)  # (R, claims)
    most = np.maximum(by_chance[:, deciding], other_way)
    alone, adjusted = share_as_large(found, most), step_down(found, most)
    own = share_as_large(statistics, by_chance)  # one-sided
    weakest = [
        columns.index(k if statistics[k] < 0 else max(columns, key=lambda each: own[each]))
        for k, columns in zip(deciding, claims, strict=True)
    ]
    return [Chance(*each) for each in zip(alone.tolist(), adjusted.tolist(), weakest, strict=True)]


def _by_spreads(parts: Sequence[Measured], claims: int) -> Chance:
    p = p_value(parts)
    weakest = max(range(len(parts)), key=lambda index: (parts[index].p(1), -parts[index].excess))
    return Chance(p, min(1.0, p * claims), weakest)
