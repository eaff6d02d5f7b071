"""ASL, the asymmetric loss (Table 1)."""

import math

import torch
from torch import Tensor

from ltmlc.losses.batch import as_batch, check_not_negative, reduce_values
from ltmlc.losses.bce_terms import sigmoid, softplus


def asl(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma_neg: float = 4.0,
    gamma_pos: float = 1.0,
    clip: float = 0.05,
    eps: float = 1e-8,
    detach_focus: bool = True,
    reduction: str = "mean",
) -> Tensor:
    """-[y (1 - p)^gamma_pos log max(p, eps) + (1 - y) (1 - q)^gamma_neg log max(q, eps)], q = min(1 - p + clip, 1).

    p = sigmoid(s). Alibaba-MIIL/ASL, losses.py:15-50, whose clamp at eps is kept: a positive below s = -18.42 (and,
    with clip 0, a negative above 18.42) has no gradient. The original sums over the entries; this is their mean.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma_neg: focusing exponent of negatives.
        gamma_pos: focusing exponent of positives.
        clip: probability margin of negatives; those with p below it have loss and gradient 0.
        eps: lower end of the probabilities inside the logarithms.
        detach_focus: whether the focusing factors carry no gradient.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    check_not_negative(gamma_neg=gamma_neg, gamma_pos=gamma_pos, clip=clip)
    if not 0 < eps < 1:
        raise ValueError(f"eps must lie in (0, 1), got {eps!r}")
    logits, positives = as_batch(logits, labels)
    log_p = -softplus(-logits).clamp(max=-math.log(eps))
    log_q = (sigmoid(-logits) + clip).clamp(min=eps, max=1).log()
    likelihood = torch.where(positives, log_p, log_q)
    return reduce_values(-_focus(logits, positives, gamma_neg, gamma_pos, clip, detach_focus) * likelihood, reduction)


def _focus(logits: Tensor, positives: Tensor, gamma_neg: float, gamma_pos: float, clip: float, detach: bool) -> Tensor:
    """(1 - p)^gamma_pos on positives, (1 - q)^gamma_neg on negatives, (M, C)."""
    if detach:
        logits = logits.detach()
    positive = torch.exp(-gamma_pos * softplus(logits))
    # The smallest normal number instead of 0 keeps the gradient of pow finite for exponents below 1; log q is 0 there.
    tiny = torch.finfo(logits.dtype).tiny
    negative = (sigmoid(logits) - clip).clamp(min=tiny).pow(gamma_neg)
    return torch.where(positives, positive, negative)
