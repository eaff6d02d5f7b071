"""Residual networks: torchvision's ResNet with frozen stages, fixed batch-norm statistics and narrow or small variants.

Parameter names are torchvision's, so its weights load unchanged.
"""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from ltmlc.errors import InputError


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

# kernel, stride and padding of the first convolution; only the first of them is followed by max pooling
STEMS = {"imagenet": (7, 2, 3), "stride2": (3, 2, 1), "small": (3, 1, 1)}

NUM_STAGES = 4


class FixedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm that stays in evaluation mode whatever ``train()`` says; its affine parameters are trained."""

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features)
        self.eval()

    def train(self, mode: bool = True) -> "FixedBatchNorm2d":
        return super().train(False)


class Backbone(ResNet):
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
        block, layers, own_width, own_stem = BACKBONES[architecture]
        self.width = width or own_width
        super().__init__(block, list(layers), num_classes=1, norm_layer=FixedBatchNorm2d if norm_eval else None)
        del self.fc, self.avgpool  # the neck pools
        self.architecture = architecture
        self.out_channels = 8 * self.width * block.expansion
        self.num_stages = NUM_STAGES
        self.frozen_stages = frozen_stages
        self._replace_stem(stem or own_stem)
        if stride_in_1x1:
            self._move_stride()
        for module in self._frozen_modules():
            module.requires_grad_(False).eval()

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False) -> nn.Sequential:
        if planes == 64:  # the first stage follows the stem, whose width is ours
            self.inplanes = self.width
        return super()._make_layer(block, planes * self.width // 64, blocks, stride, dilate)

    def _replace_stem(self, stem: str) -> None:
        if stem != "imagenet":
            self.maxpool = nn.Identity()
        if stem != "imagenet" or self.width != 64:
            kernel, stride, padding = STEMS[stem]
            self.conv1 = nn.Conv2d(3, self.width, kernel, stride, padding, bias=False)
            nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
            self.bn1 = self._norm_layer(self.width)

    def _move_stride(self) -> None:
        for stage in (self.layer2, self.layer3, self.layer4):
            if not isinstance(stage[0], Bottleneck):
                raise InputError(
                    f"model.stride_in_1x1 needs bottleneck blocks; {self.architecture} has none: set false"
                )
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)

    def detach_last_stage(self) -> nn.Sequential:
        """Take layer4 out, so that the backbone ends with layer3, and return it (BalPoE gives each expert its own)."""
        stage = self.layer4
        del self.layer4
        self.num_stages = NUM_STAGES - 1
        return stage

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
        features = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for stage in self._stages():
            features = stage(features)
        return features  # (B, out_channels, h, w)
