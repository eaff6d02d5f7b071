import math

import numpy as np
import pytest
from scipy import stats

from ltmlc.evidence.uncertainty.noise import (
    Noise,
    benjamini_hochberg,
    half_width,
    kendall,
    p_value,
    pooled_noise,
    seeds_needed,
)


def test_noise_is_pooled_within_runs_and_means_do_not_matter():
    noise = pooled_noise([[1.0, 2.0, 3.0], [101.0, 103.0], [7.0], []])
    assert noise.df == 3
    assert noise.sd == pytest.approx(math.sqrt((2 + 2) / 3))


def test_one_seed_a_run_gives_no_noise():
    noise = pooled_noise([[1.0], [2.0]])
    assert noise.df == 0
    assert math.isnan(noise.sd)


@pytest.mark.parametrize(
    ("runs", "seeds", "sd", "repetitions"), [(46, 5, 0.6, 400), (3, 2, 2.0, 4000), (46, 2, 0.3, 400)]
)
def test_the_prediction_interval_covers_one_new_run_95_percent_of_the_time(runs, seeds, sd, repetitions):
    rng = np.random.default_rng(runs + seeds)
    covered = []
    for _ in range(repetitions):
        means = rng.uniform(40, 80, runs)
        ours = rng.normal(means[:, None], sd, (runs, seeds))
        new = rng.normal(means, sd)
        noise = pooled_noise(ours)
        covered.append(np.mean(np.abs(ours.mean(1) - new) <= half_width(noise, seeds)))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)


def test_the_interval_against_several_reference_seeds_covers_their_mean():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(4000):
        ours, theirs = rng.normal(50, 1, (10, 3)), rng.normal(50, 1, (10, 2))
        hits += abs(ours[0].mean() - theirs[0].mean()) <= half_width(pooled_noise(ours), 3, 2)
    assert hits / 4000 == pytest.approx(0.95, abs=0.012)


def test_the_interval_is_the_stated_formula():
    width = half_width(Noise(0.6, 184), 5)
    assert width == pytest.approx(stats.t.ppf(0.975, 184) * 0.6 * math.sqrt(1 + 1 / 5))


def test_p_is_5_percent_on_the_border_of_the_interval():
    noise = Noise(0.6, 12)
    assert p_value(half_width(noise, 3), noise, 3) == pytest.approx(0.05)
    assert p_value(0.0, noise, 3) == 1
    assert p_value(0.1, Noise(0.0, 12), 3) == 0


@pytest.mark.parametrize("excess", [2.0, 2.5, 4.0])
def test_the_seeds_needed_are_the_fewest_that_reach_the_threshold(excess):
    noise = Noise(0.5, 184)
    n = seeds_needed(excess, noise, 0.001)
    assert p_value(excess, noise, n) <= 0.001
    assert n == 1 or p_value(excess, noise, n - 1) > 0.001


def test_no_number_of_seeds_beats_the_noise_of_the_one_published_run():
    noise = Noise(0.5, 184)
    assert p_value(1.5, noise, 10**9) > 0.001
    assert seeds_needed(1.5, noise, 0.001) is None
    assert seeds_needed(1.5, noise, 0.001, m=5) is not None


def test_benjamini_hochberg_adjusts_as_published():
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert len(benjamini_hochberg([])) == 0


def test_false_discoveries_stay_at_the_rate():
    rng = np.random.default_rng(1)
    noise, share = Noise(1.0, 184), []
    for _ in range(40):
        shifts = np.r_[np.zeros(300), np.full(60, 6.0)]
        p = [p_value(abs(d), noise, 5) for d in rng.normal(shifts, math.sqrt(1.2))]
        found = benjamini_hochberg(p) <= 0.05
        share.append(found[:300].sum() / max(found.sum(), 1))
    assert np.mean(share) <= 0.06


def test_rank_agreement_is_one_for_equal_orders_and_minus_one_for_reversed_ones():
    assert kendall([1, 2, 3, 4], [10, 20, 30, 40])[0] == 1
    assert kendall([1, 2, 3, 4], [4, 3, 2, 1])[0] == -1
    assert math.isnan(kendall([1, 2], [1, 2])[0])
    assert math.isnan(kendall([1, 1, 1], [1, 2, 3])[0])
