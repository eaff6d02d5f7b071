"""Stops a run whose loss or gradient is no longer finite, and says where it began."""

from typing import Any

import torch


class DivergedError(ArithmeticError):
    """The loss or the gradient is not finite. Training it further, or again, would give the same: it is recorded as a failed run."""

    def __init__(self, iteration: int, indices: list[int], classes: list[int], what: str) -> None:
        super().__init__(f"{what} is not finite at iteration {iteration}")
        self.iteration, self.indices, self.classes, self.what = iteration, indices, classes, what


class Guard:
    """Watches every iteration; on a GPU it asks the device only every ``every`` iterations, so that the loop never waits for it.

    The first bad iteration's loss, gradient norm and logits are kept on the device until then.
    """

    def __init__(self, device: torch.device, *, every: int = 50) -> None:
        self._every = 1 if device.type == "cpu" else every
        self._bad: torch.Tensor | None = None
        self._first: dict[str, Any] = {}
        self._recent: dict[int, list[int]] = {}

    def watch(
        self, loss: torch.Tensor, norm: torch.Tensor, logits: torch.Tensor, *, iteration: int, indices: list[int]
    ) -> None:
        values = torch.stack(
            [loss.double(), norm.double(), torch.full_like(loss, iteration, dtype=torch.float64)]
        )  # (3,)
        bad = ~torch.isfinite(values).all()
        # What the logits say about classes: the largest per class is NaN or infinite where the class is to blame. (C,)
        per_class = torch.nan_to_num(logits.abs(), nan=torch.inf, posinf=torch.inf).flatten(0, -2).amax(0).double()
        if self._bad is None:
            self._bad, self._values, self._per_class = bad, values, per_class
        else:
            self._values = torch.where(self._bad, self._values, values)
            self._per_class = torch.where(self._bad, self._per_class, per_class)
            self._bad = self._bad | bad
        self._recent[iteration] = indices
        if len(self._recent) >= self._every:
            self.check()

    def check(self) -> None:
        """Raise DivergedError if any watched iteration was bad. The one place that waits for the device."""
        if self._bad is not None and self._bad.item():
            loss, norm, iteration = self._values.tolist()
            classes = torch.nonzero(~torch.isfinite(self._per_class)).flatten().tolist()
            what = "the loss" if not torch.isfinite(torch.tensor(loss)) else f"the gradient (norm {norm})"
            raise DivergedError(int(iteration), self._recent[int(iteration)], classes, what)
        self._bad = None
        self._recent.clear()
