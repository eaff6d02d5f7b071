"""`ltmlc check`: every mistake that a training would meet at its start, met before the first one."""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
import torch
import yaml

from ltmlc.cli import main
from ltmlc.models import build_model

ROOT = Path(__file__).parents[2]
NETWORK = {"backbone": "resnet10", "image_size": 32, "width": 8, "neck_features": 16}
SOURCES = {
    "csv": {"kind": "csv", "table": "mine.csv", "classes": ["cat", "dog"]},
    "digits": {"kind": "digits", "pool": 10, "test": 10},
}


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """``check(run, model=...)``: exit code and message of `ltmlc check` on a table whose second row is ``run``."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)

    def checked(run, *, source="csv", model=None, network=NETWORK, **config):
        dataset = {"title": "Mine", "source": SOURCES[source], "model": network}
        dataset |= {"augmentation": {"mean": [0] * 3, "std": [1] * 3}, "constants": {"dr_lr": 0.001, "dr_epochs": 9}}
        rows = [{"label": "BCE", "origin": "own", "run": {"loss": [{"name": "bce"}], "recipe": "db"}}]
        rows.append({"label": "Mine", "origin": "own", "run": run})
        table = {"title": "Mine", "kind": "table", "caption": "", "rows": rows}
        Path("config/datasets/mine.yaml").write_text(yaml.safe_dump(dataset))
        Path("config/tables/mine.yaml").write_text(yaml.safe_dump(table))
        config = {"datasets": ["mine"], "tables": ["mine"], "model": model or {}, **config}
        Path("mine.yaml").write_text(yaml.safe_dump(config))
        code = main(["check", "--config", "mine.yaml"])
        return code, capsys.readouterr().err

    return checked


def loss(name="bce", **parameters):
    return {"loss": [{"name": name, **parameters}], "recipe": "dr"}


def weights_file(path="weights.pth", **changes):
    network = build_model({**NETWORK, "weights": None, **changes}, 2, generator_seed=0)
    torch.save(network.backbone.state_dict(), path)
    return path


def photographs(root="data"):
    """What the data set ``mine`` lists, under a data root."""
    Path(root, "mine.csv").write_text("path,labels,split\na.png,cat,train\nb.png,dog,train\nc.png,dog,test\n")
    cv2.imwrite(f"{root}/a.png", np.zeros((8, 8, 3), np.uint8))


def test_what_can_be_trained_is_said_to_be(check):
    photographs()
    assert check(loss("dr", gamma2=7), model={"weights": weights_file()}) == (
        0,
        "ltmlc check: all 2 trainings can start\n",
    )


def test_the_demo_can_be_trained(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["check", "--config", "config/demo.yaml"]) == 0
    told = capsys.readouterr()
    assert "all 92 trainings can start" in told.err
    assert "digits80-lt:\n  data         here: embedded\n" in told.out and "device: " in told.out


def test_without_its_photographs_nothing_can_be_trained(check):
    code, message = check(loss())
    assert code == 2 and message.startswith("ltmlc check: error: mine: data: ") and "data/mine.csv" in message


def test_what_a_cpu_would_be_refused_is_said_before_anything_is_downloaded(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    paper = {"datasets": ["voc-lt"], "tables": ["table4"], "data": {"root": "data"}}
    assert main(["check", "--config", json.dumps(paper)]) == 2
    told = capsys.readouterr()
    assert "on voc-lt has" in told.err and "hours to days on a CPU" in told.err and told.err.count("\n") == 1
    assert "will be downloaded (2.5 GB)" in told.out and "GPU hours" in told.out
    for allowed in (
        ["--config", json.dumps(paper), "--elsewhere"],
        ["--config", json.dumps({**paper, "training": {"allow_cpu": True}})],
    ):
        assert main(["check", *allowed]) == 0
        assert "all 4 trainings can start" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (loss("cb_focal", mode="x"), ["run.loss", "mode must be one of average_w", "'x'"]),
        (loss("dr", gamma2=-1), ["run.loss", "gamma2 must be a positive number"]),
        (loss("balpoe"), ["run.loss", "E = 3 experts", "head linear"]),
        ({**loss(), "model": {"head": "experts"}}, ["run.loss", "(M, C)", "head experts"]),
        ({**loss("balpoe", tau=[0, 1]), "model": {"head": "experts"}}, ["run.loss", "E = 2 experts"]),
    ],
)
def test_a_loss_that_would_refuse_its_parameters_or_its_head_names_the_row(check, run, words):
    code, message = check(run)
    assert (code, message.count("\n")) == (2, 1)
    assert [word for word in ["config/tables/mine.yaml, row 2 (Mine)", *words] if word not in message] == []


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"weights": "nowhere.pth"}, ["nowhere.pth is not a file", "imagenet"]),
        ({"weights": "imagenet"}, ["no weights for backbone resnet10", "resnet50"]),
        ({"weights": "pretrained"}, ["embedded digits"]),
        ({"stride_in_1x1": True}, ["model.stride_in_1x1", "resnet10"]),
    ],
)
def test_weights_that_the_network_cannot_have_are_refused(check, model, words):
    code, message = check(loss(), model=model)
    assert (code, message.count("\n")) == (2, 1)
    assert [word for word in ["mine: model.", *words] if word not in message] == []


def test_weights_of_other_shapes_are_refused_and_a_file_that_holds_none(check):
    code, message = check(loss(), model={"weights": weights_file(width=4)})
    assert code == 2
    assert "mine: model.weights: weights.pth has other shapes: conv1.weight (4, 3, 7, 7) instead of (8" in message
    Path("weights.pth").write_text("not weights")
    code, message = check(loss(), model={"weights": "weights.pth"})
    assert (code, message.count("\n")) == (2, 1)
    assert "weights.pth is not a file of tensors" in message


TIMM = {"backbone": "timm:test_resnet"}


def test_a_timm_model_can_be_trained_from_a_file_of_its_weights(check):
    photographs()
    torch.save(timm.create_model("test_resnet").state_dict(), "weights.pth")
    assert check(loss(), network={**TIMM, "weights": "weights.pth"})[0] == 0
    assert check(loss(), network={**TIMM, "weights": "timm"})[0] == 0, "downloads nothing"


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"backbone": "timm:test_resnt"}, ["no model test_resnt; close to it: test_resnet"]),
        ({**TIMM, "frozen_stages": ["stem"]}, ["has no part stem; it has conv1, bn1, layer1"]),
        ({**TIMM, "weights": "nowhere.pth"}, ["nowhere.pth is not a file; write null, timm or"]),
        ({"backbone": "timm:cs3darknet_s", "weights": "timm"}, ["timm has no weights for timm:cs3darknet_s"]),
        ({**TIMM, "weights": "other.pth"}, ["other.pth lacks conv1.0.weight"]),
    ],
)
def test_a_timm_model_that_cannot_be_had_is_refused(check, network, words):
    torch.save({"conv.weight": torch.zeros(2)}, "other.pth")
    code, message = check(loss(), network=network)
    assert (code, message.count("\n")) == (2, 1)
    assert [word for word in ["mine: model.", *words] if word not in message] == []


def test_timm_that_is_not_installed_is_said_before_any_training(check, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    code, message = check(loss(), network=TIMM)
    assert (code, message.count("\n")) == (2, 1)
    assert "mine: model.backbone: timm:test_resnet needs the package timm" in message and "pip install timm" in message


def test_word_vectors_that_cannot_come_are_missed_before_training(check):
    graph = {**loss(), "model": {"head": "graph"}}
    assert "model.word_vectors is null" in check(graph)[1]
    assert "glove.npy is neither here nor under data.root" in check(graph, model={"word_vectors": "glove.npy"})[1]
    Path("photographs").mkdir()
    np.save("photographs/glove.npy", np.ones((2, 3)))
    photographs("photographs")
    assert check(graph, model={"word_vectors": "glove.npy"}, data={"root": "photographs"})[0] == 0


def test_a_missing_data_root_is_said_for_data_that_cannot_be_downloaded(check):
    code, message = check(loss(), data={"root": "nowhere"})
    assert code == 2
    assert "mine: data: data root missing: there is no folder" in message and "nowhere" in message
    assert "set data.root to" in message
    assert check(loss(), source="digits", data={"root": "nowhere"})[0] == 0


def test_a_missing_reference_is_said_before_all_is_trained(check):
    code, message = check(loss(), reference="nowhere.csv")
    assert code == 2
    assert "reference: there is no file nowhere.csv; write published" in message


def test_a_reference_that_cannot_be_compared_with_is_said_before_all_is_trained(check):
    line = "mine,bce,0,50,50,50,50\n"
    Path("mine.csv").write_text(f"dataset,run,seed,total,head,medium,tail\n{line}{line.replace('50', '51')}")
    code, message = check(loss(), reference="mine.csv")
    assert code == 2 and "mine.csv, line 3: mine/bce/seed0 stands there twice" in message
