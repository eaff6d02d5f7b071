"""DB Focal, the distribution-balanced focal loss (Tables 1, 2 and 5)."""

import torch
from torch import Tensor

from ltmlc.losses.batch import as_batch, check_finite, check_not_negative, check_positive, reduce_values
from ltmlc.losses.bce_terms import focal_values
from ltmlc.losses.stats import ClassStats


def db_focal(
    logits: Tensor,
    labels: Tensor,
    *,
    stats: ClassStats,
    alpha: float = 0.1,
    beta: float = 10.0,
    mu: float = 0.3,
    neg_scale: float = 5.0,
    init_bias: float = 0.05,
    gamma: float = 2.0,
    balance: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    """balance w (1 - pt)^gamma bce of the transformed logits z (DistributionBalancedLoss, resample_loss.py:153-168).

    Weight: w_ik = alpha + sigmoid(beta (r_ik - mu)), r_ik = (1 / n_k) / sum_{j in P_i} 1 / n_j. Logit: z = s + b_k,
    b_k = -(init_bias / neg_scale) log(N / n_k - 1); on negatives z is multiplied, and w divided, by neg_scale.
    The division in b_k is a slip the authors acknowledge (their issue 8) but made their numbers, so it stays. The
    original adds b_k in place, into the caller's logits; this does not.
    A sample without positives has w = alpha + 1, as in the original. A class in every training image, whose b_k
    would be infinite, is taken as missing from one.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        stats: counts n_k of the C classes and number N of training images.
        alpha: lower end of the weights.
        beta: slope of the weights.
        mu: centre of the weights; 0.3 for VOC-LT, 0.2 for COCO-LT.
        neg_scale: lambda, the scale of the negatives; 5 for VOC-LT, 2 for COCO-LT.
        init_bias: kappa, the size of the class bias.
        gamma: focusing exponent.
        balance: global factor.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape, label, statistics or parameter.
    """
    check_finite(mu=mu)
    check_positive(neg_scale=neg_scale, balance=balance)
    check_not_negative(alpha=alpha, beta=beta, init_bias=init_bias, gamma=gamma)
    logits, positives = as_batch(logits, labels)
    rarity = stats.per_class(relative_rarity, logits)  # (C,)
    share = rarity / (rarity * positives).sum(1, keepdim=True)  # (M, C), r_ik
    share = share.clamp(max=torch.finfo(share.dtype).max)  # infinite without positives; 0 * inf is no weight
    weights = alpha + torch.sigmoid(beta * (share - mu))

    logits = logits - init_bias / neg_scale * stats.per_class(log_odds_of_absence, logits)
    logits = torch.where(positives, logits, neg_scale * logits)
    weights = torch.where(positives, weights, weights / neg_scale)
    return reduce_values(balance * weights * focal_values(logits, positives, gamma), reduction)


def relative_rarity(counts: Tensor, num_images: int) -> Tensor:
    """1 / n_k up to a common factor, (C,), 1 for the rarest class."""
    return counts.min() / counts


def log_odds_of_absence(counts: Tensor, num_images: int) -> Tensor:
    """log(N / n_k - 1), (C,), with at least one image taken to lack the class."""
    return ((num_images - counts).clamp(min=1) / counts).log()
