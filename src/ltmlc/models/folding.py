"""A convolution with its batch norm; where the norm is fixed, the two as one convolution.

In evaluation mode batch norm maps each channel affinely: with s = w / sqrt(running_var + eps), norm(conv(x, W)) is
conv(x, s W) + b - s running_mean. Autograd gives W, w and b their gradients through these products of parameters, and
no activation is written, kept or read for the norm. On a CPU the residual sum and the ReLU that follow are part of the
same convolution: oneDNN applies them to what it is about to write.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def convolve(features: Tensor, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    """``norm(convolution(features))`` of a convolution without bias; the same but for rounding.

    Under autocast the parameters are multiplied in their own dtype, and the product is cast: it rounds once.
    """
    if norm.training or torch.compiler.is_exporting():  # a graph for others has plain operators; they fold it
        return norm(convolution(features))
    weight, bias = _folded(convolution.weight, norm)
    return F.conv2d(
        features, weight, bias, convolution.stride, convolution.padding, convolution.dilation, convolution.groups
    )


def convolve_relu(
    features: Tensor, convolution: nn.Conv2d, norm: nn.BatchNorm2d, residual: Tensor | None = None
) -> Tensor:
    """``relu(norm(convolution(features)) + residual)``; what is fused rounds once, at its end."""
    if not norm.training and _one_dnn_takes(dtype := _computing_dtype(convolution.weight), features.device):
        weight, bias = _folded(convolution.weight, norm)
        layout = (convolution.padding, convolution.stride, convolution.dilation, convolution.groups)
        residual = None if residual is None else residual.to(dtype)
        return _ConvolutionReLU.apply(features.to(dtype), weight, bias.to(dtype), residual, layout)
    branch = convolve(features, convolution, norm)
    if residual is not None:
        branch += residual
    return F.relu(branch, inplace=True)


def _one_dnn_takes(dtype: torch.dtype, device: torch.device) -> bool:
    if device.type != "cpu" or torch.compiler.is_exporting() or not torch.backends.mkldnn.is_available():
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _folded(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    dtype = _computing_dtype(weight)
    if weight.requires_grad or norm.weight.requires_grad or norm.bias.requires_grad:
        return _fold(weight, norm, dtype)
    # Frozen: folded once, until one of the tensors is replaced or written to, as by load_state_dict.
    sources = (weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)
    state = [dtype, *((id(tensor), tensor._version, tensor.dtype, tensor.device) for tensor in sources)]
    kept = getattr(norm, "_folded", None)
    if kept is None or kept[0] != state:
        with torch.inference_mode(False), torch.no_grad():  # so that what is kept serves autograd, too
            kept = norm._folded = (state, *_fold(weight, norm, dtype), sources)  # held, so that no id is given anew
    return kept[1], kept[2]


def _computing_dtype(weight: Tensor) -> torch.dtype:
    kind = weight.device.type
    cast = torch.is_autocast_enabled(kind) and weight.dtype == torch.float32
    return torch.get_autocast_dtype(kind) if cast else weight.dtype


def _fold(weight: Tensor, norm: nn.BatchNorm2d, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)  # (out_channels,)
    return _Scaled.apply(weight, scale, dtype), norm.bias - norm.running_mean * scale


class _Scaled(torch.autograd.Function):
    """Kernels (O, I, k, k) times a scale (O,), then cast; as autograd would, with a third fewer passes over memory."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.save_for_backward(weight, scale)
        return (weight * scale[:, None, None, None]).to(dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        weight, scale = ctx.saved_tensors
        gradient = gradient.to(weight.dtype)
        # One dot product a channel, over memory as it lies where the kernels are channels-last.
        ours, theirs = (tensor.permute(0, 2, 3, 1).flatten(1) for tensor in (gradient, weight))  # (O, k k I)
        return gradient * scale[:, None, None, None], torch.linalg.vecdot(ours, theirs), None


class _ConvolutionReLU(torch.autograd.Function):
    """Convolution, bias, residual (or None) and ReLU in one pass; ``layout`` is padding, stride, dilation, groups."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, residual: Tensor | None, layout: tuple
    ) -> Tensor:
        if residual is None:
            operation = torch.ops.mkldnn._convolution_pointwise.default
            output = operation(features, weight, bias, *layout, "relu", [], "")
        else:
            operation = torch.ops.mkldnn._convolution_pointwise.binary
            output = operation(features, residual, weight, bias, *layout, "add", 1.0, "relu", [], "")
        ctx.save_for_backward(features, weight, output)
        ctx.layout = layout
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, output = ctx.saved_tensors
        padding, stride, dilation, groups = ctx.layout
        wanted = ctx.needs_input_grad
        gradient = torch.ops.aten.threshold_backward(gradient, output, 0)  # of the ReLU
        gradients = torch.ops.aten.convolution_backward(
            gradient, features, weight, [len(weight)], stride, padding, dilation, False, [0, 0], groups, wanted[:3]
        )
        return *gradients, gradient if wanted[3] else None, None
