from pathlib import Path

import pytest

from ltmlc.errors import InputError
from ltmlc.plan.config import load_config, load_dataset
from ltmlc.plan.network import BACKBONE_KEYS, check_fit, complete_model
from ltmlc.plan.reading.extend import CONFIG_PATHS, DATASET_PATHS, tidy_paths
from ltmlc.plan.reading.yaml_file import read_yaml

ROOT = Path(__file__).parents[3]


@pytest.fixture
def mine(tmp_path):
    """Writes a data set that extends another, and returns what is read of it."""

    def read(text: str, *, base: str = "voc-lt") -> dict:
        path = tmp_path / "config" / "datasets" / "mine.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"extends: {base}\ntitle: Mine\n{text}")
        return load_dataset("mine", tmp_path)

    return read


@pytest.mark.parametrize("written", ["out", "out/", "./out", ".//out//", "out/."])
def test_a_path_has_one_spelling_in_every_key_of_a_configuration(written):
    config = load_config({"results": written, "figures": written, "data": {"root": written}, "reference": written})
    assert [config["results"], config["figures"], config["data"]["root"], config["reference"]] == ["out"] * 4


def test_a_tilde_is_the_home_in_every_key_of_a_configuration(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    model = {"weights": "~/w.pth", "word_vectors": "~/v.npy"}
    config = load_config({"results": "~/r", "figures": "~", "data": {"root": "~/d/"}, "model": model})
    assert (config["results"], config["figures"], config["data"]["root"]) == ("/home/me/r", "/home/me", "/home/me/d")
    assert config["model"] == {"weights": "/home/me/w.pth", "word_vectors": "/home/me/v.npy"}


def test_a_home_that_there_is_not_is_refused_before_a_folder_of_that_name_is_made():
    with pytest.raises(InputError, match=r"config: results: '~nobody-here/r' begins with ~.*write the whole path"):
        load_config({"results": "~nobody-here/r"})


@pytest.mark.parametrize("key", DATASET_PATHS)
def test_every_path_of_a_data_set_is_read_in_its_plain_form(key):
    settings, part = {}, {}
    part = settings
    *outer, last = key.split(".")
    for name in outer:
        part = part.setdefault(name, {})
    part[last] = "./mine//it/"
    found = tidy_paths(settings, DATASET_PATHS, where="file")
    for name in key.split("."):
        found = found[name]
    assert found == "mine/it"


def test_every_key_that_is_called_a_path_is_read_as_one():
    """config/README.md says which keys of config.yaml are paths."""
    rows = (Path(__file__).parents[3] / "config" / "README.md").read_text().partition("## datasets")[0].splitlines()
    paths = [row.split("|")[1].strip(" `") for row in rows if row.count("|") > 3 and "path" in row.split("|")[2]]
    assert sorted(paths) == sorted(CONFIG_PATHS)


def test_words_that_stand_for_a_path_stay_as_they_are():
    assert load_config({"model": {"weights": "imagenet"}})["model"]["weights"] == "imagenet"
    assert load_config({})["reference"] == "published"


@pytest.mark.parametrize("subset", ["{maximum: 1200, seed: 1}", "{ids: mine.txt}", "{seed: 1, sha256: null}"])
def test_another_subset_leaves_the_inherited_checksum_behind(mine, subset):
    assert "sha256" not in mine(f"subset: {subset}\n")["subset"]


def test_an_inherited_list_is_left_behind_where_images_are_constructed_anew(mine):
    subset = mine("subset: {maximum: 100}\n", base="coco-lt")["subset"]
    assert subset["maximum"] == 100 and not {"ids", "sha256"} & set(subset)


def test_the_same_subset_keeps_its_checksum(mine):
    assert mine("subset: {}\n")["subset"] == load_dataset("voc-lt")["subset"]


def test_null_takes_an_inherited_key_back(mine):
    settings = mine("subset: null\nprobes: null\nthresholds: {head: null}\n")
    assert "subset" not in settings and "probes" not in settings and settings["thresholds"]["head"] == 100


def test_null_stays_a_value_of_the_network(mine):
    assert mine("model: {weights: null}\n")["model"]["weights"] is None


def test_a_timm_model_takes_neither_network_nor_normalisation_of_the_backbone_before_it(mine):
    settings = mine("model: {backbone: 'timm:test_resnet', dropout: 0.1}\n")
    kept = set(read_yaml(ROOT / "config/datasets/voc-lt.yaml")["model"]) - {*BACKBONE_KEYS, "weights"}
    assert set(settings["model"]) == {"backbone", "dropout"} | kept
    assert not {"mean", "std"} & set(settings["augmentation"]) and settings["augmentation"]["brightness"] == 32
    assert complete_model(settings["model"])["image_size"] is None
    with pytest.raises(InputError, match=r"model\.weights: imagenet has no weights for timm:test_resnet; write timm"):
        check_fit(complete_model(settings["model"] | {"weights": "imagenet"}))


def test_another_backbone_of_this_program_takes_them(mine):
    settings = mine("model: {backbone: resnet18}\n")
    assert (settings["model"]["image_size"], settings["augmentation"]["mean"][0]) == (224, 123.675)
