import pytest
import torch
import torchvision
from torch import nn

from ltmlc.models import BACKBONES, Backbone, build_model


def train_a_step(model, size=32):
    images = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1, weight_decay=0.1)
    model.train()(images).square().mean().backward()
    optimizer.step()


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def snapshot(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


@pytest.mark.parametrize("norm_eval", [False, True])
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_frozen_stages_stay_bit_identical_and_the_others_learn(frozen, norm_eval):
    backbone = Backbone("small", width=8, frozen_stages=frozen, norm_eval=norm_eval)
    before = snapshot(backbone)
    train_a_step(backbone)
    moved = {name.split(".")[0] for name in changed(before, backbone.state_dict())}
    parts = {0: ["conv1", "bn1", "layer1"], 1: [], 2: []}[frozen] + (["layer2"] if frozen < 2 else [])
    assert moved == {*parts, "layer3", "layer4"}


def test_fixed_batch_norm_keeps_its_statistics_but_learns_its_affine_parameters():
    backbone = Backbone("small", width=8, frozen_stages=1, norm_eval=True)
    before = snapshot(backbone)
    train_a_step(backbone)
    moved = changed(before, backbone.state_dict())
    assert not [name for name in moved if "running" in name or "tracked" in name]
    assert {"layer2.0.bn1.weight", "layer4.0.bn2.bias"} <= moved
    assert not any(module.training for module in backbone.modules() if isinstance(module, nn.BatchNorm2d))


def test_without_norm_eval_only_frozen_batch_norm_is_in_evaluation_mode():
    backbone = Backbone("small", width=8, frozen_stages=1).train()
    training = {
        name for name, module in backbone.named_modules() if isinstance(module, nn.BatchNorm2d) and module.training
    }
    assert training
    assert all(name.startswith(("layer2", "layer3", "layer4")) for name in training)


def test_frozen_stages_run_without_autograd():
    backbone = Backbone("small", width=8, frozen_stages=1)
    seen = {}
    for name in ("layer1", "layer2"):
        getattr(backbone, name).register_forward_hook(
            lambda _m, _i, out, name=name: seen.update({name: out.requires_grad})
        )
    backbone(torch.randn(1, 3, 32, 32))
    assert seen == {"layer1": False, "layer2": True}


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_plain_backbone_computes_what_torchvision_does(name):
    reference = getattr(torchvision.models, name)().double().eval()
    backbone = Backbone(name).double().eval()
    backbone.load_state_dict({k: v for k, v in reference.state_dict().items() if not k.startswith("fc.")})
    reference.fc = nn.Identity()
    images = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(backbone(images).mean((2, 3)), reference(images), rtol=1e-10, atol=1e-10)


def test_the_stride_moves_to_the_first_1x1_convolution():
    backbone = Backbone("resnet50", width=8, stride_in_1x1=True)
    strides = [(stage[0].conv1.stride, stage[0].conv2.stride) for stage in (backbone.layer2, backbone.layer3)]
    assert strides == [((2, 2), (1, 1))] * 2
    assert backbone.layer2[1].conv1.stride == (1, 1)
    assert backbone.eval()(torch.randn(1, 3, 64, 64)).shape == (1, 256, 2, 2)


@pytest.mark.parametrize(("stem", "side"), [("imagenet", 1), ("stride2", 2), ("small", 4)])
def test_stems_keep_more_of_small_images(stem, side):
    backbone = Backbone("resnet10", width=8, stem=stem).eval()
    assert backbone(torch.randn(1, 3, 32, 32)).shape == (1, 64, side, side)


@pytest.mark.parametrize("name", BACKBONES)
def test_out_channels_are_those_of_the_feature_maps(name):
    backbone = Backbone(name, width=8).eval()
    assert backbone(torch.randn(1, 3, 32, 32)).shape[1] == backbone.out_channels


@pytest.mark.parametrize("head", ["linear", "experts"])
def test_norm_eval_reaches_every_backbone_layer_and_not_the_neck(head):
    settings = {"backbone": "small", "width": 8, "head": head, "norm_eval": True}
    model = build_model(settings, 3, generator_seed=0).train()
    assert not any(module.training for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    assert all(module.training for module in model.modules() if isinstance(module, nn.BatchNorm1d))
