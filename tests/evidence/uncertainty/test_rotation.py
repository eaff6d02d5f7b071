import numpy as np
import pytest
from scipy import stats

from ltmlc.evidence.uncertainty.rotation import _typical, rotate, share_as_large, step_down, turned_together

RNG = np.random.default_rng


def sample(draws):
    """Contrasts and residuals of rows (K, S) of draws around zero."""
    mean = draws.mean(1)
    return mean * draws.shape[1] ** 0.5, [dict(enumerate(row)) for row in draws - mean[:, None]]


def largest_p(draws, typical_df=3.0):
    statistics, by_chance = rotate(*sample(draws), typical_df=typical_df)
    return share_as_large(np.abs(statistics), np.abs(by_chance).max(1))


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_one_row_is_judged_by_the_t_test(seeds):
    draws = RNG(seeds).normal(1.0, 1.0, (1, seeds))
    assert largest_p(draws)[0] == pytest.approx(stats.ttest_1samp(draws[0], 0).pvalue, abs=0.01)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("shared", [0.0, 3.0])
def test_without_effects_one_set_in_twenty_has_a_false_one_whatever_its_rows_share(seeds, shared):
    """Rows that move together and against each other, one of them a hundred times as far as another."""
    rng, false = RNG(seeds), 0
    own, weights = 10.0 ** rng.uniform(-1, 1, (15, 1)), rng.normal(size=(15, 1))
    for _ in range(150):
        together = shared * weights * rng.normal(size=(1, seeds))
        false += largest_p(own * (rng.normal(size=(15, seeds)) + together)).min() <= 0.05
    assert 1 <= false <= 17  # 7.5 expected; beyond these bounds it is less than twice in a thousand times


def test_a_row_that_looks_quiet_by_chance_does_not_win():
    draws = RNG(0).normal(0, 1, (20, 3))
    draws[0] = [0.50, 0.51, 0.52]
    assert stats.ttest_1samp(draws[0], 0).pvalue < 0.001
    assert largest_p(draws)[0] > 0.5


def test_what_differs_in_one_row_is_no_noise_of_another():
    draws = RNG(1).normal(0, 1, (20, 5))
    alone = rotate(*sample(draws), typical_df=3).statistics
    moved = draws.copy()
    moved[0] += 100.0
    assert rotate(*sample(moved), typical_df=3).statistics[1:] == pytest.approx(alone[1:], rel=0.25)


def test_the_same_numbers_give_the_same_p_values():
    draws = RNG(2).normal(0.5, 1, (6, 4))
    assert (largest_p(draws) == largest_p(draws)).all()


def test_step_down_holds_the_next_against_what_is_left():
    by_chance = np.array([[9.0, 0.0, 0.0]] * 2 + [[0.0, 3.0, 0.0]] * 2 + [[0.0, 0.0, 0.0]] * 95)
    adjusted = step_down(np.array([10.0, 4.0, 2.5]), by_chance)
    # Of the second no more than the second's and third's chances count; the first's nines would make it 0.03.
    assert adjusted == pytest.approx([0.01, 0.01, 0.01])
    assert step_down(np.array([8.0, 4.0, 2.5]), by_chance) == pytest.approx([0.03, 0.03, 0.03])
    assert step_down(np.array([4.0, 10.0, 2.5]), by_chance) == pytest.approx([0.03, 0.01, 0.03])


def test_rows_are_turned_together_that_have_the_seeds_most_have_and_draws_that_differ():
    rows = [{0: 1.0, 1: -1.0}, {0: 0.0}, {0: 0.0, 1: 0.0}, {0: 0.5, 2: -0.5}, {1: 0.3, 0: -0.3}, {}]
    assert turned_together(rows) == [0, 4]
    assert turned_together([]) == turned_together([{0: 1.0}]) == []


def test_no_rotation_changes_the_typical_variance():
    samples = RNG(3).normal(0, 10.0 ** RNG(4).uniform(-1, 1, (9, 1)), (9, 5))
    turn, _ = np.linalg.qr(RNG(5).normal(size=(5, 5)))
    assert _typical(samples @ turn, 3) == pytest.approx(_typical(samples, 3))


def test_neither_what_most_rows_show_nor_a_loud_row_is_what_is_typical():
    samples = RNG(3).normal(0, 1, (30, 6))
    samples[:, 0] += 20.0
    loud = np.vstack([samples, [[0, 1000.0, -1000, 0, 0, 0]]])
    assert 0.5 < _typical(samples, 4) < 2 and 0.5 < _typical(loud, 4) < 2
