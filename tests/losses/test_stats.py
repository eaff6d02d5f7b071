"""Class statistics: what is accepted, and what is kept between steps."""

import copy
import pickle

import numpy as np
import pytest
import torch

from ltmlc.losses import ClassStats


def doubled(counts, num_images):
    return counts * 2 / num_images


@pytest.mark.parametrize("counts", [[3, 1], (3, 1), np.array([3, 1]), torch.tensor([3, 1])])
def test_counts_of_any_sequence_of_integers_are_kept_as_integers(counts):
    stats = ClassStats(counts, np.int64(4))
    assert stats == ClassStats((3, 1), 4)
    assert stats.counts == (3, 1)
    assert all(type(count) is int for count in (*stats.counts, stats.num_images))


@pytest.mark.parametrize(
    ("counts", "num_images", "message"),
    [
        ([3, 0], 4, "the count of class 1 must be a positive integer, got 0"),
        ([3, -1], 4, "the count of class 1 must be a positive integer, got -1"),
        ([3.0], 4, "the count of class 0 must be a positive integer, got 3.0"),
        ([True], 4, "the count of class 0 must be a positive integer, got True"),
        ([5, 1], 4, "the count of class 0 is 5, more than the 4 images there are"),
        ([3], 0, "num_images must be a positive integer, got 0"),
        ([], 4, "at least one class"),
    ],
)
def test_impossible_statistics_are_refused(counts, num_images, message):
    with pytest.raises(ValueError, match=message):
        ClassStats(counts, num_images)


def test_a_formula_is_evaluated_once_for_each_device_and_dtype():
    stats = ClassStats([3, 1], 4)
    logits = torch.zeros(2, 2)
    first = stats.per_class(doubled, logits)
    assert first.tolist() == [1.5, 0.5]
    assert stats.per_class(doubled, logits) is first
    assert stats.per_class(doubled, logits.double()).dtype == torch.float64


def test_the_number_of_classes_must_agree():
    with pytest.raises(ValueError, match="2 counts but logits 3 classes"):
        ClassStats([3, 1], 4).per_class(doubled, torch.zeros(2, 3))


def test_can_be_hashed_compared_and_pickled_whatever_was_evaluated():
    stats = ClassStats([3, 1], 4)
    stats.per_class(doubled, torch.zeros(2, 2))
    assert pickle.loads(pickle.dumps(stats)) == stats == ClassStats([3, 1], 4)
    assert hash(stats) == hash(ClassStats([3, 1], 4))


def test_what_a_validation_has_cached_can_be_trained_with():
    stats, logits = ClassStats([3, 1], 4), torch.zeros(2, 2, requires_grad=True)
    with torch.inference_mode():
        stats.per_class(doubled, logits)
    (logits.sigmoid() * stats.per_class(doubled, logits)).sum().backward()
    assert logits.grad.isfinite().all()


def test_a_copy_takes_no_tensor_of_the_process_along():
    stats = ClassStats([3, 1], 4)
    cached = stats.per_class(doubled, torch.zeros(2, 2))
    assert copy.deepcopy(stats).per_class(doubled, torch.zeros(2, 2)) is not cached
