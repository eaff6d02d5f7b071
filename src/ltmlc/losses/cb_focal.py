"""CB Focal: focal loss weighted by the effective number of a class's images (Table 1)."""

import math

import torch
from torch import Tensor

from ltmlc.losses.batch import as_batch, check_choice, check_not_negative, check_positive, reduce_values
from ltmlc.losses.bce_terms import focal_values
from ltmlc.losses.stats import ClassStats


def cb_focal(
    logits: Tensor,
    labels: Tensor,
    *,
    stats: ClassStats,
    beta: float = 0.9,
    mode: str = "average_w",
    gamma: float = 2.0,
    balance: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    """w balance (1 - pt)^gamma bce, with weights from e(n) = (1 - beta) / (1 - beta^n).

    The four modes of DistributionBalancedLoss, resample_loss.py:170-191; the first three give one weight to a sample:
    "average_w" the mean of e(n_k) over its positive classes, "average_n" e of the mean n_k, "min_n" e of the
    smallest n_k; "by_class" gives e(n_k) to column k. A sample without positives weighs e(infinity) = 1 - beta.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        stats: counts n_k of the C classes.
        beta: 0 weighs all alike, 1 (excluded) would weigh by 1 / n.
        mode: "average_w", "average_n", "min_n" or "by_class".
        gamma: focusing exponent.
        balance: global factor.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape, label, statistics or parameter.
    """
    check_not_negative(gamma=gamma)
    check_positive(balance=balance)
    check_choice("mode", mode, ("average_w", "average_n", "min_n", "by_class"))
    if not 0 <= beta < 1:
        raise ValueError(f"beta must lie in [0, 1), got {beta!r}")
    logits, positives = as_batch(logits, labels)
    weights = class_balanced_weights(stats.per_class(class_counts, logits), positives, beta, mode)
    return reduce_values(weights * balance * focal_values(logits, positives, gamma), reduction)


def class_balanced_weights(counts: Tensor, positives: Tensor, beta: float, mode: str) -> Tensor:
    """The weights of one mode: (C,) for "by_class", (M, 1) otherwise."""
    if mode == "by_class":
        return inverse_effective_number(counts, beta)
    if mode == "average_w":
        return _mean_of_positives(inverse_effective_number(counts, beta), positives, empty=1 - beta)
    if mode == "average_n":
        return inverse_effective_number(_mean_of_positives(counts, positives, empty=torch.inf), beta)
    return inverse_effective_number(torch.where(positives, counts, torch.inf).amin(1, keepdim=True), beta)


def inverse_effective_number(counts: Tensor, beta: float) -> Tensor:
    """(1 - beta) / (1 - beta^n); with expm1, as 1 - beta^n cancels in float32 for beta near 1."""
    log_beta = math.log(beta) if beta > 0 else -math.inf
    return (1 - beta) / -torch.expm1(counts * log_beta)


def class_counts(counts: Tensor, num_images: int) -> Tensor:
    """n_k, (C,)."""
    return counts


def _mean_of_positives(per_class: Tensor, positives: Tensor, empty: float) -> Tensor:
    count = positives.sum(1, keepdim=True)  # (M, 1)
    mean = (per_class * positives).sum(1, keepdim=True) / count.clamp(min=1)
    return torch.where(count > 0, mean, empty)
