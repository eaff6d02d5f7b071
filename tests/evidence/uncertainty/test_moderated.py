import math

import numpy as np
import pytest
from scipy import stats

from ltmlc.evidence.uncertainty.moderated import equal_within, independent_rows, moderate
from ltmlc.evidence.uncertainty.noise import UNKNOWN_SPREAD, Spread


def by_seed(values) -> list[dict[int, float]]:
    return [dict(enumerate(map(float, row))) for row in values]


def test_two_seeds_lend_nothing_each_row_keeps_its_own_variance():
    values = np.random.default_rng(0).normal(50, 1, (20, 2))
    spreads = moderate(by_seed(values))
    assert [s.variance for s in spreads] == pytest.approx(values.var(1, ddof=1).tolist())
    assert {s.df for s in spreads} == {1.0}


def test_many_independent_rows_lend_their_degrees_of_freedom_and_dependent_ones_few():
    rng = np.random.default_rng(1)
    apart = moderate(by_seed(rng.normal(0, 1, (60, 5))))
    assert all(s.df > 20 for s in apart) and [s.variance for s in apart] == pytest.approx([1.0] * 60, abs=0.4)
    together = moderate(by_seed(rng.normal(0, 1, 5) + 0.01 * rng.normal(0, 1, (60, 5))))
    assert all(s.df < 5 for s in together)


def test_unequal_variances_are_shrunk_little():
    rng = np.random.default_rng(2)
    sd = np.repeat([0.01, 0.1, 1.0, 10.0], 10)
    spreads = moderate(by_seed(rng.normal(0, sd[:, None], (40, 5))))
    found = np.array([s.sd for s in spreads]).reshape(4, 10).mean(1)
    assert all(found[i] < 0.2 * found[i + 1] for i in range(3))
    assert all(s.df < 6 for s in spreads)


def test_the_shrunk_variance_is_the_published_formula():
    """Smyth (2004): (d0 s0^2 + d s^2) / (d0 + d), with d0 + d degrees of freedom."""
    values = np.random.default_rng(3).normal(0, np.linspace(0.5, 2, 30)[:, None], (30, 5))
    spreads = moderate(by_seed(values))
    lent = spreads[0].df - 4
    own = values.var(1, ddof=1)
    centre = [(s.variance * (lent + 4) - 4 * v) / lent for s, v in zip(spreads, own, strict=True)]
    assert centre == pytest.approx([centre[0]] * 30) and 0.5 < centre[0] < 3


def test_one_draw_and_equal_draws_take_the_spread_of_the_others():
    values = by_seed(np.random.default_rng(4).normal(0, 1, (10, 5)))
    spreads = moderate([*values, {0: 7.0}, dict.fromkeys(range(5), 3.0)])
    assert spreads[-1] == spreads[-2] and spreads[-1].variance == pytest.approx(1, abs=0.5) and spreads[-1].df > 1
    assert moderate([{0: 1.0}, {0: 2.0}]) == [UNKNOWN_SPREAD, UNKNOWN_SPREAD]
    assert moderate([dict.fromkeys(range(3), 1.0)]) == [UNKNOWN_SPREAD]
    assert moderate([]) == [] and moderate([{}]) == [UNKNOWN_SPREAD]


def test_missing_seeds_cost_their_own_degrees_of_freedom():
    values = by_seed(np.random.default_rng(5).normal(0, 1, (8, 5)))
    values[0] = {0: 1.0, 3: 2.0}
    spreads = moderate(values)
    assert spreads[0].df == pytest.approx(spreads[1].df - 3)


def test_independent_rows_are_counted_as_they_are():
    rng = np.random.default_rng(6)

    def centred(values):
        return values - values.mean(1, keepdims=True)

    assert independent_rows(centred(rng.normal(size=(50, 2)))) == 1
    assert independent_rows(centred(np.outer(np.ones(50), rng.normal(size=6)))) == pytest.approx(1, abs=0.05)
    assert independent_rows(centred(rng.normal(size=(50, 6)))) > 10


def test_the_interval_is_the_stated_formula_and_p_is_5_percent_on_its_border():
    spread = Spread(0.36, 7.5)
    width = spread.half_width(5, 1)
    assert width == pytest.approx(stats.t.ppf(0.975, 7.5) * 0.6 * math.sqrt(1 + 1 / 5))
    assert spread.p_value(width, 5, 1) == pytest.approx(0.05) and spread.p_value(0.0, 5, 1) == 1
    assert spread.half_width(5) == pytest.approx(width * math.sqrt((1 / 5) / (1 + 1 / 5)))
    assert math.isnan(UNKNOWN_SPREAD.half_width(5)) and UNKNOWN_SPREAD.p_value(3.0, 5) == 1


def test_equal_needs_both_one_sided_tests():
    spread = Spread(0.01, 8)
    assert equal_within(0.5, 0.1, spread, 5) and equal_within(0.5, -0.1, spread, 5)
    assert not equal_within(0.5, 0.45, spread, 5)
    assert not equal_within(0.5, 0.0, Spread(4.0, 8), 5)  # no difference seen, none excluded
    assert not equal_within(0.5, 0.0, UNKNOWN_SPREAD, 5)
