from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ltmlc.evidence.claims.measure import Measured, spreads_of
from ltmlc.evidence.claims.predicates import Part, RowName
from ltmlc.evidence.claims.together import chances


def difference(name, values, seeds=None, bound=0.0) -> Measured:
    part = Part(((RowName("t", name), 1.0), (RowName("t", "B"), -1.0)), "total", bound)
    draws = dict(zip(seeds or range(len(values)), map(float, values), strict=True))
    return Measured(part, (((name, 1.0), ("B", -1.0)), "total", ""), draws)


def judged(*claims):
    spreads = spreads_of([each for parts in claims for each in parts])
    return chances([[replace(each, spread=spreads[each.contrast]) for each in parts] for parts in claims])


def noise(count, seeds=5, seed=0):
    return [difference(f"N{i}", row) for i, row in enumerate(np.random.default_rng(seed).normal(0, 1, (count, seeds)))]


def test_no_claims_have_no_chances():
    assert chances([]) == []


def test_by_itself_a_claim_of_one_difference_has_the_p_value_of_the_t_test():
    values = [0.4, 1.1, 0.9, -0.2, 0.6]
    first, *_ = judged([difference("A", values)], *([each] for each in noise(5)))
    assert first.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.01)
    assert first.p_adjusted > first.p


def test_a_claim_that_is_there_twice_counts_once():
    claims = [[each] for each in noise(6)]
    once, twice = judged(*claims), judged(*claims, claims[0], claims[3])
    assert [each.p_adjusted for each in twice[:6]] == [each.p_adjusted for each in once]
    assert twice[6] == twice[0] and twice[7] == twice[3]


def test_the_weakest_part_decides_and_one_on_the_other_side_reverses():
    strong, weak = difference("A", [3.0, 3.1, 2.9, 3.0, 3.2]), difference("C", [0.3, -0.2, 0.1, 0.0, -0.1])
    turned = difference("D", [-3.0, -3.1, -2.9, -3.0, -3.2])
    held, mixed, against = judged([strong], [strong, weak], [strong, turned, weak])
    assert (held.weakest, mixed.weakest, against.weakest) == (0, 1, 1)
    assert held.p_adjusted <= 0.05 < mixed.p and against.p_adjusted <= 0.05


def test_claims_on_fewer_seeds_are_tested_by_their_spread_and_count_among_all():
    five = [[each] for each in noise(3)]
    two = difference("X", [1.0, 1.3], seeds=[0, 1])
    alone, both = judged(*five), judged(*five, [two])
    for before, after in zip(alone, both, strict=False):
        assert after.p_adjusted == pytest.approx(min(1.0, before.p_adjusted * 4 / 3))
    spread = spreads_of([two, *(each for (each,) in five)])[two.contrast]
    assert both[3].p == pytest.approx(spread.p_value(1.15, 2))
    assert both[3].p_adjusted == pytest.approx(min(1.0, 4 * both[3].p))


def test_a_bound_is_what_a_difference_is_held_against():
    values = [0.4, 1.1, 0.9, -0.2, 0.6]
    by_bound = [judged([difference("A", values, bound=bound)])[0].p for bound in (-0.5, 0.56, 2.0)]
    expected = [stats.ttest_1samp(values, bound).pvalue for bound in (-0.5, 0.56, 2.0)]
    assert by_bound == pytest.approx(expected, abs=0.01)


def test_a_claim_is_reversed_by_any_part_so_more_parts_make_it_no_surer():
    turned = difference("A", [-0.9, -0.2, -1.1, -0.1, -0.5])
    one, two = judged([turned], [turned, *noise(3)])[:2]
    assert two.p > one.p


def test_what_is_shown_first_does_not_count_for_the_next():
    first, second = difference("A", [30.0, 31, 29, 30, 32]), difference("C", [1.1, 0.8, 1.2, 0.9, 1.0])
    with_first, alone = judged([first], [second])[1], judged([second])[0]
    assert with_first.p_adjusted == pytest.approx(alone.p_adjusted, abs=0.001)


def test_a_difference_that_looks_steady_by_chance_is_not_shown():
    steady = difference("A", [0.5, 0.501, 0.502])
    assert judged([steady])[0].p_adjusted < 0.001
    assert judged([steady], *([each] for each in noise(10, 3)))[0].p_adjusted > 0.2


def test_the_part_in_doubt_is_named_by_its_own_p_value():
    """A small sure difference has the smaller statistic beside a large unsure one."""
    sure, unsure = difference("A", [0.60, 0.61, 0.59, 0.60, 0.60]), difference("C", [0.2, 2.5, 1.9, 0.4, 1.2])
    assert judged([sure, unsure], *([each] for each in noise(6)))[0].weakest == 1


@pytest.mark.parametrize(
    ("few", "sign", "times"),
    [([1.9, 2.4], 1, 2), ([-1.9, -2.4], -1, 2 * 2)],
    ids=["the weakest part holds", "either of two parts may be the reversed one"],
)
def test_a_claim_with_parts_on_different_seeds_is_tested_by_their_spreads(few, sign, times):
    parts = [difference("A", [2.0, 2.2, 1.9, 2.1, 2.0]), difference("C", few, seeds=[0, 1])]
    others = [[each] for each in noise(4)]
    mixed = judged(parts, *others)[0]
    spread = spreads_of([*parts, *(each for (each,) in others)])[parts[1].contrast]
    statistic = sign * np.mean(few) / (spread.sd / np.sqrt(len(few)))
    expected = times * stats.t.sf(statistic, spread.df)
    assert (mixed.p, mixed.p_adjusted) == pytest.approx((expected, min(1.0, 5 * expected)))
    assert mixed.weakest == 1 and mixed.p < 0.2


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_without_effects_one_set_in_twenty_has_a_false_claim(seeds):
    false = 0
    for index in range(150):
        parts = noise(12, seeds, seed=index)
        false += (
            min(each.p_adjusted for each in judged(*([each] for each in parts[:8]), parts[8:10], parts[10:])) <= 0.05
        )
    assert 1 <= false <= 17  # 7.5 expected
