"""SGD with the paper's schedule: linear warm-up and steps, multiplied, set anew before every iteration."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from ltmlc.training.sgd import SGD


def learning_rate_factor(
    iteration: int,
    *,
    steps: Sequence[int],
    iterations_per_epoch: int,
    warmup_iterations: int,
    warmup_ratio: float,
    step_factor: float,
) -> float:
    """Learning rate of an iteration (0-based) as a share of the base rate (METHODS.md 3.1; mmcv's step policy).

    step_factor ^ (number of steps <= epoch), times ratio + (1 - ratio) t / warmup_iterations during warm-up.
    """
    factor = step_factor ** bisect_right(sorted(steps), iteration // iterations_per_epoch)
    if iteration < warmup_iterations:
        factor *= warmup_ratio + (1 - warmup_ratio) * iteration / warmup_iterations
    return factor


def build_optimizer_and_schedule(
    parameters: Iterable[Tensor] | Iterable[dict[str, Any]],
    *,
    lr: float,
    epochs: int,
    steps: Sequence[int],
    iterations_per_epoch: int,
    warmup_iterations: int = 500,
    warmup_ratio: float = 1 / 3,
    step_factor: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
) -> tuple[SGD, LambdaLR]:
    """SGD and its schedule; call ``scheduler.step()`` after every iteration, not every epoch.

    Weight decay applies to every parameter, biases and batch norm included (METHODS.md 3.1).

    Args:
        parameters: parameters, or groups ``{"params": [...], "lr_factor": f}`` whose rate is f times ``lr``.
        lr: base learning rate.
        epochs: length of the run; the steps must lie inside it.
        steps: epochs (0-based) from which the rate is multiplied by ``step_factor`` once more.
        iterations_per_epoch: batches an epoch.
        warmup_iterations: length of the linear warm-up; 0 for none.
        warmup_ratio: share of the rate at iteration 0.
        step_factor: factor of one step.
        momentum: of SGD.
        weight_decay: of SGD.

    Raises:
        ValueError: no parameters, a rate, length or ratio out of range, or a step outside the run.
    """
    if lr <= 0 or epochs < 1 or iterations_per_epoch < 1 or warmup_iterations < 0:
        raise ValueError(
            f"lr, epochs and iterations_per_epoch must be above 0 and warmup_iterations 0 or more; they are "
            f"{lr}, {epochs}, {iterations_per_epoch}, {warmup_iterations}"
        )
    if not 0 < warmup_ratio <= 1 or not 0 < step_factor <= 1:
        raise ValueError(f"warmup_ratio and step_factor must lie in (0, 1]; they are {warmup_ratio}, {step_factor}")
    outside = [step for step in steps if not 0 < step < epochs]
    if outside:
        raise ValueError(f"step at epoch {outside[0]} lies outside a run of {epochs} epochs")

    # One kernel instead of hundreds, and one pass over memory instead of four.
    optimizer = SGD(_groups(parameters, lr), momentum=momentum, weight_decay=weight_decay, fused=True)

    def factor(iteration: int) -> float:
        return learning_rate_factor(
            iteration,
            steps=steps,
            iterations_per_epoch=iterations_per_epoch,
            warmup_iterations=warmup_iterations,
            warmup_ratio=warmup_ratio,
            step_factor=step_factor,
        )

    return optimizer, LambdaLR(optimizer, factor)


def _groups(parameters: Iterable[Tensor] | Iterable[dict[str, Any]], lr: float) -> list[dict[str, Any]]:
    given = list(parameters)
    if not given or (isinstance(given[0], dict) and not all(group["params"] for group in given)):
        raise ValueError("there are no parameters to train, or a group without any")
    groups = given if isinstance(given[0], dict) else [{"params": given}]
    return [{**group, "params": list(group["params"]), "lr": lr * group.get("lr_factor", 1.0)} for group in groups]


def clip_gradients(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients together to an L2 norm of at most ``max_norm``, in place.

    Returns:
        The norm before clipping, a scalar tensor on the device; nothing waits for a GPU (no host synchronisation). It
        is non-finite if any gradient is, and then the gradients are not usable: check it before the next save.
    """
    parameters = list(parameters)
    norm = torch.nn.utils.get_total_norm([each.grad for each in parameters if each.grad is not None])
    if norm.device.type != "cpu" or norm > max_norm:  # to multiply by 1 would read and write all of them
        torch.nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
    return norm
