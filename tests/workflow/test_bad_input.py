"""Mistakes a user can make: each gets one sentence with file and key, before anything is trained or overwritten.

Wrong values in the configuration are also tested beside their modules (test_config, test_spec, test_grid); here they
go through the commands and through Snakemake.
"""

import json

import pytest
from training import tiny

from ltmlc.cli import main
from ltmlc.data.split import load_split
from ltmlc.plan.config import load_config

CSV_SET = """
title: Mine
source: {kind: csv, table: mine.csv, classes: [cat, dog]}
model: {backbone: resnet18, image_size: 64, weights: null}
augmentation: {mean: [0, 0, 0], std: [1, 1, 1]}
"""


@pytest.fixture
def ltmlc(project, monkeypatch, capsys):
    """``ltmlc("plan")``: exit code and message of a command that is run in the project."""
    monkeypatch.chdir(project.root)

    def run(*arguments: str) -> str:
        assert main(list(arguments)) == 2
        message = capsys.readouterr().err
        assert message.startswith(f"ltmlc {arguments[0]}: error: ")
        assert message.count("\n") == 1, "one line, no traceback"
        return message

    return run


@pytest.fixture
def put(project):
    """``put(file, text)`` writes a file of the project for the length of one test."""
    before: dict = {}

    def write(file: str, text: str):
        path = project.root / file
        before[path] = path.read_text() if path.exists() else None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    yield write
    for path, text in before.items():
        path.unlink() if text is None else path.write_text(text)


def words_missing(message: str, *words: str) -> list[str]:
    return [word for word in words if word not in message]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sedes: [0]\n", ["mine.yaml", "'sedes'", "valid keys", "seeds"]),
        ("datasets: [voc]\n", ["mine.yaml: datasets", "'voc'", "voc-lt"]),
        ("tables: [table8]\n", ["mine.yaml: tables", "'table8'", "table1"]),
        ("seeds: zero\n", ["mine.yaml", "seeds", "'zero'", "array"]),
        ("training: {device: tpu}\n", ["mine.yaml", "training.device", "'tpu'"]),
        ("results: Snakefile\n", ["mine.yaml", "results", "'Snakefile'", "Snakefile is no folder"]),
        ("figures: Snakefile/new\n", ["mine.yaml", "figures", "'Snakefile/new'", "Snakefile is no folder"]),
        ("data: {root: Snakefile}\n", ["mine.yaml", "data.root", "'Snakefile'", "Snakefile is no folder"]),
        ("results: ./\n", ["mine.yaml", "results", "'.'", "a name"]),
        ("figures: /\n", ["mine.yaml", "figures", "'/'", "a name"]),
    ],
)
def test_a_mistake_in_the_configuration_names_file_key_and_what_is_valid(ltmlc, put, text, words):
    put("mine.yaml", text)
    for verb in ("plan", "status"):
        assert not words_missing(ltmlc(verb, "--config", "mine.yaml"), *words)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("name: drl", ["config/tables/table4.yaml, row 1 (C-LSEP)", "unknown loss 'drl'", "c_lsep"]),
        ("name: c_lsep, gama: 5", ["config/tables/table4.yaml, row 1 (C-LSEP)", "'gama'", "gamma, weight"]),
        ("name: c_lsep, gamma: high", ["config/tables/table4.yaml, row 1 (C-LSEP)", "gamma", "'high'", "like 1"]),
    ],
)
def test_a_mistake_in_a_table_names_file_row_and_what_is_valid(ltmlc, put, project, loss, words):
    table = (project.root / "config" / "tables" / "table4.yaml").read_text()
    put("config/tables/table4.yaml", table.replace("name: c_lsep, gamma: 5", loss, 1))
    assert not words_missing(ltmlc("plan"), *words)


def test_an_unknown_recipe_names_file_row_and_the_recipes(ltmlc, put, project):
    table = (project.root / "config" / "tables" / "table5.yaml").read_text()
    put("config/tables/table5.yaml", table.replace("recipe: db", "recipe: fast", 1))
    message = ltmlc("plan")
    assert not words_missing(message, "table5.yaml, row 1 (BCE)", "unknown recipe 'fast'", "db, dr, gcn, uniform")


