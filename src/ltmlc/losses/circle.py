"""Circle loss (Table 1), with the self-paced weights of TinyZeaMays/CircleLoss, circle_loss.py:20-39."""

from torch import Tensor

from ltmlc.losses.batch import as_batch, check_choice, check_not_negative, check_positive, reduce_values
from ltmlc.losses.bce_terms import sigmoid
from ltmlc.losses.lse import CLASSES, SAMPLES, log_one_plus_exp, masked_logsumexp


def circle(
    logits: Tensor,
    labels: Tensor,
    *,
    margin: float = 0.25,
    gamma: float = 64.0,
    axis: str = "sample",
    score: str = "sigmoid",
    reduction: str = "mean",
) -> Tensor:
    """log(1 + sum_n exp(gamma a_n (s_n - margin)) sum_p exp(-gamma a_p (s_p - 1 + margin))), s the score of a logit.

    The weights a_p = max(1 + margin - s_p, 0) and a_n = max(s_n + margin, 0) carry no gradient. Without a positive or
    without a negative the loss and the gradient are 0.

    Args:
        logits: (M, C).
        labels: (M, C) in {0, 1}.
        margin: relaxation of the optima 1 (positives) and 0 (negatives).
        gamma: scale.
        axis: "sample" compares the classes of a sample, "class" the samples of a class.
        score: "sigmoid" of the logit, or "identity" where the network already bounds its scores (a cosine head).
        reduction: "mean" over the samples (or classes), or "none" for the (M,) (or (C,)) values.
    Raises:
        ValueError: bad shape, label or parameter.
    """
    check_positive(gamma=gamma)
    check_not_negative(margin=margin)
    check_choice("axis", axis, ("sample", "class"))
    check_choice("score", score, ("sigmoid", "identity"))
    logits, positives = as_batch(logits, labels)
    dim = CLASSES if axis == "sample" else SAMPLES
    scores = sigmoid(logits) if score == "sigmoid" else logits  # (M, C)
    positive_weight = (1 + margin - scores).detach().clamp(min=0)
    negative_weight = (scores + margin).detach().clamp(min=0)
    positive = masked_logsumexp(positive_weight * (scores - 1 + margin), positives, dim, -gamma)
    negative = masked_logsumexp(negative_weight * (scores - margin), ~positives, dim, gamma)
    return reduce_values(log_one_plus_exp(negative + positive), reduction)
