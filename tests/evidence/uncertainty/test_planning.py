import numpy as np
import pytest
from scipy import stats

from ltmlc.evidence.uncertainty.noise import UNKNOWN_SPREAD, Spread
from ltmlc.evidence.uncertainty.planning import POWER, seeds_needed, smallest_shown


def test_the_smallest_shown_excess_is_shown_in_four_of_five_cases():
    rng, n, threshold = np.random.default_rng(0), 6, 0.05
    effect = smallest_shown(1.0, n - 1, n, threshold)
    draws = rng.normal(effect, 1, (20000, n))
    assert (stats.ttest_1samp(draws, 0, axis=1).pvalue <= threshold).mean() == pytest.approx(POWER, abs=0.03)


def test_the_seeds_needed_are_the_fewest_and_more_than_there_are():
    spread = Spread(0.25, 4.0)
    n = seeds_needed(2.5, spread, 2, 0.01, 1)
    df = spread.df / (2 - 1)
    assert smallest_shown(0.5, df * (n - 1), n, 0.01, 1) <= 2.5 < smallest_shown(0.5, df * (n - 2), n - 1, 0.01, 1)
    assert seeds_needed(50.0, spread, 5, 0.01, 1) == 6


def test_no_number_of_seeds_beats_the_noise_of_the_one_published_run():
    assert seeds_needed(1.0, Spread(0.25, 4.0), 5, 0.001, 1) is None
    assert seeds_needed(1.0, Spread(0.25, 4.0), 5, 0.001) is not None
    assert seeds_needed(1.0, UNKNOWN_SPREAD, 5, 0.001) is None


def test_one_seed_gains_a_degree_of_freedom_with_each_more():
    n = seeds_needed(2.5, Spread(0.25, 4.0), 1, 0.01)
    assert smallest_shown(0.5, 4 + n - 1, n, 0.01) <= 2.5 and n > 1
    assert n == 2 or smallest_shown(0.5, 4 + n - 2, n - 1, 0.01) > 2.5


def test_seeds_that_both_sides_have_reduce_the_noise_of_both():
    spread = Spread(0.25, 4.0)
    n = seeds_needed(1.5, spread, 1, 0.05, 1, shared=9)
    assert smallest_shown(0.5, 4 + n - 1, n, 0.05, n) <= 1.5 < smallest_shown(0.5, 4 + n - 2, n - 1, 0.05, n - 1)
    assert 1 < n < 9 and seeds_needed(1.5, spread, 1, 0.05, 1, shared=n - 1) is None
    assert seeds_needed(1.5, spread, 1, 0.05, 1) > n
