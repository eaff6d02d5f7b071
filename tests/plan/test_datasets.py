"""What must fit together in a data set's file; the tests of a single key are in test_config.py."""

from pathlib import Path

import pytest
import yaml

from ltmlc.errors import InputError
from ltmlc.plan.config import load_dataset
from ltmlc.plan.datasets import check_recipe_names
from ltmlc.plan.reading.yaml_file import read_yaml

ROOT = Path(__file__).parents[2]
WHOLE = """
title: Mine
source: {kind: csv, table: mine.csv}
model: {backbone: resnet18, image_size: 64}
augmentation: {mean: [0, 0, 0], std: [1, 1, 1]}
"""


@pytest.fixture
def load(tmp_path):
    """``load(whole, own)``: a data set ``mine`` that extends another."""
    folder = tmp_path / "config" / "datasets"
    folder.mkdir(parents=True)

    def loaded(own: str, whole: str = WHOLE):
        (folder / "base.yaml").write_text(whole)
        (folder / "mine.yaml").write_text(f"extends: base\n{own}")
        return load_dataset("mine", tmp_path)

    return loaded


def test_a_data_set_that_fits_together_is_loaded(load):
    assert load("subset: {minimum: 5, maximum: 5}\nthresholds: {head: 21}\n")["thresholds"] == {
        "head": 21,
        "medium": 20,
    }


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("source: {tabel: other.csv}\n", ["source: unknown key 'tabel'", "valid keys", "table"]),
        ("source: {train: a.csv}\n", ["source: kind csv needs table", "train and test"]),
        ("source: {table: [a.csv]}\n", ["source.table", "['a.csv']", "string"]),
        ("source: {kind: voc, train: {year: '2007', set: train}}\n", ["source: kind voc needs train and test"]),
        ("source: {kind: voc, train: 5, test: 6}\n", ["source.t", "wrong type", "object"]),
        (
            "source: {kind: coco, train: {sets: a}, test: {set: b}}\n",
            ["source.train", "'sets'", "annotations, images, set"],
        ),
        (
            "source: {kind: voc, train: {year: '2012'}, test: {year: '2007', set: test}}\n",
            ["source: kind voc needs train and test, each as {year:"],
        ),
        (
            "source: {kind: coco, train: {set: train2017}, test: {annotations: a.json}}\n",
            ["source: kind coco needs train and test, each as {set: train2017} or"],
        ),
        ("source: {train: a.csv, test: b.csv}\n", ["source: kind csv needs table"]),
        (
            "source: {table: null, train: a.csv, test: b.csv, columns: {split: fold}}\n",
            ["source: splits and columns.split are of a column split"],
        ),
        (
            "source: {lists: {train: a.txt, test: b.txt}, splits: {train: a, test: b}}\n",
            ["source: splits and columns.split would not be used beside lists"],
        ),
        (
            "source: {table: null, train: a.csv, test: b.csv, lists: {train: a.txt, test: b.txt}}\n",
            ["source: lists are of the rows of table"],
        ),
        ("source: {kind: digits, main_skew: 0.5}\n", ["source.main_skew", "0.5", "minimum of 1"]),
        ("source: {kind: digits, pool: many}\n", ["source.pool", "'many'", "integer"]),
        ("source: {kind: digits, inks: 9}\n", ["source.inks", "9", "maximum of 8"]),
        ("source: {kind: digits, hub_probability: 3}\n", ["source.hub_probability", "3", "maximum of 1"]),
        ("subset: {minimum: 9, maximum: 5}\n", ["subset.minimum is 9", "subset.maximum 5"]),
        ("subset: {minimum: 900}\n", ["subset.minimum is 900", "subset.maximum 800"]),
        ("subset: {sha256: abc}\n", ["subset.sha256", "'abc'", "64 hexadecimal digits"]),
        ("thresholds: {head: 20}\n", ["thresholds.head is 20", "thresholds.medium 20"]),
        ("augmentation: {mean: [0, 0, 0], std: [1, 1, 1], contrast: [2, 1]}\n", ["augmentation.contrast", "[2, 1]"]),
        (
            "augmentation: {mean: [0, 0, 0], std: [1, 1, 1], crop_scale: [1, 2]}\n",
            ["augmentation.crop_scale", "at most 1"],
        ),
    ],
)
def test_what_does_not_fit_names_file_key_and_what_is_valid(load, own, words):
    with pytest.raises(InputError) as error:
        load(own)
    assert "\n" not in str(error.value)
    assert [word for word in ["mine.yaml: ", *words] if word not in str(error.value)] == []


def test_a_source_without_a_kind_is_asked_for_one(load):
    with pytest.raises(InputError, match=r"base\.yaml: source: missing key 'kind'; valid: voc, coco, csv, digits"):
        load("", WHOLE.replace("kind: csv, ", ""))


def test_a_change_of_a_recipe_that_there_is_not_is_refused():
    recipes = read_yaml(ROOT / "config" / "recipes.yaml")
    check_recipe_names({"recipes": {"db": {"lr": 0.1}}}, recipes, where="mine.yaml")
    with pytest.raises(InputError, match=r"mine\.yaml: recipes: unknown recipe 'bd'; valid: db, dr, gcn, uniform"):
        check_recipe_names({"recipes": {"bd": {"lr": 0.1}}}, recipes, where="mine.yaml")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("brightness", -3),
        ("brightness", "[0, 32]"),
        ("brightness", 256),
        ("hue", "'18'"),
        ("hue", "true"),
        ("contrast", 0.5),
        ("contrast", "[-0.5, 1.5]"),
        ("saturation", "[0.5]"),
        ("saturation", "ab"),
        ("crop_scale", "true"),
        ("crop_ratio", "[0, 2]"),
        ("flip", 1.5),
        ("flip", "true"),
        ("mean", "[1, 2]"),
        ("std", "[1, 0, 1]"),
        ("std", "null"),
    ],
)
def test_an_augmentation_that_cannot_be_is_refused_before_it_is_drawn(load, key, value):
    augmentation = {"mean": [0, 0, 0], "std": [1, 1, 1], key: yaml.safe_load(str(value))}
    with pytest.raises(InputError, match=rf"mine\.yaml: augmentation\.{key}"):
        load(yaml.safe_dump({"augmentation": augmentation}))
