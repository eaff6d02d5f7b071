"""The two residual blocks of He et al. (CVPR 2016), and a batch norm that stays as it is.

Parameters are named and placed as in torchvision, whose weights they take and whose results they give (tested). They
are written out here because importing torchvision brings in torch's compiler, which takes a short run longer than its
training.
"""

from torch import Tensor, nn

from ltmlc.models.folding import convolve, convolve_relu

Norm = type[nn.BatchNorm2d]


class FixedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm that stays in evaluation mode whatever ``train()`` says; its affine parameters are trained."""

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features)
        self.eval()

    def train(self, mode: bool = True) -> "FixedBatchNorm2d":
        return super().train(False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; (B, in_channels, h, w) to (B, width, h / stride, w / stride)."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.conv1 = convolution(in_channels, width, 3, stride)
        self.bn1 = norm(width)
        self.conv2 = convolution(width, width, 3)
        self.bn2 = norm(width)
        self.downsample = shortcut(in_channels, width, stride, norm)

    def forward(self, features: Tensor) -> Tensor:
        branch = convolve_relu(features, self.conv1, self.bn1)
        residual = features if self.downsample is None else self.downsample(features)
        return convolve_relu(branch, self.conv2, self.bn2, residual)


class Bottleneck(nn.Module):
    """1x1, 3x3 with the stride (torchvision's place for it), 1x1; (B, in_channels, h, w) to (B, 4 width, ...)."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int, norm: Norm) -> None:
        super().__init__()
        out_channels = width * self.expansion
        self.conv1 = convolution(in_channels, width, 1)
        self.bn1 = norm(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = norm(width)
        self.conv3 = convolution(width, out_channels, 1)
        self.bn3 = norm(out_channels)
        self.downsample = shortcut(in_channels, out_channels, stride, norm)

    def forward(self, features: Tensor) -> Tensor:
        branch = convolve_relu(features, self.conv1, self.bn1)
        branch = convolve_relu(branch, self.conv2, self.bn2)
        residual = features if self.downsample is None else self.downsample(features)
        return convolve_relu(branch, self.conv3, self.bn3, residual)


def stage(
    block: type[BasicBlock] | type[Bottleneck], depth: int, in_channels: int, width: int, stride: int, norm: Norm
) -> nn.Sequential:
    """``depth`` blocks, of which the first has the stride."""
    blocks = [block(in_channels, width, stride, norm)]
    blocks += [block(width * block.expansion, width, 1, norm) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)


class Shortcut(nn.Sequential):
    """A convolution and its norm, ``0`` and ``1`` as in torchvision."""

    def forward(self, features: Tensor) -> Tensor:
        return convolve(features, *self)


def shortcut(in_channels: int, out_channels: int, stride: int, norm: Norm) -> Shortcut | None:
    """A 1x1 convolution where the shape changes, else nothing."""
    if stride == 1 and in_channels == out_channels:
        return None
    return Shortcut(convolution(in_channels, out_channels, 1, stride), norm(out_channels))


def convolution(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Without bias, padded to keep the size; Kaiming's normal distribution, fan out."""
    layer = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer
