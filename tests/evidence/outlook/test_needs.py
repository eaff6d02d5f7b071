"""What a data set needs is here, comes, or is missing; and what the whole will take."""

from pathlib import Path

import pytest

from ltmlc.evidence.outlook.budget import disk_line, guess_lines, guesses, needs_lines
from ltmlc.evidence.outlook.needs import disk_bytes, needs_of
from ltmlc.evidence.outlook.plan import make_plan
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.grid import load_grid

OWN = """
extends: voc-lt
title: Own
source: {kind: csv, table: labels.csv, classes: [cat, dog]}
model: {backbone: resnet10, image_size: 32, weights: WEIGHTS}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of one's own, without a network's cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path


def own(weights="null"):
    Path("config/datasets").mkdir(parents=True)
    Path("config/datasets/own.yaml").write_text(OWN.replace("WEIGHTS", weights))
    return load_grid({"datasets": ["own"], "tables": ["table2"], "data": {"root": "photos"}})


def states(grid, dataset):
    return {need.what: need.state for need in needs_of(grid, dataset)}


def test_what_the_paper_needs_is_downloaded_with_its_size():
    grid = load_grid({"datasets": ["voc-lt"], "tables": ["table1"]})
    data, weights, vectors = needs_of(grid, "voc-lt")
    assert (data.what, data.state, data.size) == ("data", "will be downloaded", 1999639040 + 451020800)
    assert (weights.what, weights.size) == ("weights", 102530333)
    assert vectors.text.startswith("word vectors will be downloaded (size unknown): to data")
    assert "data         will be downloaded (2.5 GB): to data" in "\n".join(needs_lines([data]))


def test_word_vectors_are_asked_for_only_where_a_run_has_the_graph_head():
    grid = load_grid({"datasets": ["voc-lt"], "tables": ["table2"]})
    assert set(states(grid, "voc-lt")) == {"data", "weights"}


def test_embedded_data_are_here():
    grid = load_grid({"datasets": ["digits20-lt"], "tables": ["table2"]})
    assert states(grid, "digits20-lt") == {"data": "here", "weights": "made by the workflow"}


def test_data_of_ones_own_are_missing_until_table_and_photographs_are_there(folder):
    import cv2
    import numpy as np

    grid = own()
    photos = folder / "photos"
    photos.mkdir()
    (need,) = needs_of(grid, "own")
    assert need.state == "missing" and "labels.csv" in need.note
    (photos / "labels.csv").write_text("path,labels,split\n")
    (need,) = needs_of(grid, "own")
    assert (need.state, need.note) == ("missing", "the annotations under photos list no training image")
    (photos / "labels.csv").write_text("path,labels,split\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,test\n")
    (need,) = needs_of(grid, "own")
    assert need.state == "missing" and "a.jpg" in need.note
    cv2.imwrite(str(photos / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    (need,) = needs_of(grid, "own")
    assert (need.state, need.note) == ("here", "3 images under photos")


def test_a_pack_is_all_that_is_needed(folder):
    grid = own()
    made = folder / "results/data/own"
    (made / "pack").mkdir(parents=True)
    for file in (made / "split.json", made / "pack" / "index.json"):
        file.write_text("{}")
    assert states(grid, "own") == {"data": "here"}


def test_weights_that_are_a_file_must_be_there(folder):
    grid = own("mine.pth")
    assert states(grid, "own")["weights"] == "missing"
    Path("mine.pth").write_bytes(b"x")
    assert states(grid, "own")["weights"] == "here"


def test_the_budget_names_disk_hours_and_memory_and_says_that_it_is_an_estimate():
    grid = load_grid({"datasets": ["voc-lt"], "tables": ["table2"], "seeds": [0, 1]})
    needs = needs_of(grid, "voc-lt")
    disk = disk_bytes(grid, needs, {})
    data, weights, *_ = needs
    assert disk["downloads with their content"] == 2 * data.size + weights.size  # an archive and what is in it
    assert 3e9 < disk["packs"] < 5e9
    plan = make_plan(grid, load_results(grid, "results"))
    made = guesses(grid, plan, {})
    (guess,) = made
    assert guess.runs == 2 * len(grid.runs["voc-lt"])
    text = "\n".join([disk_line(grid, needs, {}), *guess_lines(made)])
    assert "still needed (downloads with their content 5.0 GB, packs" in text and "free" in text
    assert "estimate from arithmetic, nothing was measured" in text and "GiB a run" in text and "GPU hours" in text


def test_only_finished_runs_that_were_asked_for_are_off_what_is_still_to_be_written():
    grid = load_grid({"datasets": ["voc-lt"], "tables": ["table2"], "seeds": [0, 1]})
    before = disk_bytes(grid, [], {})["runs"]
    run = next(iter(grid.runs["voc-lt"]))
    for name in ("voc-lt/other/seed0", "coco-lt/dr/seed0", f"voc-lt/{run}/seed7", f"voc-lt/{run}/seed1"):
        Path("results/runs", name).mkdir(parents=True)
        Path("results/runs", name, "metrics.json").write_text("{}")
    assert disk_bytes(grid, [], {})["runs"] == before - before // (2 * len(grid.runs["voc-lt"]))


def test_nothing_is_estimated_where_training_is_asked_for_on_the_cpu():
    grid = load_grid({"datasets": ["voc-lt"], "tables": ["table2"], "training": {"device": "cpu"}})
    assert guesses(grid, make_plan(grid, load_results(grid, "results")), {}) == []
    assert guess_lines([]) == []
