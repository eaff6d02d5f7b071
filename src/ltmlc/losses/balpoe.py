"""BalPoE, the balanced product of calibrated experts, with binary cross-entropy as its base loss (Table 1)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ltmlc.losses.batch import as_batch, check_finite, reduce_values
from ltmlc.losses.bce_terms import bce_values
from ltmlc.losses.stats import ClassStats


def balpoe(
    logits: Tensor,
    labels: Tensor,
    *,
    stats: ClassStats,
    tau: Sequence[float] = (0.0, 1.0, 2.0),
    reduction: str = "mean",
) -> Tensor:
    """Mean over the experts e of bce(s^e + tau_e log(n_k / sum_j n_j + 1e-9)).

    BalPoE-CalibratedLT, model/loss.py:8-61. The biases are for training only: predict with the plain mean of the
    experts' logits. Expert e of the batch has the bias of tau[e].

    Args:
        logits: (E, M, C), one set from each of E = len(tau) experts.
        labels: (M, C) in {0, 1}.
        stats: counts n_k of the C classes.
        tau: strength of each expert's bias.
        reduction: "mean" over the M * C entries, or "none" for the (M, C) values (each a mean over the experts).
    Raises:
        ValueError: bad shape, label, statistics or parameter.
    """
    check_finite(**{f"tau[{e}]": strength for e, strength in enumerate(tau)})
    logits, positives = as_batch(logits, labels, experts=len(tau))
    log_prior = stats.per_class(log_class_share, logits)  # (C,)
    biased = torch.stack([expert + strength * log_prior for expert, strength in zip(logits, tau, strict=True)])
    return reduce_values(bce_values(biased, positives).mean(0), reduction)


def log_class_share(counts: Tensor, num_images: int) -> Tensor:
    """log(n_k / sum_j n_j + 1e-9), (C,)."""
    return (counts / counts.sum() + 1e-9).log()
