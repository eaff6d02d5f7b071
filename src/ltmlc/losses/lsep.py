"""LSEP, the log-sum-exp pairwise loss, sample-wise (eq. 3, 5) and class-wise (eq. 6, 7)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, check_positive, reduce_values
from ltmlc.losses.lse import CLASSES, SAMPLES, log_one_plus_exp, pair_logsumexp


def lsep(logits: Tensor, labels: Tensor, *, gamma: float = 1.0, reduction: str = "mean") -> Tensor:
    """Sample-wise LSEP (eq. 3 and 5): log(1 + sum_{p in P_i} sum_{n in N_i} exp(gamma (s_in - s_ip))).

    A sample whose labels are all 0 or all 1 has no pair: its loss and gradient are 0.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma: scale of the margins.
        reduction: "mean" over the M samples (eq. 5 prints the sum), or "none" for the (M,) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    return _lsep(logits, labels, gamma, CLASSES, reduction)


def c_lsep(logits: Tensor, labels: Tensor, *, gamma: float = 1.0, reduction: str = "mean") -> Tensor:
    """Class-wise LSEP (eq. 6 and 7): log(1 + sum_{p in P_k} sum_{n in N_k} exp(gamma (s_nk - s_pk))).

    A class absent from the batch, or present in every sample of it, has no pair: its loss and gradient are 0.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        gamma: scale of the margins, gamma1 of the paper.
        reduction: "mean" over the C classes (eq. 6 prints the sum), or "none" for the (C,) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    return _lsep(logits, labels, gamma, SAMPLES, reduction)


def _lsep(logits: Tensor, labels: Tensor, gamma: float, dim: int, reduction: str) -> Tensor:
    check_positive(gamma=gamma)
    logits, positives = as_batch(logits, labels)
    return reduce_values(log_one_plus_exp(pair_logsumexp(logits, positives, gamma, dim)), reduction)
