import json
from pathlib import Path

import pytest

from ltmlc.errors import InputError
from ltmlc.plan.config import find_file, load_config, load_dataset, merge
from ltmlc.plan.lookup import files_of, own_or_shipped
from ltmlc.plan.reading.schema import check, defaults
from ltmlc.plan.reading.yaml_file import read_yaml

ROOT = Path(__file__).parents[2]
DATASETS = sorted(path.stem for path in (ROOT / "config" / "datasets").glob("*.yaml"))


def write_dataset(root: Path, name: str, text: str) -> Path:
    path = root / "config" / "datasets" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_an_empty_configuration_is_the_paper():
    config = load_config({})
    assert config == defaults("config")
    assert config == load_config(ROOT / "config.yaml")


def test_file_mapping_and_json_text_are_read_alike():
    file = ROOT / "config" / "demo.yaml"
    assert load_config(file) == load_config(read_yaml(file)) == load_config(json.dumps(read_yaml(file)))


def test_a_checked_configuration_can_be_passed_on_to_a_job():
    config = load_config(ROOT / "config" / "demo.yaml")
    assert load_config(json.dumps(config)) == config


def test_what_snakemakes_command_line_hands_over_as_text_is_read_as_what_it_is():
    """Snakemake 9 reads ``--config seeds=[0,1] 'model={stride_in_1x1: true}'`` with all values as text."""
    given = {
        "seeds": ["0", "1"],
        "data": {"root": "123", "max_side": "null"},
        "model": {"weights": "null", "stride_in_1x1": "true"},
        "training": {"checkpoint_minutes": "0.5", "allow_cpu": "true", "device": "cpu"},
    }
    config = load_config(given)
    assert config["seeds"] == [0, 1]
    assert config["data"] == {"root": "123", "max_side": None}
    assert config["model"] == {"weights": None, "stride_in_1x1": True}
    training = config["training"]
    assert (training["checkpoint_minutes"], training["allow_cpu"], training["device"]) == (0.5, True, "cpu")


def test_keys_that_are_left_out_keep_their_defaults_within_a_part():
    training = load_config({"training": {"threads": 1}})["training"]
    assert training == {**defaults("config")["training"], "threads": 1}


def test_merging_changes_neither_of_its_arguments():
    base, override = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}
    assert merge(base, override) == {"a": {"b": 3, "c": 2}}
    assert (base, override) == ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"sedes": [0]}, ["config", "'sedes'", "valid keys", "seeds"]),
        ({"training": {"thread": 2}}, ["training", "'thread'", "threads"]),
        ({1: "x", "sedes": [0]}, ["'1'", "'sedes'", "valid keys"]),
        ({"seeds": 0}, ["seeds", "0", "array"]),
        ({"seeds": [True]}, ["seeds", "True", "integer"]),
        ({"seeds": [-1]}, ["seeds.0", "-1"]),
        ({"seeds": []}, ["seeds"]),
        ({"seeds": [0, 0]}, ["seeds", "twice"]),
        ({"datasets": ["voc-lt", "voc-lt"]}, ["datasets", "twice"]),
        ({"training": {"precision": "half"}}, ["training.precision", "'half'", "tf32", "float32", "bf16"]),
        ({"training": {"device": "gpu"}}, ["training.device", "'gpu'", "auto, cpu, cuda or cuda:N"]),
        ({"training": {"threads": "all"}}, ["training.threads", "'all'", "integer"]),
        ({"training": None}, ["training", "None", "object"]),
        ({"data": {"max_side": 8}}, ["data.max_side", "8"]),
        ({"data": {"max_side": "big"}}, ["data.max_side", "'big'", "expected integer or null"]),
        ({"model": {"backbone": "resnet18"}}, ["model", "'backbone'", "weights"]),
        ("{not json", ["config", "JSON"]),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key_and_what_is_valid(config, words):
    with pytest.raises(InputError) as error:
        load_config(config)
    assert "\n" not in str(error.value)
    assert [word for word in words if word not in str(error.value)] == []


def test_the_sentence_names_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("sedes: [0]\n")
    with pytest.raises(InputError, match=r"mine\.yaml: the file: unknown key 'sedes'"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1\n", ["not readable YAML", "line 2"]),
        ("- a\n", ["mapping", "list"]),
        ("a: 1\nb: {c: 1, c: 2}\n", ["key 'c' is given twice", "line 2"]),
        ("", ["mapping"]),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text, words):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        read_yaml(tmp_path / "a.yaml")
    assert [word for word in ["a.yaml", *words] if word not in str(error.value)] == []


def test_a_configuration_file_may_be_called_config(tmp_path, monkeypatch):
    """The word that messages use for a configuration without a file must not be taken for one."""
    monkeypatch.chdir(tmp_path)
    Path("config").write_text("seeds: [3]\n")
    assert load_config("config")["seeds"] == [3]


def test_a_missing_file_is_answered_with_the_files_beside_it(tmp_path):
    (tmp_path / "demo.yaml").write_text("{}")
    with pytest.raises(InputError, match=r"dema\.yaml does not exist; .* has: demo"):
        read_yaml(tmp_path / "dema.yaml")


def test_an_unknown_name_is_answered_with_the_names_there_are():
    with pytest.raises(InputError, match=r"config: tables: 'table7' .*valid: .*fig4, .*table1, table2"):
        find_file("tables", "table7", ROOT, where="config: tables")


