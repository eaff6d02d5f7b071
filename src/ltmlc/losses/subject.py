"""A loss under examination, and the small batches that it is examined on."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ltmlc.losses.stats import ClassStats
from ltmlc.losses.terms import hyper_parameters

COUNTS = [775, 4, 20, 100]  # head, tail, medium, head: the classes of every batch below
NUM_IMAGES = 1142
LABELS = {
    "mixed": [[1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1], [0, 1, 0, 1]],
    "absent class": [[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]],
    "class in every sample": [[1, 0, 0, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 1, 1], [1, 0, 0, 0]],
    "sample with every class": [[1, 1, 1, 1], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]],
    "sample with no class": [[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]],
    "single sample": [[1, 0, 0, 1]],
    "no positive at all": [[0, 0, 0, 0], [0, 0, 0, 0]],
    "no negative at all": [[1, 1, 1, 1], [1, 1, 1, 1]],
}
STATS = ClassStats(COUNTS, NUM_IMAGES)
HUGE_STATS = ClassStats([1, 2, 10**9 - 1, 10**9], 10**9)


class ContractError(AssertionError):
    """What a loss does that none may do."""


@dataclass(frozen=True)
class Subject:
    """A loss under examination, with its hyper-parameters; 7 for each that must be given and is not.

    Attributes:
        experts: E of a loss that takes logits (E, M, C); None for (M, C).
    """

    function: Callable[..., Tensor]
    settings: Mapping[str, Any] = field(default_factory=dict)
    experts: int | None = None

    def __call__(self, logits: Tensor, labels: Tensor, *, stats: ClassStats = STATS, **keywords: Any) -> Tensor:
        settings = dict(self.settings)
        for key, parameter in hyper_parameters(self.function).items():
            if parameter.default is parameter.empty:
                settings.setdefault(key, 7.0)
        if "stats" in inspect.signature(self.function).parameters:
            settings["stats"] = stats
        return self.function(logits, labels, **settings, **keywords)

    def logits(self, labels: Tensor, scale: float = 1, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
        """Normal logits for scale 1; for a larger scale every logit is plus or minus it. (M, C) or (E, M, C)."""
        generator = torch.Generator().manual_seed(seed)
        shape = tuple(labels.shape) if self.experts is None else (self.experts, *labels.shape)
        logits = torch.randn(shape, generator=generator, dtype=torch.float64)
        return (logits if scale == 1 else scale * logits.sign()).to(dtype)

    def differentiate(self, logits: Tensor, labels: Tensor, **keywords: Any) -> tuple[Tensor, Tensor]:
        """Value () and gradient, of the logits' shape."""
        logits = logits.clone().requires_grad_()
        value = self(logits, labels, **keywords)
        if not torch.is_tensor(value) or value.shape != ():
            found = tuple(value.shape) if torch.is_tensor(value) else type(value).__name__
            raise ContractError(f'reduction "mean" gives {found}; return a scalar tensor')
        if not value.requires_grad:
            raise ContractError("the value has no gradient; compute it from the logits with torch, without detach")
        value.backward()
        if logits.grad is None:
            raise ContractError("the value does not depend on the logits; compute it from them")
        return value.detach(), logits.grad


def labels_of(case: str) -> Tensor:
    """int64 (M, 4)"""
    return torch.tensor(LABELS[case])
