"""The held-out part: training images only, every class keeps some, the same draw from the same seed."""

import numpy as np
import pytest

from ltmlc.data.heldout import draw_stratified, held_out_split, scored_classes
from ltmlc.data.sources.digits import DigitsSource
from ltmlc.data.split import load_split, make_split, save_split
from ltmlc.errors import InputError


@pytest.fixture(scope="module")
def split():
    source = DigitsSource(inks=2, pool=800, test=60, canvas=16)
    subset = {"alpha": 6, "maximum": 150, "minimum": 1, "seed": 0}
    return make_split("tiny", source, {"subset": subset, "thresholds": {"head": 40, "medium": 10}})


def one_hot(counts: list[int]) -> np.ndarray:
    return np.repeat(np.eye(len(counts), dtype=np.uint8), counts, axis=0)


def test_no_test_image_is_in_it(split):
    derived = held_out_split(split)
    assert set(split.test_ids).isdisjoint([*derived.train_ids, *derived.test_ids])
    assert sorted(derived.train_ids + derived.test_ids) == sorted(split.train_ids)
    assert len(set(derived.test_ids)) == len(derived.test_ids)


def test_labels_stay_with_their_images(split):
    labels = dict(zip(split.train_ids, split.train_labels, strict=True))
    derived = held_out_split(split)
    assert [labels[each] for each in derived.train_ids] == derived.train_labels
    assert [labels[each] for each in derived.test_ids] == derived.test_labels


def test_counts_are_those_of_the_images_left_and_groups_those_of_all(split):
    derived = held_out_split(split)
    assert derived.class_counts == derived.train_matrix.sum(0).tolist()
    assert derived.test_class_counts == derived.test_matrix.sum(0).tolist()
    assert np.diag(derived.cooccurrence).tolist() == derived.class_counts
    assert derived.groups == split.groups
    assert derived.sha256 != split.sha256


def test_every_class_keeps_an_image_and_has_about_its_share_held_out(split):
    derived = held_out_split(split, share=0.25)
    for kept, held, count in zip(derived.class_counts, derived.test_class_counts, split.class_counts, strict=True):
        assert kept >= 1
        assert abs(held - 0.25 * count) <= max(2, 0.05 * count)
        assert held >= 1 or count == 1


def test_a_class_with_one_image_keeps_it_and_is_not_scored():
    labels = one_hot([8, 1, 2])
    chosen = draw_stratified(labels, share=0.25, seed=0)
    assert labels[chosen].sum(0).tolist() == [2, 0, 1]


def test_an_image_that_its_other_class_cannot_spare_is_not_taken():
    # Both images of class 1 are the only one of another class; class 0 has others to give.
    labels = np.array([[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0]], np.uint8)
    for seed in range(20):
        chosen = draw_stratified(labels, share=0.5, seed=seed)
        assert chosen.tolist() == [False, False, True, True]


def test_images_that_overfill_no_other_class_come_first():
    # Class 2, the rarest, fills class 0's quota of one; class 1 has two images without class 0.
    labels = np.array([[1, 0, 1], [1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0]], np.uint8)
    for seed in range(20):
        assert labels[draw_stratified(labels, share=0.25, seed=seed)].sum(0).tolist() == [1, 1, 1]


def test_a_class_keeps_an_image_even_where_nearly_all_are_held_out():
    labels = one_hot([2, 3, 10])
    assert labels[~draw_stratified(labels, share=0.97, seed=0)].sum(0).tolist() == [1, 1, 1]


def test_the_same_seed_draws_the_same_images_and_another_seed_others(split):
    assert held_out_split(split, seed=3) == held_out_split(split, seed=3)
    assert held_out_split(split, seed=3).test_ids != held_out_split(split, seed=4).test_ids


def test_it_is_a_split_file_like_any_other(split, tmp_path):
    derived = held_out_split(split)
    save_split(derived, tmp_path / "split.json")
    assert load_split(tmp_path / "split.json") == derived


def test_scored_classes_are_those_with_a_held_out_image(split):
    derived = held_out_split(split)
    assert scored_classes(derived) == [k for k in range(20) if derived.test_matrix[:, k].any()]


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_a_share_that_is_none_is_refused(split, share):
    with pytest.raises(InputError, match=r"tune\.share is .* between 0 and 1"):
        held_out_split(split, share=share)


def test_classes_without_an_image_to_spare_are_refused():
    source = DigitsSource(inks=1, pool=300, test=30, canvas=16)
    whole = make_split("tiny", source, {})
    single = held_out_split(whole)  # a split to change: one image a class is left
    rows = [next(i for i, labels in enumerate(whole.train_labels) if k in labels) for k in range(10)]
    fields = {
        **single.__dict__,
        "train_ids": [whole.train_ids[row] for row in rows],
        "train_labels": [[k] for k in range(10)],
        "class_counts": [1] * 10,
    }
    with pytest.raises(InputError, match=r"no class has an image to spare \(largest class: 1 images\)"):
        held_out_split(type(whole)(**fields))
