"""Binary cross-entropy (Tables 1 and 5: ERM, RS, BCE)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, reduce_values
from ltmlc.losses.bce_terms import bce_values


def bce(logits: Tensor, labels: Tensor, *, reduction: str = "mean") -> Tensor:
    """softplus((1 - 2y) s), which is binary cross-entropy with logits (DistributionBalancedLoss,
    cross_entropy_loss.py:47-66).

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape or label.
    """
    logits, positives = as_batch(logits, labels)
    return reduce_values(bce_values(logits, positives), reduction)
