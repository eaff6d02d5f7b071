"""Reliability and expected calibration error, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from ltmlc.metrics import reliability


def test_equals_scikit_learn_in_the_bins_that_are_not_empty():
    generator = np.random.default_rng(0)
    probabilities = generator.random((400, 3)) ** 3 * 0.8  # none in the last two of ten bins
    labels = (generator.random((400, 3)) < probabilities**2).astype(np.uint8)
    found = reliability(probabilities, labels)
    frequency, probability = calibration_curve(labels.ravel(), probabilities.ravel(), n_bins=10, strategy="uniform")
    np.testing.assert_allclose(found.frequency[:8], frequency)
    np.testing.assert_allclose(found.probability[:8], probability)
    assert found.count.sum() == 1200 and found.count[8:].tolist() == [0, 0] and np.isnan(found.frequency[8:]).all()


def test_the_error_by_hand_weighs_a_bin_by_its_predictions():
    found = reliability([[0.1, 0.1, 0.1], [0.9, 0.9, 0.5]], [[0, 0, 1], [1, 1, 1]], bins=2)
    assert found.count.tolist() == [4, 2] and found.frequency.tolist() == [0.5, 1.0]  # 0.5 is the first bin's edge
    assert found.ece == pytest.approx((4 * abs(0.2 - 0.5) + 2 * abs(0.9 - 1.0)) / 6)


def test_what_is_right_and_sure_has_no_error_and_what_is_wrong_and_sure_has_all():
    labels = np.array([[0, 1], [1, 0]])
    assert reliability(labels, labels).ece == 0
    assert reliability(1 - labels, labels).ece == 1


@pytest.mark.parametrize(
    ("probabilities", "message"), [([[0.5]], "one shape, got"), ([[0.5, 3.0]], "through the sigmoid first")]
)
def test_bad_input_is_one_sentence(probabilities, message):
    with pytest.raises(ValueError, match=message):
        reliability(probabilities, [[0, 1]])
