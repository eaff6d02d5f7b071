"""DR, the distributionally robust loss: C-LSEP with negative gradient constraint (eq. 8, 10)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, check_positive, reduce_values
from ltmlc.losses.lse import SAMPLES, log_one_plus_exp, masked_logsumexp, pair_logsumexp


def dr(logits: Tensor, labels: Tensor, *, gamma1: float = 5.0, gamma2: float, reduction: str = "mean") -> Tensor:
    """log(1 + sum_{p in P_k} sum_{n in N_k} exp(gamma1 (s_nk - s_pk)) + sum_{n in N_k} exp(gamma2 s_nk)), eq. 8.

    Computed as LSE(0, a + b, c) with a = LSE_P(-gamma1 s), b = LSE_N(gamma1 s), c = LSE_N(gamma2 s). The released
    code (Kunmonkey/DR-Loss, dr_loss.py:70-84) forms exp(a) exp(b) + exp(c) first, and in float32 overflows from
    gamma2 s_n or gamma1 (s_n - s_p) = 88.7 on; where it is finite both are the same function.
    A class absent from the batch keeps the last sum, a class present in every sample has loss and gradient 0.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma1: scale of the margins.
        gamma2: scale of the negative gradient constraint; the paper has 7 for VOC-LT, 10 for COCO-LT.
        reduction: "mean" over the C classes (eq. 6 prints the sum), or "none" for the (C,) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    check_positive(gamma1=gamma1, gamma2=gamma2)
    logits, positives = as_batch(logits, labels)
    pairs = pair_logsumexp(logits, positives, gamma1, SAMPLES)  # (C,)
    negatives = masked_logsumexp(logits, ~positives, SAMPLES, gamma2)  # (C,)
    return reduce_values(log_one_plus_exp(pairs, negatives), reduction)
