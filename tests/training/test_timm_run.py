"""A small model of timm from a file of weights, through the program's verbs: on photographs, and on cached features."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
import tiny_config
import torch
import yaml
from fresh_interpreter import imported
from training import tiny

from ltmlc.cli import main
from ltmlc.plan.grid import load_grid
from ltmlc.training.predict import predict_images
from ltmlc.training.trained.load import load_run
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.stages import Stages

ROOT = Path(__file__).parents[2]
CLASSES = ["cat", "dog", "person"]
RUN = "dr_gamma1-5_gamma2-7_bs-16"
TRAINED = {
    "extends": "voc-lt",
    "title": "Trained",
    "source": {"kind": "csv", "table": "mine.csv"},
    "subset": None,
    "thresholds": {"head": 8, "medium": 4},
    "model": {"backbone": "timm:test_resnet", "weights": "w.pth", "frozen_stages": ["conv1", "bn1", "layer1"]},
    "recipes": {"dr": {"epochs": 2, "steps": [1], "warmup_iterations": 2}},
}
FIXED = {
    "extends": "trained",
    "title": "Fixed",
    "model": {"frozen_stages": "all", "cached_views": 2, "image_size": 32},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Twelve photographs of noise to train on and six to test on, weights, and both data sets' runs of DR."""
    root = tmp_path_factory.mktemp("timm")
    shutil.copytree(ROOT / "config", root / "config")
    (root / "data").mkdir()
    draw, rows = np.random.default_rng(0), ["path,labels,split"]
    for number in range(18):
        cv2.imwrite(str(root / f"data/{number}.jpg"), draw.integers(0, 256, (40, 48, 3), np.uint8))
        rows.append(f"{number}.jpg,{CLASSES[number % 3]},{'train' if number < 12 else 'test'}")
    (root / "data" / "mine.csv").write_text("\n".join(rows))
    torch.manual_seed(3)
    torch.save(timm.create_model("test_resnet", pretrained=False).state_dict(), root / "w.pth")
    for name, settings in (("trained", TRAINED), ("fixed", FIXED)):
        (root / f"config/datasets/{name}.yaml").write_text(yaml.safe_dump(settings))
    (root / "config/tables/mine.yaml").write_text(yaml.safe_dump(tiny_config.table(tiny_config.DR)))
    config = {**tiny_config.CONFIG, "datasets": ["trained", "fixed"]}
    config["training"] = {**config["training"], "keep_weights": True}
    (root / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("LTMLC_TRAINING", raising=False)
        assert main(["check"]) == 0
        for name in config["datasets"]:
            folder = f"results/data/{name}"
            assert main(["subset", name, "--out", f"{folder}/split.json"]) == 0
            assert main(["pack", name, "--split", f"{folder}/split.json", "--out", f"{folder}/pack"]) == 0
        assert main(["features", "fixed"]) == 0
        for name in config["datasets"]:
            assert main(["train", name, RUN]) == 0
    return root


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project)


def run_folder(name: str) -> Path:
    return Path(f"results/runs/{name}/{RUN}/seed0")


def metrics(name: str) -> dict:
    return json.loads((run_folder(name) / "metrics.json").read_text())


@pytest.mark.parametrize(("name", "size"), [("trained", 160), ("fixed", 32)])
def test_a_run_records_the_size_mean_and_std_that_it_took_from_the_model(name, size):
    found = metrics(name)
    assert found["status"] == "finished" and (found["features_sha256"] is not None) is (name == "fixed")
    assert found["spec"]["model"]["image_size"] == size
    assert found["spec"]["augmentation"]["mean"] == found["spec"]["augmentation"]["std"] == [127.5] * 3
    assert found["spec"]["augmentation"]["brightness"] == 32
    assert found["environment"]["timm"] == timm.__version__


@pytest.mark.parametrize(
    ("name", "fixed"), [("trained", ("conv1.", "bn1.", "layer1.")), ("fixed", ("",))], ids=["trained", "fixed"]
)
def test_the_network_starts_from_the_file_and_only_what_is_not_frozen_learns(name, fixed):
    before, after = torch.load("w.pth"), load_run(run_folder(name)).network.backbone.network.state_dict()
    learned = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert not any(key.startswith(fixed) for key in learned)
    assert ("layer4.0.conv1.weight" in learned) is (name == "trained")


@pytest.mark.parametrize("name", ["trained", "fixed"])
def test_the_network_that_was_kept_gives_the_runs_own_logits(name):
    found = predict_images(run_folder(name), pack=Path(f"results/data/{name}/pack"), device="cpu")
    logits = np.load(run_folder(name) / "predictions.npz")["logits"]
    np.testing.assert_allclose(found.logits[-6:], logits, rtol=1e-4, atol=1e-5)


def test_the_results_are_those_of_the_plan_which_does_not_say_what_the_model_does():
    assert main(["tabulate", "mine"]) == 0
    table = Path("results/tables/mine.md").read_text()
    assert "not yet" not in table and f"{100 * metrics('fixed')['map']['total']:.2f}" in table


def test_the_workflow_takes_a_run_made_by_hand_for_the_one_it_planned():
    grid = load_grid("config.yaml")
    stages = Stages(grid, Contents(Path("contents.json")))
    for name, specs in grid.runs.items():
        assert specs[RUN]["model"]["image_size"] == {"trained": None, "fixed": 32}[name]
        assert stages.run("results", name, RUN, 0, specs[RUN]).changed == ()


def test_a_run_of_a_timm_model_resumes_with_the_same_bits(data, tmp_path):
    model = {"backbone": "timm:test_resnet", "width": None, "frozen_stages": [], "norm_eval": False, "image_size": 32}
    spec = tiny.changed(model=model)
    whole = tiny.run(data, tmp_path / "whole", spec)
    tiny.assert_same_bits(whole, tiny.cut_and_resumed(data, tmp_path / "cut", spec))


def test_planning_imports_neither_timm_nor_torch():
    planned = "from ltmlc.cli import main; assert main(['plan']) == 0; assert main(['status']) == 0"
    assert not {"timm", "torch"} & imported(
        f"import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    {planned}"
    )
