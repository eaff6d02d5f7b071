"""CP, CR, CF1, OP, OR, OF1 and macro F1 against scikit-learn and by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from ltmlc.metrics import LABEL_METRICS, above, label_metrics, top


def random_batch(rows=300, classes=7, seed=0):
    generator = np.random.default_rng(seed)
    labels = (generator.random((rows, classes)) < np.linspace(0.02, 0.6, classes)).astype(np.uint8)
    labels[0] = 1
    return generator.normal(size=(rows, classes)) + labels - 0.8, labels


@pytest.mark.parametrize("decide", [above, top])
def test_equals_scikit_learn(decide):
    scores, labels = random_batch()
    predicted = decide(scores)
    predicted[:, 2] = False  # a class that is predicted nowhere
    cp, cr, macro_f1, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    op, pooled_recall, micro_f1, _ = precision_recall_fscore_support(labels, predicted, average="micro")
    expected = (cp, cr, 2 * cp * cr / (cp + cr), op, pooled_recall, micro_f1, macro_f1)
    assert label_metrics(predicted, labels) == pytest.approx(dict(zip(LABEL_METRICS, expected, strict=True)), rel=1e-12)


def test_two_classes_by_hand_and_that_cf1_is_not_macro_f1():
    predicted = [[1, 1], [1, 0], [1, 0], [0, 0]]
    labels = [[1, 1], [0, 1], [0, 1], [0, 1]]
    found = label_metrics(predicted, labels)
    assert (found["cp"], found["cr"]) == pytest.approx(((1 / 3 + 1) / 2, (1 + 1 / 4) / 2))
    assert (found["op"], found["or"], found["of1"]) == pytest.approx((2 / 4, 2 / 5, 4 / 9))
    assert found["cf1"] == pytest.approx(2 / (3 / 2 + 8 / 5))  # 1/CP + 1/CR
    assert found["macro_f1"] == pytest.approx((1 / 2 + 2 / 5) / 2)


def test_a_class_without_test_image_is_in_no_mean_over_classes_but_wrong_among_all_labels():
    with_it = label_metrics([[1, 1], [1, 0]], [[1, 0], [0, 0]])
    without = label_metrics([[1], [1]], [[1], [0]])
    by_class = ("cp", "cr", "cf1", "macro_f1", "or")
    assert {name: with_it[name] for name in by_class} == {name: without[name] for name in by_class}
    assert (with_it["op"], without["op"]) == pytest.approx((1 / 3, 1 / 2))


@pytest.mark.filterwarnings("error")
def test_nothing_predicted_is_zero_and_no_label_at_all_is_not_a_number():
    assert set(label_metrics(np.zeros((2, 3)), np.eye(2, 3)).values()) == {0.0}
    assert all(map(math.isnan, label_metrics(np.ones((2, 3)), np.zeros((2, 3))).values()))


def test_a_logit_of_zero_is_not_above_one_half():
    assert above([[-1.0, 0.0, 1e-9]]).tolist() == [[False, False, True]]
    assert above([[0.2, 0.6]], 0.5).tolist() == [[False, True]]


def test_the_top_labels_are_so_many_whatever_their_scores_and_of_equal_ones_the_first():
    assert top([[-9.0, -1.0, -2.0, -3.0], [0.0, 0.0, 0.0, 0.0]]).tolist() == [[0, 1, 1, 1], [1, 1, 1, 0]]
    assert top([[1.0, 2.0]]).tolist() == [[True, True]]
    assert top([[1.0, 2.0]], 1).tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("predicted", "labels", "message"),
    [
        ([1, 0], [0, 1], r"must both be \(N, C\), got \(2,\) and \(2,\)"),
        ([[1, 0]], [[1], [0]], r"got \(1, 2\) and \(2, 1\)"),
        ([[0.7, 0.1]], [[1, 0]], "must be 0 or 1"),
    ],
)
def test_bad_input_is_one_sentence(predicted, labels, message):
    with pytest.raises(ValueError, match=message):
        label_metrics(predicted, labels)
