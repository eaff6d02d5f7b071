import math
from dataclasses import astuple

import numpy as np
import pytest

from ltmlc.evidence.uncertainty.components import between_seeds, components
from ltmlc.evidence.uncertainty.noise import additive_noise, seed_effects


def scores(seed, residual, *, runs=46, seeds=5, draw=0):
    rng = np.random.default_rng(draw)
    values = rng.normal(60, 5, (runs, 1)) + seed * rng.normal(size=seeds) + residual * rng.normal(size=(runs, seeds))
    return [dict(enumerate(row)) for row in values]


def test_the_parts_are_found_on_average():
    many = [components(scores(0.7, 0.4, draw=draw)) for draw in range(200)]
    assert np.mean([each.sd**2 for each in many]) == pytest.approx(0.65, rel=0.1)
    assert np.mean([each.seed**2 for each in many]) == pytest.approx(0.49, rel=0.12)
    assert np.mean([each.residual for each in many]) == pytest.approx(0.4, rel=0.02)


def test_a_shared_effect_leaves_few_degrees_of_freedom_and_none_leaves_many():
    assert np.median([components(scores(0.7, 0.4, draw=draw)).df for draw in range(50)]) < 10
    assert components(scores(0.0, 0.4)).df > 100
    assert additive_noise(scores(0.0, 0.4)).df == 180
    assert components(scores(0.7, 0.4)).shared > 0.5 > components(scores(0.0, 0.4)).shared


def test_one_seed_measures_nothing():
    alone = components([{0: 50.0}, {0: 51.0}])
    assert alone.df == 0 and math.isnan(alone.sd)
    assert components([]).df == 0


def test_of_a_single_run_with_seeds_no_part_is_told_from_the_other():
    single = components([{0: 50.0}, {0: 60.0, 1: 61.0, 2: 63.0}])
    assert (single.sd, single.df) == (pytest.approx(np.std([60, 61, 63], ddof=1)), 2)
    assert math.isnan(single.seed) and math.isnan(single.residual)
    assert single.shared_text == "share not measured"


def test_seeds_that_no_run_shares_measure_nothing_of_each_other():
    apart = components([{0: 50.0}, {1: 60.0}])
    assert apart.df == 0 and math.isnan(apart.sd)
    beside = components([{0: 50.0, 1: 52.0}, {2: 60.0}])
    assert (beside.sd, beside.df) == (pytest.approx(math.sqrt(2)), 1)
    two_groups = between_seeds(seed_effects([{0: 50.0, 1: 52.0}, {2: 60.0, 3: 66.0}, {4: 0.0}]))
    assert two_groups == (pytest.approx((2 + 18) / 2), 2)


def test_runs_of_one_seed_change_no_part():
    whole = scores(0.7, 0.4, runs=6)
    more = components([*whole, {7: 40.0}, {0: 90.0}])
    assert astuple(more) == pytest.approx(astuple(components(whole)))


def test_seeds_that_agree_measure_nothing():
    agree = components([{0: 50.0, 1: 50.0}])
    assert agree.df == 0 and math.isnan(agree.sd)
