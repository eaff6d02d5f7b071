"""Focal loss (Table 1)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, check_not_negative, check_positive, reduce_values
from ltmlc.losses.bce_terms import focal_values


def focal(
    logits: Tensor, labels: Tensor, *, gamma: float = 2.0, balance: float = 2.0, reduction: str = "mean"
) -> Tensor:
    """balance (1 - pt)^gamma bce with pt = exp(-bce), the gradient through both factors.

    DistributionBalancedLoss, resample_loss.py. `balance` is one factor for all entries, not RetinaNet's alpha.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma: focusing exponent; 0 leaves balance times binary cross-entropy.
        balance: global factor.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    check_not_negative(gamma=gamma)
    check_positive(balance=balance)
    logits, positives = as_batch(logits, labels)
    return reduce_values(balance * focal_values(logits, positives, gamma), reduction)
