"""Backbones of the package timm: what is built, what stays fixed, and each mistake in one sentence."""

import sys
from functools import partial

import pytest
import timm
import torch
from safetensors.torch import save_file

from ltmlc.errors import InputError
from ltmlc.models import build_model
from ltmlc.models.from_timm import settled
from ltmlc.plan.network import complete_model

NAME = "timm:test_resnet"
MODEL = {"backbone": NAME, "image_size": 32, "neck_features": 8}


def built(**changes):
    return build_model({**MODEL, **changes}, 3, generator_seed=0)


def whole(name="test_resnet"):
    """A model of timm with its classifier, as its weights are published; values its own."""
    torch.manual_seed(7)
    return timm.create_model(name, pretrained=False, num_classes=10)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_mambaout", "test_efficientnet", "test_convnext"])
def test_features_are_those_that_the_model_itself_pools_from_the_weights_of_a_file(name, tmp_path):
    own = whole(name).eval()
    torch.save(own.state_dict(), tmp_path / "w.pth")
    size = own.pretrained_cfg["input_size"][-1]
    model = built(backbone=f"timm:{name}", image_size=None, weights=str(tmp_path / "w.pth")).eval()
    images = torch.rand(2, 3, size, size)
    own.reset_classifier(0)
    with torch.no_grad():
        torch.testing.assert_close(model.backbone(images)[..., 0, 0], own(images))
    assert model(images).shape == (2, 3)


def test_a_file_of_safetensors_is_read_too(tmp_path):
    own = whole().state_dict()
    save_file(own, tmp_path / "w.safetensors")
    model = built(weights=str(tmp_path / "w.safetensors"))
    assert torch.equal(model.backbone.network.conv1[0].weight, own["conv1.0.weight"])


def test_the_same_seed_gives_the_same_weights_and_the_callers_random_state_is_left_alone():
    before = torch.get_rng_state()
    first, again = built().state_dict(), built().state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("frozen", [[], ["conv1", "bn1", "layer1"], ["layer2.0"], "all"])
@pytest.mark.parametrize("norm_eval", [True, False])
def test_named_parts_stay_bit_identical_and_the_others_learn(frozen, norm_eval):
    model = built(frozen_stages=frozen, norm_eval=norm_eval).train()
    network = model.backbone.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model(torch.rand(4, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    fixed = [""] if frozen == "all" else [f"{name}." for name in frozen]
    assert not {name for name in moved if name.startswith(tuple(fixed))}
    assert (frozen == "all") or any(name.startswith("layer4") and name.endswith("weight") for name in moved)
    statistics = {name for name in moved if "running" in name}
    assert (statistics == set()) is (norm_eval or frozen == "all")


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_no_model_draws_in_training(name, monkeypatch):
    """Its draws would not be the run's: a run that was interrupted would go on with others."""
    rates = {"drop_rate": 0.5, "drop_path_rate": 0.5}  # some models have such by themselves
    monkeypatch.setattr(timm, "create_model", partial(timm.create_model, **rates))
    backbone = built(backbone=f"timm:{name}").backbone.train()
    images = torch.rand(8, 3, 32, 32)
    assert torch.equal(backbone(images), backbone(images))


def test_experts_share_the_whole_backbone():
    model = built(head="experts", num_experts=2).train()
    assert model(torch.rand(4, 3, 32, 32)).shape == (2, 4, 3)
    assert not list(model.head.stages.parameters())


def test_a_data_set_that_holds_the_features_of_a_timm_model_needs_no_weights_of_it():
    model = built(weights="embedded", frozen_stages="all", cached_views=2)
    assert model(torch.rand(4, model.backbone.out_channels, 1, 1)).shape == (4, 3)


def test_what_a_specification_does_not_state_is_the_models_own_and_is_listed():
    spec = {"model": complete_model({"backbone": NAME}), "augmentation": {"flip": 0.5}}
    filled = settled(spec)
    assert filled["model"]["image_size"] == 160
    assert filled["augmentation"] == {"flip": 0.5, "mean": [127.5] * 3, "std": [127.5] * 3}
    assert filled["from_backbone"] == ["image_size", "mean", "std"]
    imagenet = settled({**spec, "model": {**spec["model"], "backbone": "timm:test_efficientnet"}})["augmentation"]
    assert imagenet["mean"] == [123.675, 116.28, 103.53] and imagenet["std"] == [58.395, 57.12, 57.375]
    stated = {"model": {**spec["model"], "image_size": 32}, "augmentation": {"mean": [0] * 3, "std": [1] * 3}}
    assert settled(stated) is stated


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "timm:test_resnt"}, ["model.backbone", "no model test_resnt", "test_resnet"]),
        ({"backbone": "timm:resnet18.a1_in2k"}, ["no model resnet18.a1_in2k", "resnet18.a1_in1k"]),
        ({"backbone": "timm:qqqqqqqqqqq"}, ["no model qqqqqqqqqqq", "timm.list_models()"]),
        ({"frozen_stages": ["conv1", "layer9"]}, ["no part layer9", "conv1, bn1, layer1, layer2, layer3, layer4"]),
        ({"frozen_stages": ["layer1.7"]}, ["no part layer1.7", "it has layer1.0 in layer1"]),
        ({"frozen_stages": 2}, ["model.frozen_stages is 2", "[conv1, bn1, layer1]"]),
        ({"frozen_stages": "most"}, ["frozen_stages: 'most' is not valid", "or all"]),
        ({"backbone": "resnet10", "frozen_stages": "all"}, ["model.frozen_stages is all", "from 0 to 4"]),
        ({"backbone": "resnet10", "image_size": None}, ["model.image_size is null"]),
        ({"backbone": "resnet10", "weights": "timm"}, ["model.weights: timm"]),
        ({"weights": "imagenet"}, ["model.weights: imagenet", "write timm"]),
        ({"width": 8}, ["model.width", "remove it"]),
        ({"cached_views": 2}, ["model.cached_views", "model.frozen_stages to all"]),
        ({"cached_views": 2, "frozen_stages": "all"}, ["model.cached_views", "model.weights to timm"]),
        ({"backbone": "timm:test_vit", "image_size": 8}, ["test_vit", "8 px"]),
        ({"backbone": "timm:../x"}, ["backbone: 'timm:../x' is not valid", "timm:NAME"]),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_sentence_that_says_what_can(changes, words):
    with pytest.raises(InputError) as error:
        built(**changes)
    message = str(error.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(whole("test_efficientnet").state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"model\.weights: .*w\.pth lacks conv1\.0\.weight, .*; it must fit"):
        built(weights=str(tmp_path / "w.pth"))
    (tmp_path / "w.safetensors").write_bytes(b"none")
    with pytest.raises(InputError, match="no file of safetensors, or damaged; write null, timm or the path"):
        built(weights=str(tmp_path / "w.safetensors"))


def test_without_timm_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"timm:test_resnet needs the package timm .*pip install 'ltmlc\[timm\]'"):
        built()


def test_a_download_that_fails_says_what_to_do_in_its_place(monkeypatch):
    def refuse(*_, **options):
        assert options["pretrained"]
        raise OSError("no network\nlong story")

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(InputError, match=r"could not be loaded \(OSError: no network\); give the path of a file"):
        built(weights="timm")
