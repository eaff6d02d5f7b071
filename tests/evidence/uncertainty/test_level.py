import numpy as np
import pytest
from scipy import stats

from ltmlc.evidence.uncertainty.level import level_and_pattern

RNG = np.random.default_rng


def column(rows=12, seeds=5, *, shared=0.7, own=0.4, seed=0):
    """Scores by seed of every row, and the rows' true means."""
    rng = RNG(seed)
    means = rng.uniform(50, 70, rows)
    noise = shared * rng.normal(size=seeds) + own * rng.normal(size=(rows, seeds))
    return [dict(enumerate(map(float, row))) for row in means[:, None] + noise], means


def test_a_column_that_lies_off_as_a_whole_is_a_level_and_no_pattern():
    ours, means = column()
    level, pattern = level_and_pattern(ours, list(means - 6.0))
    assert level.p_adjusted <= 0.05 and level.low < 6.0 < level.high and (level.df, level.rows) == (4, 12)
    assert all(row.p_adjusted > 0.05 for row in pattern)


def test_the_level_is_a_t_test_of_the_means_of_the_rows():
    ours, means = column(seeds=3)
    level, _ = level_and_pattern(ours, list(means))
    by_seed = np.array([[row[s] for row in ours] for s in range(3)]).mean(1)
    expected = 2 * stats.t.sf(abs(level.difference) / (by_seed.std(ddof=1) * np.sqrt(1 + 1 / 3)), 2)
    assert level.difference == pytest.approx(by_seed.mean() - means.mean()) and level.p == pytest.approx(expected)


def test_rows_that_deviate_are_found_and_push_no_other_the_other_way():
    ours, means = column()
    theirs = list(means)
    theirs[3] -= 30.0
    level, pattern = level_and_pattern(ours, theirs)
    assert [index for index, row in enumerate(pattern) if row.p_adjusted <= 0.05] == [3]
    assert pattern[3].difference == pytest.approx(30, abs=1.5)
    assert level.rows == 11 and abs(level.difference) < 1.5 and level.p_adjusted > 0.05


def test_what_a_seed_does_to_all_rows_is_no_evidence_against_any():
    ours, means = column(shared=5.0, own=0.1)
    theirs = list(means + 5.0 * 1.2)  # one more seed that moves all rows by 1.2 of its standard deviations
    level, pattern = level_and_pattern(ours, theirs)
    assert level.p > 0.05 and all(row.p_adjusted > 0.05 for row in pattern)


def test_rounding_is_granted_before_noise():
    ours, means = column(own=0.001)
    theirs = list(means)
    theirs[0] += 0.2
    assert level_and_pattern(ours, theirs)[1][0].p_adjusted <= 0.05
    assert level_and_pattern(ours, theirs, tolerance=[0.25] * 12)[1][0].p_adjusted > 0.05


def test_missing_seeds_do_not_pass_for_a_difference():
    ours, means = column(shared=4.0, own=0.05)
    for row in ours[:4]:
        del row[0], row[1]
    _, pattern = level_and_pattern(ours, list(means))
    assert all(abs(row.difference) < 0.3 for row in pattern)


def test_one_row_has_a_level_alone_and_one_seed_nothing():
    ours, means = column(rows=1)
    level, pattern = level_and_pattern(ours, list(means - 20))
    assert level.p_adjusted <= 0.05 and pattern is None
    assert level_and_pattern([{0: 50.0}, {0: 60.0}], [50.0, 60.0]) is None
