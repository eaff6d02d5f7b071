"""Channels last where that is safe."""

import pytest
import torch

from ltmlc.models import build_model
from ltmlc.models.layout import channels_last


def is_channels_last(network):
    weight = next(module.weight for module in network.modules() if getattr(module, "kernel_size", None) == (3, 3))
    return weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_the_papers_networks_are_channels_last(backbone):
    assert is_channels_last(channels_last(build_model({"backbone": backbone}, 4, generator_seed=0)))


@pytest.mark.parametrize("width", [4, 8, 15])
def test_a_network_that_one_dnn_would_corrupt_keeps_torchs_layout(width):
    network = build_model({"backbone": "resnet18", "width": width, "neck_features": 8}, 4, generator_seed=0)
    assert not is_channels_last(channels_last(network))
    images = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for _ in range(5):  # in channels last, the process ends here with a segmentation fault
        network(images).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters() if parameter.requires_grad)
