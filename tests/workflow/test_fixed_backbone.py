"""A data set whose backbone is fixed (`model.cached_views`): its features are made once, before any training."""

import json

import pytest
import tiny_config
import torch
import yaml

from ltmlc.models import build_model

MODEL = {"backbone": "small", "width": 4, "image_size": 16}
DATASET = {
    **tiny_config.DATASET,
    "model": {**MODEL, "weights": "backbone.pt", "frozen_stages": 4, "cached_views": 2, "neck_features": 16},
}
TABLE = tiny_config.table(tiny_config.DR, tiny_config.LSEP)


@pytest.fixture(scope="module")
def fixed(project):
    (project.root / "config" / "datasets" / "tiny.yaml").write_text(yaml.safe_dump(DATASET))
    (project.root / "config" / "tables" / "mine.yaml").write_text(yaml.safe_dump(TABLE))
    (project.root / "config.yaml").write_text(yaml.safe_dump(tiny_config.CONFIG))
    backbone = build_model(MODEL, 10, generator_seed=0).backbone
    torch.save(backbone.state_dict(), project.root / "backbone.pt")
    return project


def test_features_are_one_job_for_all_trainings_and_one_more_for_the_sweep(fixed):
    assert fixed.plan("--until", "train").jobs["features"] == 1
    sweep = fixed.plan("tune")
    assert (sweep.jobs["features_held_out"], sweep.jobs["train_held_out"]) == (1, 4)
    assert "features" not in sweep.jobs


def test_sweep_and_trainings_run_on_features_and_what_they_are_of_is_trained_again_when_it_changes(fixed):
    done = fixed.snakemake("tuned")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    results = fixed.root / "results"
    shas = {}
    for part in (results, results / "tune"):
        paths = list((part / "runs" / "tiny").glob("*/seed0/metrics.json"))
        assert paths
        shas[part] = {json.loads(path.read_text())["features_sha256"] for path in paths}
        assert len(shas[part]) == 1 and None not in shas[part]
    assert shas[results] != shas[results / "tune"], "other images"
    assert not fixed.plan("tuned").jobs

    changed = {**DATASET, "augmentation": {"brightness": 16, "mean": [64, 64, 64], "std": [60, 60, 60]}}
    (fixed.root / "config" / "datasets" / "tiny.yaml").write_text(yaml.safe_dump(changed))
    again = fixed.plan("--until", "train").jobs
    assert (again["features"], again["train"]) == (1, 2)
    by_hand = fixed.run("ltmlc", "train", "tiny", "lsep_bs-16")
    assert by_hand.returncode == 2
    assert "features.npz: made with other augmentation than this run's; run `ltmlc features`" in by_hand.stderr


def test_by_hand_the_same_sweep_makes_its_own_features(fixed):
    (fixed.root / "config" / "datasets" / "tiny.yaml").write_text(yaml.safe_dump(DATASET))
    folder = fixed.root / "results" / "tune"
    before = json.loads(next(folder.glob("runs/tiny/*/seed0/metrics.json")).read_text())["features_sha256"]
    (folder / "data" / "tiny" / "features.npz").unlink()
    done = fixed.run("ltmlc", "tune", "tiny", "--factors", "10")
    assert done.returncode == 0, done.stderr
    runs = [json.loads(path.read_text()) for path in folder.glob("runs/tiny/*/seed0/metrics.json")]
    assert len(runs) == 6
    assert {run["features_sha256"] for run in runs} == {before}, "the same features, made anew"
