"""Fig. 3: the gradient on one negative logit, taken by autograd through the losses that train.

The paper does not state its set-up. Here: one positive image at logit ln 9 (probability 0.9), one negative image at
logit x (METHODS.md 1.17); the thresholds follow from a stated criterion and are reported beside the three the text
gives.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

POSITIVE_LOGIT = math.log(9)
GAMMAS = (1, 3, 5, 7, 10)
NGC_GAMMA1 = 5
READ_AT = (0.1, 0.5, 0.65, 0.9)  # probabilities at which the numbers of the figure are written down
CRITERION = 0.1  # share of a curve's maximum that counts as a gradient worth the name
_SATURATED = 100.0  # a logit at which every curve has reached its maximum to machine precision

COMPANY = {
    "LSEP, present class": {"name": "lsep", "gamma": 1},
    "C-LSEP, present class": {"name": "c_lsep", "gamma": 1},
}
CURVES = [
    *(("C-LSEP", gamma, {"name": "c_lsep", "gamma": gamma}) for gamma in GAMMAS),
    *(("NGC", gamma, {"name": "dr", "gamma1": NGC_GAMMA1, "gamma2": gamma}) for gamma in GAMMAS),
]
LOSSES_DRAWN = sorted({term["name"] for term in (*COMPANY.values(), *(term for _, _, term in CURVES))})
"""What the figure's rule watches: an edit of one of them draws it again."""

# Probability thresholds as the text around Fig. 3 states them.
STATED = {"C-LSEP": {1: 0.5, 5: 0.85}, "NGC": {5: 0.5}}


@dataclass(frozen=True)
class GradientCurve:
    """One curve: |dL/dx| at the negative logits ``x``, both (P,), which reaches ``CRITERION`` at its threshold."""

    family: str  # C-LSEP | NGC (on top of C-LSEP with gamma1 = 5)
    gamma: int  # gamma1 of C-LSEP, gamma2 of NGC
    x: np.ndarray
    gradient: np.ndarray
    maximum: float
    threshold: float  # as a logit

    @property
    def threshold_probability(self) -> float:
        return 1 / (1 + math.exp(-self.threshold))

    def at(self, probability: float) -> float:
        return float(np.interp(_logit(probability), self.x, self.gradient))

    @property
    def stated(self) -> float | None:
        return STATED[self.family].get(self.gamma)


def company_gradients() -> dict[str, list[float]]:
    """|dL/dx| on an absent class at probability 0.5 while its image's present class stands at ``READ_AT``, for LSEP and
    C-LSEP with gamma = 1: whom an absent class is measured against (P Fig. 1, eq. 5 and 6).

    Two images, two classes, each present on one of them; on the other image both stand as there (0.9 and 0.1).
    """
    return {name: [_on_the_absent_class(term, present) for present in READ_AT] for name, term in COMPANY.items()}


def _on_the_absent_class(term: dict[str, Any], present: float) -> float:
    logits = np.array([[_logit(present), 0.0], [_logit(0.1), POSITIVE_LOGIT]])
    return float(_gradient(term, logits, np.eye(2), reduction="mean")[0, 1])


def _gradient(term: dict[str, Any], logits: np.ndarray, labels: np.ndarray, *, reduction: str) -> np.ndarray:
    """Of a loss, summed over its values where it is not reduced, by autograd; (N, C) like logits and labels."""
    import torch

    from ltmlc.losses import ClassStats, build_loss

    at = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    loss = build_loss([term], ClassStats(counts=[1] * logits.shape[1], num_images=2))
    (gradient,) = torch.autograd.grad(loss(at, torch.tensor(labels), reduction=reduction).sum(), at)
    return gradient.numpy()


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def gradient_curves() -> list[GradientCurve]:
    """C-LSEP for gamma1 of ``GAMMAS``, then NGC on gamma1 = 5 for gamma2 of ``GAMMAS`` (P Fig. 3, eq. 7 and 10)."""
    x = np.linspace(-6.0, 6.0, 2401)
    return [_curve(family, gamma, term, x) for family, gamma, term in CURVES]


def _curve(family: str, gamma: int, term: dict[str, Any], x: np.ndarray) -> GradientCurve:
    gradient = _negative_gradient(term, np.append(x, _SATURATED))
    maximum = float(gradient[-1])
    threshold = float(np.interp(CRITERION * maximum, gradient[:-1], x))  # losses are convex in x: gradients only grow
    return GradientCurve(family, gamma, x, gradient[:-1], maximum, threshold)


def _negative_gradient(term: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """dL/dx (P,). Each x is a class of its own beside the same positive: in a class-wise loss columns are apart."""
    logits = np.stack([np.full(len(x), POSITIVE_LOGIT), x])
    labels = np.stack([np.ones(len(x)), np.zeros(len(x))])
    return _gradient(term, logits, labels, reduction="none")[1]
