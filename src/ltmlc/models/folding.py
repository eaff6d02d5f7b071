"""A convolution with its batch norm; where the norm is fixed, the two as one convolution.

In evaluation mode batch norm maps each channel affinely: with s = w / sqrt(running_var + eps), norm(conv(x, W)) is
conv(x, s W) + b - s running_mean. Autograd gives W, w and b their gradients through these products of parameters, and
no activation is written, kept or read for the norm.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def convolve(features: Tensor, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    """``norm(convolution(features))`` of a convolution without bias; the same but for rounding.

    Under autocast the parameters are multiplied in their own dtype, and the product is cast: it rounds once.
    """
    if norm.training:
        return norm(convolution(features))
    weight, bias = _folded(convolution.weight, norm)
    return F.conv2d(
        features, weight, bias, convolution.stride, convolution.padding, convolution.dilation, convolution.groups
    )


def _folded(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    if weight.requires_grad or norm.weight.requires_grad or norm.bias.requires_grad:
        return _fold(weight, norm)
    # Frozen: folded once, until one of the tensors is replaced or written to, as by load_state_dict.
    sources = (weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)
    state = [(id(tensor), tensor._version, tensor.dtype, tensor.device) for tensor in sources]
    kept = getattr(norm, "_folded", None)
    if kept is None or kept[0] != state:
        with torch.inference_mode(False), torch.no_grad():  # so that what is kept serves autograd, too
            kept = norm._folded = (state, *_fold(weight, norm), sources)  # held, so that no id is given anew
    return kept[1], kept[2]


def _fold(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)  # (out_channels,)
    return weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
