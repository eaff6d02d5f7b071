import math

import numpy as np
import pytest

from ltmlc.evidence.uncertainty.noise import (
    Spread,
    additive_noise,
    chance_among,
    holm,
    seed_effects,
)


def test_the_interval_against_several_reference_seeds_covers_their_mean():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(4000):
        ours, theirs = rng.normal(50, 1, (10, 3)), rng.normal(50, 1, (10, 2))
        spread = Spread(ours.var(1, ddof=1).mean(), 20)
        hits += abs(ours[0].mean() - theirs[0].mean()) <= spread.half_width(3, 2)
    assert hits / 4000 == pytest.approx(0.95, abs=0.012)


def test_holm_adjusts_as_published():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_residual_noise_is_that_of_the_paired_t_test():
    first, second = [50.1, 53.5, 49.0, 51.3, 50.5], [50.0, 53.0, 47.0, 51.0, 49.0]
    noise = additive_noise([dict(enumerate(first)), dict(enumerate(second))])
    assert noise.df == 4 and noise.sd * math.sqrt(2) == pytest.approx(np.subtract(first, second).std(ddof=1))


def test_the_residual_noise_bears_missing_seeds_and_passes_over_what_is_no_number():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 9, 150)[:, None] + rng.normal(0, 5, 6) + rng.normal(0, 0.7, (150, 6))
    values[(np.arange(150)[:, None] + np.arange(6)) % 7 == 0] = math.nan
    scores = [dict(enumerate(row)) for row in values]
    present = int(np.isfinite(values).sum())
    noise = additive_noise(scores)
    assert noise.df == present - 150 - 6 + 1 and noise.sd == pytest.approx(0.7, rel=0.1)
    effects, residuals, _ = seed_effects(scores)
    assert sum(effects.values()) == pytest.approx(0, abs=1e-9)
    assert all(sum(row.values()) == pytest.approx(0, abs=1e-9) for row in residuals)
    # one NaN among good numbers is one number less, not a noise of zero
    assert additive_noise([{0: 1.0, 1: 2.0, 2: math.nan}, {0: 1.5, 1: 2.9, 2: 3.0}]).sd > 0


def test_a_seed_that_only_a_run_of_one_seed_has_costs_no_degree_of_freedom():
    both = [{0: 50.0, 1: 52.0, 2: 51.0}, {0: 60.0, 1: 61.0, 2: 63.0}]
    alone, beside = additive_noise(both), additive_noise([*both, {3: 40.0}])
    assert alone.df == beside.df == 2 and alone.sd == pytest.approx(beside.sd)


def test_no_scores_measure_nothing():
    assert additive_noise([]).df == 0 and math.isnan(additive_noise([{}, {0: 1.0}]).sd)


@pytest.mark.parametrize("number", [1, 49])
def test_chance_among_many_errors_is_exceeded_in_5_percent_of_cases(number):
    errors = np.abs(np.random.default_rng(0).normal(size=(20000, number))).max(1)
    assert (errors > chance_among(number)).mean() == pytest.approx(0.05, abs=0.006)
