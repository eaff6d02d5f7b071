"""How the tensors of a network lie in memory."""

import torch
from torch import nn


def channels_last(network: nn.Module, device: str | torch.device = "cpu") -> nn.Module:
    """``network`` on ``device``, channels last in memory: the layout in which convolutions are fastest.

    A network with a strided 1x1 convolution of fewer than 16 input channels keeps torch's own layout: in channels
    last and float32, oneDNN's gradient of such kernels writes past its buffer when several threads share it (seen with
    torch 2.14; a batch of three images is enough). None of the paper's networks has one.
    """
    narrow = any(
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels < 16
        for module in network.modules()
    )
    return network.to(device, memory_format=torch.contiguous_format if narrow else torch.channels_last)
