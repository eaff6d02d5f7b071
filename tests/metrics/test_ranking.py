"""Average precision against scikit-learn and by hand, and the means over class groups."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from ltmlc.metrics import average_precision, group_means, groups_of, precision_at_recall


def random_batch(rows=300, classes=7, levels=None, seed=0):
    """Scores and labels; with `levels`, scores take only so many values, which makes ties."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(rows, classes))
    if levels:
        scores = np.round(scores * levels) / levels
    labels = (generator.random((rows, classes)) < np.linspace(0.02, 0.9, classes)).astype(np.uint8)
    labels[0], labels[1] = 1, 0
    return scores, labels


@pytest.mark.parametrize("levels", [None, 10, 1])
def test_equals_scikit_learn_with_and_without_ties(levels):
    scores, labels = random_batch(levels=levels)
    expected = [average_precision_score(labels[:, k], scores[:, k]) for k in range(labels.shape[1])]
    found = average_precision(scores, labels)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_ranking_by_hand():
    scores = [[0.9], [0.8], [0.7], [0.6]]
    assert average_precision(scores, [[1], [0], [1], [0]])[0] == pytest.approx((1 + 2 / 3) / 2)


def test_equal_scores_are_one_threshold_in_whatever_order_they_come():
    scores = np.zeros((6, 1))
    for labels in ([1, 0, 0, 0, 0, 1], [0, 0, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0]):
        assert average_precision(scores, np.array(labels)[:, None])[0] == pytest.approx(2 / 6)


def test_a_class_without_positives_has_zero_and_one_without_negatives_has_one():
    assert average_precision([[1.0, 2.0], [3.0, 4.0]], [[0, 1], [0, 1]]).tolist() == [0.0, 1.0]


def test_float32_logits_keep_the_order_that_a_float32_sigmoid_would_lose():
    scores = np.array([[17.0], [18.0], [19.0]], dtype=np.float32)
    assert average_precision(scores, [[0], [0], [1]])[0] == 1.0


def test_takes_lists_tensors_and_labels_of_any_kind():
    scores, labels = random_batch(rows=20)
    expected = average_precision(scores, labels)
    for other in (labels.tolist(), labels.astype(bool), labels.astype(np.float32), torch.tensor(labels)):
        assert np.array_equal(average_precision(torch.tensor(scores), other), expected)


def test_the_arrays_are_left_alone():
    scores, labels = random_batch(rows=20)
    before = scores.copy(), labels.copy()
    average_precision(scores, labels)
    assert np.array_equal(scores, before[0])
    assert np.array_equal(labels, before[1])


def test_a_class_without_positives_may_be_undefined_and_is_then_in_no_mean():
    scores, labels = random_batch(rows=20)
    labels = np.concatenate([np.zeros((20, 1), int), labels], axis=1)
    scores = np.concatenate([np.zeros((20, 1)), scores], axis=1)
    ap = average_precision(scores, labels, undefined=np.nan)
    assert math.isnan(ap[0]) and np.array_equal(ap[1:], average_precision(scores[:, 1:], labels[:, 1:]))
    means = group_means(ap, {"head": [0, 1], "tail": [0]})
    assert means["total"] == pytest.approx(ap[1:].mean()) and means["head"] == ap[1]
    assert math.isnan(means["tail"])


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1.0, 2.0], [0, 1], r"must both be \(N, C\), got \(2,\) and \(2,\)"),
        ([[1.0], [2.0]], [[0, 1]], r"got \(2, 1\) and \(1, 2\)"),
        (np.zeros((0, 3)), np.zeros((0, 3)), r"got \(0, 3\)"),
        ([[1.0], [2.0]], [[0], [2]], "labels must be 0 or 1"),
        ([[1.0, 2.0], [3.0, np.nan]], [[0, 1], [1, 0]], "the score of row 1, class 1 is nan"),
        ([[np.inf]], [[1]], "the score of row 0, class 0 is inf"),
    ],
)
def test_bad_input_is_one_sentence(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        average_precision(scores, labels)


def test_group_means_are_means_over_classes():
    means = group_means([0.1, 0.2, 0.6, 0.9], {"head": [3], "medium": [0, 1], "tail": [2]})
    assert list(means) == ["total", "head", "medium", "tail"]
    assert means == pytest.approx({"total": 0.45, "head": 0.9, "medium": 0.15, "tail": 0.6})
    assert all(type(mean) is float for mean in means.values())


@pytest.mark.parametrize("levels", [None, 3])
def test_the_area_under_precision_over_recall_is_average_precision(levels):
    scores, labels = random_batch(levels=levels)
    fine = (np.arange(100_000) + 0.5) / 100_000
    area = precision_at_recall(scores, labels, fine).mean(axis=0)
    np.testing.assert_allclose(area, average_precision(scores, labels), atol=1e-4)


def test_precision_at_recall_by_hand():
    scores, labels = [[4.0, 1.0], [3.0, 2.0], [2.0, 3.0], [1.0, 4.0]], [[1, 0], [0, 0], [1, 0], [0, 0]]
    found = precision_at_recall(scores, labels, [0.1, 0.5, 0.51, 1.0])
    assert found[:, 0].tolist() == pytest.approx([1, 1, 2 / 3, 2 / 3])
    assert np.isnan(found[:, 1]).all()


@pytest.mark.filterwarnings("error")
def test_the_mean_of_an_empty_group_is_nan():
    means = group_means([0.5], {"head": [0], "medium": [], "tail": np.array([], dtype=int)})
    assert math.isnan(means["medium"])
    assert math.isnan(means["tail"])
    assert means["head"] == means["total"] == 0.5


def test_a_class_with_exactly_the_threshold_belongs_to_the_larger_group():
    assert groups_of([100, 99, 20, 19, 775]) == {"head": [0, 4], "medium": [1, 2], "tail": [3]}
    assert groups_of([5, 6]) == {"head": [], "medium": [], "tail": [0, 1]}
    assert groups_of(np.array([5, 3]), head=5, medium=4) == {"head": [0], "medium": [], "tail": [1]}


def test_thresholds_out_of_order_are_refused():
    with pytest.raises(ValueError, match="the threshold of head must exceed that of medium, got 20 and 100"):
        groups_of([1], head=20, medium=100)


def test_importing_the_module_imports_neither_torch_nor_scikit_learn():
    code = "import sys, ltmlc.metrics; sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
