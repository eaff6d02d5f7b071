"""RW: binary cross-entropy re-weighted by the inverse square root of the class frequency (Table 1)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, reduce_values
from ltmlc.losses.bce_terms import bce_values
from ltmlc.losses.stats import ClassStats


def rw(logits: Tensor, labels: Tensor, *, stats: ClassStats, reduction: str = "mean") -> Tensor:
    """sqrt(N / n_k) bce, on positive and negative entries of class k alike; the weights are not normalised.

    DistributionBalancedLoss, resample_loss.py:94, 193-201 (reweight_func "sqrt_inv").

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        stats: counts n_k of the C classes and number N of training images.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape, label or statistics.
    """
    logits, positives = as_batch(logits, labels)
    weights = stats.per_class(sqrt_inverse_frequency, logits)  # (C,)
    return reduce_values(weights * bce_values(logits, positives), reduction)


def sqrt_inverse_frequency(counts: Tensor, num_images: int) -> Tensor:
    """sqrt(N / n_k), (C,)."""
    return (num_images / counts).sqrt()