def test_a_missing_data_root_is_said_and_no_split_is_written(ltmlc, project):
    message = ltmlc("subset", "voc-lt", "--data-root", "nowhere", "--out", "out/split.json")
    assert not words_missing(message, "data root", str(project.root / "nowhere"), "data.root")
    assert not (project.root / "out").exists()


def test_an_unknown_data_set_is_answered_with_those_there_are(ltmlc):
    message = ltmlc("subset", "voc", "--out", "out/split.json")
    assert not words_missing(message, "'voc'", "config/datasets", "coco-lt", "voc-lt")


def test_an_unknown_run_is_answered_with_those_there_are(ltmlc):
    message = ltmlc("train", "voc-lt", "dr_gamma1-5")
    assert not words_missing(message, "'dr_gamma1-5'", "voc-lt", "dr_gamma1-5_gamma2-7")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--spec", "{bad"), ["--spec is not readable JSON"]),
        (("--spec", "{}"), ["--spec lacks loss, sampler, batch_size, recipe, model, augmentation, precision"]),
        (("--spec", json.dumps(tiny.changed(recipe={"lr": "0.1"}))), ["--spec: recipe.lr: '0.1' has the wrong type"]),
        (("--settings", "[]"), ["--settings: training: []", "expected object"]),
        (("--settings", '{"device": "tpu"}'), ["--settings: training.device: 'tpu' is not valid"]),
        (("--settings", '{"treads": 2}'), ["--settings: training: unknown key 'treads'", "threads"]),
    ],
)
def test_what_the_rules_pass_to_a_training_is_checked_when_given_by_hand(ltmlc, option, words):
    assert not words_missing(ltmlc("train", "voc-lt", "dr_gamma1-5_gamma2-7", *option), *words)


def test_settings_that_are_not_given_by_hand_are_those_of_a_configuration_without_them(tmp_path, monkeypatch):
    """Every key that a training asks for is there, whichever are given."""
    told = []

    def attempt(*_, settings, **__):
        told.append(settings)
        return 0

    monkeypatch.setattr("ltmlc.workflow.attempt.attempt_training", attempt)
    (tmp_path / "split.json").write_text("{}")
    folders = ["--data", str(tmp_path), "--out", str(tmp_path / "out")]
    spec = json.dumps(tiny.SPEC)
    given = ["--spec", spec, "--settings", '{"gpu_share": 2}', "--code", "c0de"]
    assert main(["train", "x", "y", *folders, *given]) == 0
    assert told == [load_config({"training": {"gpu_share": 2}})["training"]]


def test_a_negative_seed_is_refused(project, capsys):
    with pytest.raises(SystemExit):
        main(["train", "voc-lt", "bce", "--seed", "-1"])
    assert "--seed: '-1' is not a whole number" in capsys.readouterr().err


def test_a_class_without_a_training_image_is_named(ltmlc, put, project):
    put("config/datasets/mine.yaml", CSV_SET)
    put("photos/mine.csv", "path,labels,split\na.jpg,cat,train\nb.jpg,cat;dog,test\n")
    message = ltmlc("subset", "mine", "--data-root", "photos", "--out", "out/split.json")
    assert not words_missing(message, "config/datasets/mine.yaml: class dog", "no image")
    assert not (project.root / "out").exists()


def test_a_test_set_without_an_image_is_refused_before_anything_is_trained_for_it(ltmlc, put, project):
    put("config/datasets/mine.yaml", CSV_SET)
    put("photos/mine.csv", "path,labels,split\na.jpg,cat,train\nb.jpg,cat;dog,train\n")
    message = ltmlc("subset", "mine", "--data-root", "photos", "--out", "out/split.json")
    assert not words_missing(message, "config/datasets/mine.yaml: source.test has no image")
    assert not (project.root / "out").exists()