def test_a_folders_own_files_come_first_and_what_it_lacks_is_the_projects(tmp_path):
    own = tmp_path / "config" / "tables" / "table1.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    assert find_file("tables", "table1", tmp_path, where="config") == own
    assert find_file("tables", "table2", tmp_path, where="config") == ROOT / "config/tables/table2.yaml"
    assert set(files_of("tables", tmp_path)) == set(files_of("tables", ROOT))
    assert load_dataset("voc-lt", tmp_path) == load_dataset("voc-lt", ROOT)
    assert own_or_shipped("config/claims.yaml", tmp_path) == ROOT / "config/claims.yaml"
    (tmp_path / "config" / "claims.yaml").write_text("{}")
    assert own_or_shipped("config/claims.yaml", tmp_path) == tmp_path / "config/claims.yaml"


def test_a_file_that_is_nowhere_is_looked_for_in_ones_own_folder(tmp_path):
    assert own_or_shipped("config/reference/mine.csv", tmp_path) == tmp_path / "config/reference/mine.csv"


def test_a_name_cannot_lead_out_of_the_folder():
    with pytest.raises(InputError, match="valid: coco-lt"):
        find_file("datasets", "../demo", ROOT, where="config: datasets")


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_of_the_repository_is_valid_and_complete(name):
    settings = load_dataset(name, ROOT)
    assert {"title", "source", "model", "augmentation", "thresholds", "constants"} <= set(settings)
    check(settings, schema="dataset", where=name)


def test_recipes_of_the_repository_are_valid():
    check(read_yaml(ROOT / "config" / "recipes.yaml"), schema="recipes", where="recipes.yaml")


def test_a_data_set_takes_from_another_what_it_does_not_say():
    voc, voc07 = load_dataset("voc-lt", ROOT), load_dataset("voc07-lt", ROOT)
    assert voc07["constants"] == voc["constants"]
    assert voc07["subset"] == {**voc["subset"], "sha256": voc07["subset"]["sha256"]}
    assert voc07["title"] != voc["title"]
    assert "extends" not in voc07


def test_another_kind_of_source_leaves_the_others_images_behind(tmp_path):
    for name in ("voc-lt", "digits20-lt"):
        write_dataset(tmp_path, name, (ROOT / "config" / "datasets" / f"{name}.yaml").read_text())
    csv = {"kind": "csv", "table": "a.csv"}
    write_dataset(tmp_path, "mine", "extends: voc-lt\nsource: {kind: csv, table: a.csv}\nsubset: {maximum: 9}\n")
    settings = load_dataset("mine", tmp_path)
    assert (settings["source"], settings["subset"]) == (csv, {"maximum": 9})
    assert settings["model"] == load_dataset("voc-lt", tmp_path)["model"]
    assert {entry["kind"] for entry in settings["downloads"]} == {"weights"}, "the network's, not the images'"


def test_own_annotations_take_the_place_of_cocos_sets_with_all_that_belongs_to_them(tmp_path):
    write_dataset(tmp_path, "coco-lt", (ROOT / "config" / "datasets" / "coco-lt.yaml").read_text())
    parts = {part: {"annotations": f"{part}.json", "images": "photographs"} for part in ("train", "test")}
    own = {"kind": "coco", **parts}
    write_dataset(tmp_path, "mine", f"extends: coco-lt\nsource: {json.dumps(own)}\nsubset: {{maximum: 9}}\n")
    settings = load_dataset("mine", tmp_path)
    assert (settings["source"], settings["subset"]) == (own, {"maximum": 9}), "not COCO-LT's list of ids"
    assert {entry["kind"] for entry in settings["downloads"]} == {"weights"}


def test_data_sets_that_extend_each_other_are_refused(tmp_path):
    write_dataset(tmp_path, "a", "extends: b\n")
    write_dataset(tmp_path, "b", "extends: a\n")
    with pytest.raises(InputError, match=r"b\.yaml: extends: a -> b -> a goes round"):
        load_dataset("a", tmp_path)


def test_extending_an_unknown_data_set_names_the_file_that_does(tmp_path):
    write_dataset(tmp_path, "a", "extends: b\n")
    with pytest.raises(InputError, match=r"a\.yaml: extends: 'b' .*valid: a"):
        load_dataset("a", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: T\nsource: {kind: digits}\n", ["missing key", "'model'", "'augmentation'"]),
        ("titel: T\n", ["unknown key 'titel'", "title"]),
        ("source: {kind: imagenet}\n", ["source.kind", "'imagenet'", "voc", "coco", "csv", "digits"]),
        ("thresholds: {head: 0}\n", ["thresholds.head", "0"]),
        ("augmentation: {mean: [0, 0], std: [1, 1, 1]}\n", ["augmentation.mean"]),
        ("model: {norm_eval: maybe}\n", ["model.norm_eval", "'maybe'", "boolean"]),
        ("recipes: {dr: {lr: 1e-4}}\n", ["recipes.dr.lr", "'1e-4'", "number", "write 1.0e-4"]),
        (
            "augmentation: {mean: [0, 0, 0], std: [1, 1, 1], contrast: 2}\n",
            ["augmentation.contrast", "2", "null", "array"],
        ),
        ("recipes: {dr: {rate: 1}}\n", ["recipes.dr", "'rate'", "lr"]),
        ("constants: {gamma2: .nan}\n", ["constants.gamma2", "nan is not a finite number"]),
        ("recipes: {dr: {steps: [1, .inf]}}\n", ["recipes.dr.steps.1", "inf is not a finite number"]),
    ],
)
def test_a_mistake_in_a_data_set_names_its_file_and_key(tmp_path, text, words):
    write_dataset(tmp_path, "mine", text)
    with pytest.raises(InputError) as error:
        load_dataset("mine", tmp_path)
    assert [word for word in ["mine.yaml", *words] if word not in str(error.value)] == []
