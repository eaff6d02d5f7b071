"""The masked log-sum-exp that the pairwise losses are made of.

Every pairwise loss is log(1 + sum of exponentials) over sets of positive and negative entries. The released code
multiplies exp(LSE) factors and overflows in float32; here a product of sums is a sum of LSEs and exponentials are
never multiplied: log(1 + e^x + e^y) = LSE(0, x, y).
"""

import math

import torch
from torch import Tensor

SAMPLES, CLASSES = 0, 1
"""The axes of an (M, C) batch: a class-wise loss sums over samples, a sample-wise one over classes."""


def masked_logsumexp(values: Tensor, mask: Tensor, dim: int, scale: float = 1.0) -> Tensor:
    """log of the sum of exp(scale * values) along `dim` where `mask` is True; -inf over an empty set, zero gradient.

    Keeps its exponentials for the backward pass, so that each is taken once: about half the time
    of torch.logsumexp(torch.where(mask, scale * values, -inf), dim) on 4096 x 1000.

    Args:
        values: float32 or float64, (M, C).
        mask: boolean, (M, C).
        dim: the axis that is summed away.
        scale: any number but 0.
    """
    return _MaskedLogSumExp.apply(values, mask, dim, scale)


def pair_logsumexp(logits: Tensor, positives: Tensor, gamma: float, dim: int) -> Tensor:
    """log of the sum over pairs (positive p, negative n) along `dim` of exp(gamma (s_n - s_p)); -inf without pairs.

    The double sum is a product of sums, hence a sum of two log-sum-exps. Finite logits give no +inf, so an empty
    set on either side makes the whole -inf: no pair, no loss, no gradient.
    """
    negative = masked_logsumexp(logits, ~positives, dim, gamma)
    positive = masked_logsumexp(logits, positives, dim, -gamma)
    return negative + positive


def log_one_plus_exp(*exponents: Tensor) -> Tensor:
    """log(1 + exp(x) + exp(y) + ...) for tensors of one shape, any of whose entries may be -inf."""
    return torch.logsumexp(torch.stack([torch.zeros_like(exponents[0]), *exponents]), 0)


class _MaskedLogSumExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values: Tensor, mask: Tensor, dim: int, scale: float) -> Tensor:
        # Excluded entries become scale * value = -inf. With exp2, because exp is slow where it underflows.
        if scale > 0:
            terms = torch.where(mask, values, -torch.inf)
            extreme = terms.amax(dim, keepdim=True)
        else:
            terms = torch.where(mask, values, torch.inf)
            extreme = terms.amin(dim, keepdim=True)
        extreme.masked_fill_(extreme.isinf(), 0)  # an empty set
        terms.sub_(extreme).mul_(scale / math.log(2)).exp2_()  # in (0, 1], 0 where excluded
        total = terms.sum(dim, keepdim=True)
        ctx.save_for_backward(values, mask, terms, total)
        ctx.dim, ctx.scale = dim, scale
        return (total.log() + scale * extreme).squeeze(dim)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        values, mask, terms, total = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradient is to be differentiated: it must be made of the values
            empty = ~mask.any(ctx.dim, keepdim=True)
            share = torch.where(mask | empty, ctx.scale * values, -torch.inf).softmax(ctx.dim)
            return ctx.scale * gradient.unsqueeze(ctx.dim) * share.masked_fill(empty, 0), None, None, None
        weight = ctx.scale * gradient.unsqueeze(ctx.dim) / total
        return terms * weight.masked_fill_(total == 0, 0), None, None, None
