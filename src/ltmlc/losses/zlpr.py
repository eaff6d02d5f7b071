"""ZLPR, the zero-bounded log-sum-exp pairwise rank loss, sample-wise and class-wise (eq. 4)."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, reduce_values
from ltmlc.losses.lse import CLASSES, SAMPLES, log_one_plus_exp, masked_logsumexp


def zlpr(logits: Tensor, labels: Tensor, *, reduction: str = "mean") -> Tensor:
    """Sample-wise ZLPR (eq. 4): log(1 + sum_{p in P_i} exp(-s_ip)) + log(1 + sum_{n in N_i} exp(s_in)).

    A term over an empty set is 0; the other still acts.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        reduction: "mean" over the M samples, or "none" for the (M,) values.
    Raises:
        ValueError: bad shape or label.
    """
    return _zlpr(logits, labels, CLASSES, reduction)


def c_zlpr(logits: Tensor, labels: Tensor, *, reduction: str = "mean") -> Tensor:
    """Class-wise ZLPR (Table 3): log(1 + sum_{p in P_k} exp(-s_pk)) + log(1 + sum_{n in N_k} exp(s_nk)).

    A term over an empty set is 0; so the negatives of a class absent from the batch still have a gradient.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        reduction: "mean" over the C classes, or "none" for the (C,) values.
    Raises:
        ValueError: bad shape or label.
    """
    return _zlpr(logits, labels, SAMPLES, reduction)


def _zlpr(logits: Tensor, labels: Tensor, dim: int, reduction: str) -> Tensor:
    logits, positives = as_batch(logits, labels)
    positive = log_one_plus_exp(masked_logsumexp(logits, positives, dim, -1.0))
    negative = log_one_plus_exp(masked_logsumexp(logits, ~positives, dim))
    return reduce_values(positive + negative, reduction)
