"""Residual networks: ResNet with frozen stages, fixed batch-norm statistics and narrow or small variants.

Parameter names are torchvision's, so its weights load unchanged.
"""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor, nn

from ltmlc.errors import InputError
from ltmlc.models.blocks import BasicBlock, Bottleneck, FixedBatchNorm2d, convolution, stage
from ltmlc.models.folding import convolve_relu
from ltmlc.plan.network import NUM_STAGES


class Architecture(NamedTuple):
    block: type[BasicBlock] | type[Bottleneck]
    layers: tuple[int, int, int, int]
    width: int = 64
    stem: str = "imagenet"


BACKBONES = {
    "resnet50": Architecture(Bottleneck, (3, 4, 6, 3)),
    "resnet18": Architecture(BasicBlock, (2, 2, 2, 2)),
    "resnet10": Architecture(BasicBlock, (1, 1, 1, 1)),
    # About 9 million multiply-adds at 32 px: trains from scratch at about 1000 images/s on one CPU core.
    "small": Architecture(BasicBlock, (1, 1, 1, 1), width=24, stem="stride2"),
}

# kernel and stride of the first convolution; only the first of them is followed by max pooling
STEMS = {"imagenet": (7, 2), "stride2": (3, 2), "small": (3, 1)}


class Backbone(nn.Module):
    """Images (B, 3, S, S) to feature maps (B, out_channels, h, w).

    Frozen stages run in evaluation mode and without autograd: their parameters need no gradient.
    With ``norm_eval`` every batch norm is fixed (DR-Loss, mllt/models/backbones/resnet.py:432-439).
    """

    def __init__(
        self,
        architecture: str = "resnet50",
        *,
        stem: str | None = None,
        width: int | None = None,
        frozen_stages: int = 0,
        norm_eval: bool = False,
        stride_in_1x1: bool = False,
    ) -> None:
        super().__init__()
        block, layers, own_width, own_stem = BACKBONES[architecture]
        self.architecture, self.width = architecture, width or own_width
        self.frozen_stages, self.num_stages = frozen_stages, NUM_STAGES
        norm = FixedBatchNorm2d if norm_eval else nn.BatchNorm2d
        stem = stem or own_stem
        self.conv1 = convolution(3, self.width, *STEMS[stem])
        self.bn1 = norm(self.width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if stem == "imagenet" else nn.Identity()
        self.out_channels = self.width
        for index, depth in enumerate(layers):
            width, stride = self.width * 2**index, 2 if index else 1
            setattr(self, f"layer{index + 1}", stage(block, depth, self.out_channels, width, stride, norm))
            self.out_channels = width * block.expansion
        if stride_in_1x1:
            self._move_stride()
        for module in self._frozen_modules():
            module.requires_grad_(False).eval()

    def _move_stride(self) -> None:
        for first, *_ in (self.layer2, self.layer3, self.layer4):
            if not isinstance(first, Bottleneck):
                raise InputError(
                    f"model.stride_in_1x1 needs bottleneck blocks; {self.architecture} has none: set false"
                )
            first.conv1.stride, first.conv2.stride = (2, 2), (1, 1)

    def detach_last_stage(self) -> nn.Sequential:
        """Take layer4 out, so that the backbone ends with layer3, and return it (BalPoE gives each expert its own)."""
        last = self.layer4
        del self.layer4
        self.num_stages = NUM_STAGES - 1
        return last

    def _stages(self) -> Iterator[nn.Module]:
        return (getattr(self, f"layer{number}") for number in range(1, self.num_stages + 1))

    def _frozen_modules(self) -> list[nn.Module]:
        return [self.conv1, self.bn1, *list(self._stages())[: self.frozen_stages]] if self.frozen_stages else []

    def train(self, mode: bool = True) -> "Backbone":
        super().train(mode)
        for module in self._frozen_modules():
            module.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        # Neither images nor frozen parameters need a gradient: autograd records nothing below the first trained layer.
        features = self.maxpool(convolve_relu(images, self.conv1, self.bn1))
        for layer in self._stages():
            features = layer(features)
        return features  # (B, out_channels, h, w)
