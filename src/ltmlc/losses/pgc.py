"""PGC: C-LSEP with positive gradient constraint, the mirror image of DR (Table 4)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, check_positive, reduce_values
from ltmlc.losses.lse import SAMPLES, log_one_plus_exp, masked_logsumexp, pair_logsumexp


def pgc(logits: Tensor, labels: Tensor, *, gamma1: float = 5.0, gamma3: float, reduction: str = "mean") -> Tensor:
    """log(1 + sum_{p in P_k} sum_{n in N_k} exp(gamma1 (s_nk - s_pk)) + sum_{p in P_k} exp(-gamma3 s_pk)).

    The paper prints neither equation nor scale; this is eq. 8 with the roles of the classes' samples exchanged.
    A class present in every sample keeps the last sum, a class absent from the batch has loss and gradient 0.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma1: scale of the margins.
        gamma3: scale of the positive gradient constraint; we take the data set's gamma2.
        reduction: "mean" over the C classes, or "none" for the (C,) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    check_positive(gamma1=gamma1, gamma3=gamma3)
    logits, positives = as_batch(logits, labels)
    pairs = pair_logsumexp(logits, positives, gamma1, SAMPLES)  # (C,)
    positive = masked_logsumexp(logits, positives, SAMPLES, -gamma3)  # (C,)
    return reduce_values(log_one_plus_exp(pairs, positive), reduction)
