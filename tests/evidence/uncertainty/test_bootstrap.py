import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from ltmlc.errors import InputError
from ltmlc.evidence.uncertainty.bootstrap import (
    bootstrap_combination,
    read_predictions,
    weighted_average_precision,
)

GROUPS = {"head": [0], "medium": [1, 2], "tail": []}


def of_one(logits, labels, groups, **options):
    return bootstrap_combination([(1.0, logits)], labels, groups, **options)


def of_difference(first, second, labels, groups, **options):
    return bootstrap_combination([(1.0, first), (-1.0, second)], labels, groups, **options)


def problem(images=200, classes=3, seed=0, signal=1.0, decimals=6):
    rng = np.random.default_rng(seed)
    labels = (rng.random((images, classes)) < 0.2).astype(np.uint8)
    return (signal * labels + rng.normal(size=labels.shape)).round(decimals).astype(np.float32), labels


@pytest.mark.parametrize("decimals", [6, 0])
def test_unit_weights_give_scikit_learns_average_precision_ties_included(decimals):
    logits, labels = problem(decimals=decimals)
    expected = [average_precision_score(labels[:, k], logits[:, k]) for k in range(3)]
    assert weighted_average_precision(logits, labels)[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("decimals", [6, 0])
def test_weights_mean_repeated_images(decimals):
    logits, labels = problem(decimals=decimals)
    drawn = np.random.default_rng(1).integers(200, size=(200, 4))
    weights = np.stack([np.bincount(column, minlength=200) for column in drawn.T], axis=1).astype(np.float32)
    ours = weighted_average_precision(logits, labels, weights)
    for b in range(4):
        rows = drawn[:, b]
        expected = [average_precision_score(labels[rows, k], logits[rows, k]) for k in range(3)]
        assert ours[b] == pytest.approx(expected, abs=1e-6)


def test_a_class_without_drawn_positives_is_undefined_and_left_out():
    logits, labels = problem()
    labels[:, 2] = 0
    assert np.isnan(weighted_average_precision(logits, labels)[0, 2])
    groups = {"head": [0], "medium": [1, 2], "tail": [2]}
    intervals = of_one(logits, labels, groups, resamples=20)
    assert not np.isnan(intervals["medium"].low) and "tail" not in intervals
    assert intervals["medium"].estimate == pytest.approx(100 * weighted_average_precision(logits, labels)[0, 1])


def test_the_interval_holds_the_estimate_and_narrows_with_more_images():
    few, many = (of_one(*problem(images), GROUPS, resamples=300)["total"] for images in (100, 1600))
    for interval in (few, many):
        assert interval.low < interval.estimate < interval.high
    assert many.high - many.low < 0.6 * (few.high - few.low)


def test_the_interval_has_the_spread_of_new_test_sets():
    totals = [100 * weighted_average_precision(*problem(150, seed=seed))[0].mean() for seed in range(400)]
    interval = of_one(*problem(150, seed=1), {"head": [0, 1, 2], "medium": [], "tail": []})["total"]
    low, high = np.quantile(totals, [0.025, 0.975])
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.3)


def test_the_same_seed_gives_the_same_interval_and_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    assert of_one(*problem(), GROUPS, resamples=50) == of_one(*problem(), GROUPS, resamples=50)
    assert (np.random.get_state()[1] == before).all()
    assert "tail" not in of_one(*problem(), GROUPS, resamples=50)


def test_pairing_cancels_what_both_runs_share():
    logits, labels = problem(400)
    other = logits + np.random.default_rng(5).normal(scale=0.05, size=logits.shape).astype(np.float32)
    paired = of_difference(logits, other, labels, GROUPS, resamples=300)["total"]
    alone = bootstrap_combination([(1.0, logits)], labels, GROUPS, resamples=300)["total"]
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)
    assert of_difference(logits, logits, labels, GROUPS, resamples=20)["total"] == (0, 0, 0)


def test_a_better_run_is_seen():
    good, labels = problem(600, signal=2.0)
    bad, _ = problem(600, signal=1.0)
    assert of_difference(good, bad, labels, GROUPS, resamples=200)["total"].low > 0


def test_runs_of_different_shape_cannot_be_paired():
    logits, labels = problem()
    with pytest.raises(ValueError, match="one shape"):
        of_difference(logits, logits[:-1], labels, GROUPS)


def test_predictions_are_read_and_damaged_ones_refused_by_name(tmp_path):
    logits, labels = problem()
    path = tmp_path / "predictions.npz"
    np.savez(path, logits=logits, labels=labels, ids=np.array([f"i{k}" for k in range(200)]))
    read = read_predictions(path)
    assert (read[0] == logits).all() and read[2][3] == "i3"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"predictions\.npz"):
        read_predictions(path)
    with pytest.raises(InputError, match="does not exist"):
        read_predictions(tmp_path / "none.npz")
