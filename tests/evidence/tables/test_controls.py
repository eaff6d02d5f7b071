import math
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from ltmlc.evidence.tables.controls import chance_average_precision, split_controls


@pytest.mark.parametrize(("positives", "images"), [(1, 5), (3, 40), (200, 400)])
def test_chance_is_the_mean_ap_of_random_rankings(positives, images):
    rng = np.random.default_rng(0)
    labels = np.r_[np.ones(positives), np.zeros(images - positives)]
    scores = [average_precision_score(labels, rng.permutation(images)) for _ in range(400)]
    error = np.std(scores) / math.sqrt(len(scores))
    assert chance_average_precision(positives, images) == pytest.approx(np.mean(scores), abs=4 * error)


def test_chance_tends_to_the_prevalence():
    assert chance_average_precision(50_000, 500_000) == pytest.approx(0.1, abs=1e-4)
    assert chance_average_precision(1, 1) == 1
    assert chance_average_precision(7, 7) == pytest.approx(1)
    assert math.isnan(chance_average_precision(0, 10))


def test_columns_are_means_over_their_classes():
    groups = {"head": [0, 1], "medium": [2], "tail": []}
    controls = split_controls(SimpleNamespace(test_class_counts=[10, 20, 0], test_ids=range(100), groups=groups))
    first, second = (100 * chance_average_precision(count, 100) for count in (10, 20))
    assert controls["chance"]["head"] == pytest.approx((first + second) / 2)
    assert controls["chance"]["total"] == pytest.approx((first + second) / 2)
    assert math.isnan(controls["chance"]["medium"]) and math.isnan(controls["oracle"]["tail"])
    assert controls["oracle"]["total"] == 100