def test_a_class_without_a_test_image_is_told(put, project, monkeypatch, capsys):
    monkeypatch.chdir(project.root)
    put("config/datasets/mine.yaml", CSV_SET)
    put("photos/mine.csv", "path,labels,split\na.jpg,cat;dog,train\nb.jpg,cat,test\n")
    assert main(["subset", "mine", "--data-root", "photos", "--out", "untested.json"]) == 0
    assert "no test image has class dog, so no mean counts it" in capsys.readouterr().err


def test_snakemake_stops_with_the_sentence_and_no_traceback(project, put):
    put("config.yaml", "datasets: [voc]\n")
    done = project.snakemake("--dry-run")
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert not words_missing(output, "datasets", "'voc'", "voc-lt")
    assert "Traceback (most recent call last)" not in output


def test_what_the_disk_refuses_snakemake_is_a_sentence_and_no_traceback(project, put):
    put("results/demo/tables", "a file, where a folder is to be")
    done = project.snakemake("--dry-run", "tables", "--configfile", "config/demo.yaml")
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert not words_missing(output, "results/demo/tables: something else lies where this is to be written", "move it")
    assert "Traceback (most recent call last)" not in output


def test_a_summary_leaves_a_damaged_result_alone(project, put):
    result = "results/demo/runs/digits20-lt/lsep/seed0/metrics.json"
    put(result, "edited")
    done = project.snakemake("--summary", result, "--configfile", "config/demo.yaml")
    assert done.returncode == 0
    assert "a real run keeps it as metrics.json.damaged" in done.stdout + done.stderr
    assert [file.name for file in (project.root / result).parent.iterdir()] == ["metrics.json"]


def test_a_seed_has_one_name_among_the_targets(project):
    target = "results/demo/runs/digits20-lt/lsep/seed{}/metrics.json".format
    assert project.snakemake("--dry-run", target(1), "--configfile", "config/demo.yaml").returncode == 0
    for seed in ("00", "07", "12345678901"):
        done = project.snakemake("--dry-run", target(seed), "--configfile", "config/demo.yaml")
        assert done.returncode == 1
        assert f"No rule to produce {target(seed)}" in done.stdout + done.stderr


def test_weights_that_do_not_fit_stop_the_run_before_its_first_job(project, put):
    import torch

    torch.save({"conv1.weight": torch.zeros(3, 3)}, project.root / "other.pth")
    put("mine.yaml", "datasets: [digits20-lt]\ntables: [table4]\nmodel: {weights: other.pth}\nresults: results/mine\n")
    assert project.snakemake("--dry-run", "tables", "--configfile", "mine.yaml").returncode == 0
    done = project.snakemake("tables", "--configfile", "mine.yaml")
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert not words_missing(output, "model.weights: other.pth lacks", "must fit the backbone", "digits20-lt")
    assert "Traceback (most recent call last)" not in output
    assert not (project.root / "results/mine").exists()


def test_a_split_that_was_changed_by_hand_stops_the_run_before_any_result_is_touched(project, put, monkeypatch):
    """Really run, not only planned: Snakemake removes old results of the jobs that it starts."""
    monkeypatch.chdir(project.root)
    assert main(["subset", "digits20-lt", "--out", "results/demo/data/digits20-lt/split.json"]) == 0
    file = project.root / "results/demo/data/digits20-lt/split.json"
    split = load_split(file)
    content = json.loads(file.read_text())
    content["train_ids"][0], content["train_ids"][1] = split.train_ids[1], split.train_ids[0]
    put("results/demo/data/digits20-lt/split.json", json.dumps(content))
    result = "results/demo/runs/digits20-lt/bce_recipe-db/seed0/metrics.json"
    put(result, "finished")
    done = project.snakemake("tables", "--configfile", "config/demo.yaml")
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert not words_missing(output, "results/demo/data/digits20-lt/split.json", "edited", "checksum", "delete it")
    assert "Traceback (most recent call last)" not in output
    assert (project.root / result).read_text() == "finished"
    assert not (project.root / "results/demo/data/digits80-lt").exists()
