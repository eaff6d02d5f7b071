"""Stops a run whose logits, loss or gradient are no longer finite, and says where it began."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class DivergedError(ArithmeticError):
    """The logits, the loss or the gradient are not finite.

    Training on, or again, would give the same: recorded as a failed run.

    Attributes:
        iteration: the first bad one, 0-based over the run.
        what: the loss, the gradient or the logits, with a value.
        images: indices of the batch's images in the pack.
        classes: indices of the classes whose logits, or else gradients with respect to them, are not finite.
    """

    def __init__(self, what: str, *, iteration: int, images: list[int], classes: list[int]) -> None:
        super().__init__(f"{what} is not finite at iteration {iteration}")
        self.what, self.iteration, self.images, self.classes = what, iteration, images, classes


class Watched(NamedTuple):
    """What an iteration left on the device."""

    iteration: int
    loss: Tensor  # scalar
    norm: Tensor  # scalar, of all gradients together, before clipping
    logits: Tensor  # (M, C) or (E, M, C)


class Guard:
    """Keeps what each iteration left and looks at it every ``every`` iterations, so that the host seldom waits.

    On the CPU every iteration is looked at, before the optimiser uses its gradient.
    """

    def __init__(self, device: torch.device, *, every: int = 50) -> None:
        self._every = 1 if device.type == "cpu" else every
        self._watched: list[Watched] = []

    def watch(self, iteration: int, loss: Tensor, norm: Tensor, logits: Tensor) -> bool:
        """Note an iteration. Returns whether it is time to look."""
        self._watched.append(Watched(iteration, loss.detach(), norm.detach(), logits.detach()))
        return len(self._watched) >= self._every

    def first_bad(self) -> Watched | None:
        """The first iteration since the last look that is not finite. The one place that waits for the device."""
        watched, self._watched = self._watched, []
        if not watched:
            return None
        # A sum stands for all logits: one of them infinite can leave the loss finite, where a sigmoid or an exponential
        # bounds it.
        values = torch.stack([torch.stack([each.loss, each.norm, each.logits.sum()]).double() for each in watched])
        bad = (~torch.isfinite(values)).any(1).tolist()
        return watched[bad.index(True)] if True in bad else None


def describe(watched: Watched) -> str:
    """The loss if that is not finite, else the gradient, else the logits."""
    loss, norm = watched.loss.item(), watched.norm.item()
    if not math.isfinite(loss):
        return f"the loss ({loss})"
    return f"the gradient (norm {norm}, loss {loss})" if not math.isfinite(norm) else f"a logit (loss {loss})"


def classes_to_blame(logits: Tensor, labels: Tensor, loss: Callable[[Tensor, Tensor], Tensor]) -> list[int]:
    """Classes with a logit that is not finite; with none, those where the loss's gradient in the logits is not.

    Args:
        logits: (M, C) or (E, M, C).
        labels: (M, C).
        loss: of logits and labels.
    """
    bad = ~torch.isfinite(logits)
    if not bad.any():
        leaf = logits.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf, labels), leaf)
        bad = ~torch.isfinite(gradient)
    return bad.flatten(0, -2).any(0).nonzero().flatten().tolist()
