"""GC: C-LSEP with both gradient constraints, on negatives (DR) and on positives (PGC) (Table 4)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, check_positive, reduce_values
from ltmlc.losses.lse import SAMPLES, log_one_plus_exp, masked_logsumexp, pair_logsumexp


def gc(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma1: float = 5.0,
    gamma2: float,
    gamma3: float,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + sum_P sum_N exp(gamma1 (s_nk - s_pk)) + sum_N exp(gamma2 s_nk) + sum_P exp(-gamma3 s_pk)).

    The paper prints no equation; this is eq. 8 with the sum of `pgc` added inside the logarithm. An absent class
    keeps the sum over its negatives, a class present in every sample the sum over its positives.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma1: scale of the margins.
        gamma2: scale of the negative gradient constraint.
        gamma3: scale of the positive gradient constraint; we take the data set's gamma2.
        reduction: "mean" over the C classes, or "none" for the (C,) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    check_positive(gamma1=gamma1, gamma2=gamma2, gamma3=gamma3)
    logits, positives = as_batch(logits, labels)
    pairs = pair_logsumexp(logits, positives, gamma1, SAMPLES)  # (C,)
    negative = masked_logsumexp(logits, ~positives, SAMPLES, gamma2)  # (C,)
    positive = masked_logsumexp(logits, positives, SAMPLES, -gamma3)  # (C,)
    return reduce_values(log_one_plus_exp(pairs, negative, positive), reduction)
