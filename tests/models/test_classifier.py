import torch

from ltmlc.models import build_model

SETTINGS = {"backbone": "small", "width": 8, "frozen_stages": 1, "norm_eval": True}


def names(model, group):
    ids = {id(parameter) for parameter in group["params"]}
    return {name for name, parameter in model.named_parameters() if id(parameter) in ids}


def test_parameter_groups_leave_out_what_is_frozen():
    model = build_model(SETTINGS, 4, generator_seed=0)
    (group,) = model.parameter_groups()
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert group["lr_factor"] == 1
    assert names(model, group) == trained
    assert not any(name.startswith(("backbone.conv1", "backbone.bn1", "backbone.layer1")) for name in trained)


def test_the_backbone_and_the_experts_stages_learn_at_their_own_factor():
    model = build_model(SETTINGS | {"head": "experts"}, 4, generator_seed=0)
    lower, rest = model.parameter_groups(0.1)
    assert (lower["lr_factor"], rest["lr_factor"]) == (0.1, 1.0)
    assert {name.split(".")[1] for name in names(model, lower)} == {"layer2", "layer3", "stages"}
    assert {name.split(".")[1] for name in names(model, rest)} == {"heads"}


def test_a_wholly_frozen_backbone_gives_no_empty_group():
    model = build_model(SETTINGS | {"frozen_stages": 4}, 4, generator_seed=0)
    (group,) = model.parameter_groups(0.1)
    assert group["lr_factor"] == 1
    model.train()(torch.randn(2, 3, 32, 32)).sum().backward()
