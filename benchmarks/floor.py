"""What a training step cannot do without: arithmetic and bytes of an image, counted layer by layer."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ltmlc.models import build_model
from ltmlc.models.folding import convolve, convolve_relu


def floor(spec: dict, *, classes: int = 20) -> dict[str, float]:
    """Per image: floating point operations (a multiply-add is two), and bytes that layer by layer execution moves.

    Bytes: each layer reads its input and writes its output, in float32; backward, a trained one reads its output's
    gradient and its input and writes its input's gradient. Convolutions (with their fixed batch norm), pooling and
    linear layers are counted; ReLU and additions, which a compiler could merge into them, are not. Weights and
    optimiser, once a batch, are divided by it.
    """
    model = build_model(spec["model"], classes, generator_seed=0).train()
    count_images, size = 2, spec["model"]["image_size"]
    images = torch.zeros(count_images, 3, size, size)
    moved = {"frozen": 0, "trained": 0}

    def count(_: object, inputs: tuple, output: Tensor) -> None:
        read, written = inputs[0].numel() * 4, output.numel() * 4
        if output.requires_grad:
            moved["trained"] += read + written + (2 * read + written)
        else:
            moved["frozen"] += read + written

    def counted(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def run(features: Tensor, *rest: Any) -> Tensor:
            output = operation(features, *rest)
            count(None, (features,), output)
            return output

        return run

    hooks = [module.register_forward_hook(count) for module in model.modules() if not list(module.children())]
    with (
        patch("ltmlc.models.blocks.convolve", counted(convolve)),
        patch("ltmlc.models.blocks.convolve_relu", counted(convolve_relu)),
        patch("ltmlc.models.backbone.convolve_relu", counted(convolve_relu)),
        patch("ltmlc.models.folding._one_dnn_takes", lambda *_: False),  # the counter knows no fused convolution
        FlopCounterMode(display=False) as whole,
    ):
        model(images).sum().backward()
    for hook in hooks:
        hook.remove()
    with (
        patch("ltmlc.models.folding._one_dnn_takes", lambda *_: False),
        FlopCounterMode(display=False) as frozen,
        torch.no_grad(),
    ):
        backbone = model.backbone
        backbone.layer1(backbone.maxpool(convolve_relu(images, backbone.conv1, backbone.bn1)))
    sizes = [(p.numel() * 4, p.requires_grad) for p in model.parameters()]
    # Forward and backward read a weight, backward writes its gradient, clipping reads that, SGD reads gradient, weight
    # and velocity and writes the last two.
    weights = sum(size * (9 if trained else 1) for size, trained in sizes)
    return {
        "frozen GFLOP": frozen.get_total_flops() / count_images / 1e9,
        "trained GFLOP": (whole.get_total_flops() - frozen.get_total_flops()) / count_images / 1e9,
        "frozen MB": moved["frozen"] / count_images / 1e6,
        "trained MB": moved["trained"] / count_images / 1e6,
        "weights MB": weights / spec["batch_size"] / 1e6,
    }
