"""LDAM, the label-distribution-aware margin loss, in a multi-label form (Table 1)."""

import torch
from torch import Tensor

from ltmlc.losses.batch import as_batch, check_not_negative, reduce_values
from ltmlc.losses.bce_terms import bce_values
from ltmlc.losses.stats import ClassStats


def ldam(
    logits: Tensor, labels: Tensor, *, stats: ClassStats, max_margin: float = 0.5, reduction: str = "mean"
) -> Tensor:
    """bce of s - D_k y, with margins D_k = max_margin n_k^(-1/4) / max_j n_j^(-1/4): the rarer, the larger.

    The original (kaidic/LDAM-DRW, losses.py:23-45) is a softmax cross-entropy on normalised features with scale 30;
    no multi-label form is public. Here: the same margins on the positives of a plain linear head, scale 1.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        stats: counts n_k of the C classes.
        max_margin: the margin of the rarest class.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape, label, statistics or parameter.
    """
    check_not_negative(max_margin=max_margin)
    logits, positives = as_batch(logits, labels)
    margins = max_margin * stats.per_class(relative_margins, logits)  # (C,)
    return reduce_values(bce_values(torch.where(positives, logits - margins, logits), positives), reduction)


def relative_margins(counts: Tensor, num_images: int) -> Tensor:
    """n_k^(-1/4), (C,), divided by its largest entry."""
    return (counts.min() / counts) ** 0.25
