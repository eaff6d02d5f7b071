"""BalPoE: several experts, each with its own last stage, neck and linear layer, on shared lower stages."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Experts(nn.Module):
    """Feature maps of the shared stages to logits: (E, B, C) in training, their mean (B, C) in evaluation.

    The logits are the unbiased ones; the class-prior bias is the business of the loss (METHODS.md 1.14;
    BalPoE-CalibratedLT, model/loss.py:8-61 and model/fb_resnets/Expert_ResNet.py).

    Args:
        stages: one a member, the last stage of the backbone.
        heads: one a member, from that stage's feature maps to logits.
    """

    def __init__(self, stages: Sequence[nn.Module], heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.heads = nn.ModuleList(heads)

    def forward(self, features: Tensor) -> Tensor:
        members = zip(self.stages, self.heads, strict=True)
        logits = torch.stack([head(stage(features)) for stage, head in members])  # (E, B, C)
        return logits if self.training else logits.mean(dim=0)
