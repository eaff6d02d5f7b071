"""The embedded data sets: deterministic, long-tailed, co-occurring in training and not in the test set."""

from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from ltmlc.data.sources.digits import DigitsSource
from ltmlc.data.sources.open import open_source
from ltmlc.data.split import make_split
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.plan.config import load_dataset
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[3]
GROUPS = {"digits20-lt": (6, 6, 8), "digits80-lt": (22, 33, 25)}


@pytest.fixture(scope="module", params=GROUPS)
def split(request):
    config = load_dataset(request.param)
    return make_split(request.param, open_source(config, "unused"), config)


def conditional(labels):
    together = labels.T.astype(int) @ labels
    return together / together.diagonal()[:, None]


def test_groups_have_the_papers_proportions_at_the_papers_thresholds(split):
    assert tuple(len(split.groups[name]) for name in ("head", "medium", "tail")) == GROUPS[split.dataset]
    assert split.thresholds == {"head": 100, "medium": 20}


def test_every_class_is_equally_frequent_in_the_test_set(split):
    counts = np.array(split.test_class_counts)
    assert counts.max() - counts.min() <= 1


def test_classes_co_occur_strongly_in_training_and_independently_in_the_test_set(split):
    train, test = conditional(split.train_matrix), conditional(split.test_matrix)
    others = ~np.eye(len(train), dtype=bool)
    strongest = np.where(others, train, 0).max(1)  # of each class: its most faithful companion
    assert np.median(strongest) > 0.6
    # Independent draws: no pair is together more often than chance and its scatter allow.
    assert np.where(others, test, 0).max() < 0.35


def test_labels_per_image_are_alike_in_training_pool_and_test():
    source = DigitsSource()
    train, test = source.train_pool().labels.sum(1), source.test_pool().labels.sum(1)
    assert train.min() == test.min() == 1
    assert train.max() <= 3 and test.max() <= 3
    assert test.mean() == pytest.approx(train.mean(), rel=0.15)


def test_an_image_is_the_same_at_every_call_and_differs_from_its_neighbours():
    source = DigitsSource()
    first = source.read_image("train00007")
    assert first.shape == (32, 32, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, DigitsSource().read_image("train00007"))
    assert (first != source.read_image("train00008")).any()
    assert (first != DigitsSource(seed=1).read_image("train00007")).any()


def test_training_and_test_images_are_written_by_different_hands():
    from ltmlc.data.sources.digits import _glyphs

    train, test = _glyphs()
    seen = {glyph.tobytes() for digit in train for glyph in digit}
    unseen = [glyph for digit in test for glyph in digit if glyph.tobytes() not in seen]
    assert sum(map(len, train)) == 1200 and sum(map(len, test)) == 597
    assert len(unseen) >= 590  # a handful of the originals are equal to the pixel


def test_single_digits_are_balanced_and_say_digit_and_ink():
    images, digits, inks = DigitsSource(inks=8).single_digits(400)
    assert images.shape == (400, 32, 32, 3)
    assert set(digits) == set(range(10)) and set(inks) == set(range(8))


def test_our_own_result_is_learnable_and_not_solved(split):
    """A class-aware BCE run: at least three times chance, under 95 mAP, head classes above tail classes."""
    reference = read_reference(ROOT / "config" / "reference" / "demo.csv")
    runs = reference[split.dataset, "bce_recipe-db"].values()
    mean = {column: fmean(run[column] for run in runs) for column in ("total", "head", "tail")}
    chance = split_controls(split)["chance"]["total"]
    assert 3 * chance <= mean["total"] < 95
    assert mean["head"] > mean["tail"]


def test_our_own_result_has_every_run_of_the_grid():
    reference = read_reference(ROOT / "config" / "reference" / "demo.csv")
    grid = load_grid(ROOT / "config" / "demo.yaml", ROOT)
    assert set(reference) == {(dataset, run) for dataset, runs in grid.runs.items() for run in runs}
