import hashlib
import json

import numpy as np
import pytest
from data.label_helpers import REPOSITORY
from scripts import load_script

from ltmlc.data.sources.open import open_source
from ltmlc.data.sources.pooled import PooledSource
from ltmlc.data.split import make_split
from ltmlc.disk.arrays import read_arrays
from ltmlc.errors import InputError
from ltmlc.plan.config import load_dataset

MAKER = load_script("benchmarks/pooled.py")
VIEWS, TRAIN, TEST, DIMENSIONS = 2, ["a", "b", "c"], ["d", "e"], 4


@pytest.fixture(scope="module")
def full():
    rng = np.random.default_rng(0)
    average = rng.gamma(0.5, 1, (len(TRAIN) * VIEWS + len(TEST), DIMENSIONS)).astype(np.float32)
    return average, average * 3 + 1


def content(full):
    names = {"classes": ["cat", "dog"], "train_ids": TRAIN, "test_ids": TEST}
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0]], np.uint8)
    return MAKER.pooled_file(*full, labels, names, views=VIEWS, about="made here")


@pytest.fixture
def source(full, tmp_path):
    path = tmp_path / "pooled.npz"
    path.write_bytes(content(full))
    return PooledSource(file=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_ids_and_labels_come_back(source):
    assert source.classes == ["cat", "dog"]
    assert source.train_pool().ids == TRAIN
    assert source.test_pool().ids == TEST
    np.testing.assert_array_equal(source.train_pool().labels, [[1, 0], [0, 1], [1, 1]])
    np.testing.assert_array_equal(source.test_pool().labels, [[0, 0], [1, 0]])


def test_activations_come_back_within_half_a_step(source, full):
    views, found = source.features(TRAIN, TEST)
    assert views == VIEWS
    step = 0.25 * np.sqrt(full[0][: len(TRAIN) * VIEWS].var(0).mean())
    assert found["average"].dtype == np.float32
    assert np.abs(found["average"] - full[0]).max() <= step / 2 * 1.001
    assert found["maximum"].dtype == np.float32
    assert found["maximum"].shape == full[1].shape
    views_of_training = slice(len(TRAIN) * VIEWS)  # the components are theirs
    assert np.corrcoef(found["maximum"][views_of_training].ravel(), full[1][views_of_training].ravel())[0, 1] > 0.9


def test_each_image_has_its_own_rows_in_the_splits_order(source):
    _, whole = source.features(TRAIN, TEST)
    _, turned = source.features(["c", "a"], ["e"])
    np.testing.assert_array_equal(turned["average"], whole["average"][[4, 5, 0, 1, 7]])


def test_a_held_out_training_image_shows_its_first_view(source):
    _, whole = source.features(TRAIN, TEST)
    _, held = source.features(["a"], ["c"])
    np.testing.assert_array_equal(held["average"], whole["average"][[0, 1, 4]])


def test_the_same_activations_make_the_same_file(full):
    assert content(full) == content(full)


@pytest.mark.parametrize(
    ("damage", "words"),
    [(lambda data: data[:-9], "is damaged or another file"), (None, "cannot be read")],
    ids=["cut short", "absent"],
)
def test_a_damaged_or_absent_file_is_one_sentence(full, tmp_path, damage, words):
    path, whole = tmp_path / "pooled.npz", content(full)
    if damage:
        path.write_bytes(damage(whole))
    with pytest.raises(InputError, match=words) as error:
        PooledSource(file=str(path), sha256=hashlib.sha256(whole).hexdigest())
    assert str(path) in str(error.value)
    assert "source.sha256" in str(error.value)


def test_a_file_of_something_else_is_refused_though_its_hash_fits(tmp_path):
    path = tmp_path / "other.npz"
    path.write_bytes(b"other")
    with pytest.raises(InputError, match="no file of pooled activations"):
        PooledSource(file=str(path), sha256=hashlib.sha256(b"other").hexdigest())


def test_the_committed_file_is_the_long_tailed_subset_of_voc07(tmp_path):
    settings = load_dataset("voc07-lt-pooled", REPOSITORY)
    source = open_source(settings, tmp_path / "no data root")
    split = make_split("voc07-lt-pooled", source, settings)
    published = load_dataset("voc07-lt", REPOSITORY)["subset"]["sha256"]
    assert hashlib.sha256("".join(f"{each}\n" for each in split.train_ids).encode()).hexdigest() == published
    assert len(split.test_ids) == 2510
    assert [len(split.groups[name]) for name in ("head", "medium", "tail")] == [6, 6, 8]


def test_the_committed_file_is_small_and_says_where_it_is_from():
    path = REPOSITORY / "config/pooled/voc07-lt.npz"
    assert path.stat().st_size < 12_000_000
    stored = read_arrays(path, ["about", "average", "maximum", "basis"])
    assert stored["average"].shape == (2048, 1065 * 8 + 2510)
    assert stored["maximum"].shape == (MAKER.COMPONENTS, 1065 * 8 + 2510)
    about = json.loads(str(stored["about"]))
    assert "VOC2007" in about["source"]
    assert about["made of"]["model.cached_views"] == 8
