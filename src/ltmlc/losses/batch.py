"""What every loss does first and last: check a batch, bring it to its computing form, reduce the values."""

import math

import torch
from torch import Tensor

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
LABELS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, *FLOATS)


def as_batch(logits: Tensor, labels: Tensor, *, experts: int | None = None) -> tuple[Tensor, Tensor]:
    """Logits in their computing dtype and labels as a boolean mask, both checked; the caller's tensors are not changed.

    bfloat16 and float16 logits are computed in float32 (autograd casts the gradient back), float64 stays float64.

    Args:
        logits: floating point, (M, C), or (E, M, C) where `experts` is given.
        labels: (M, C) in {0, 1}: boolean, uint8, signed integers or floating point. See `as_mask` for when the values
            are checked.
        experts: the number E of experts, for losses that take one set of logits from each.
    Raises:
        ValueError: wrong type, shape, device or label value.
    """
    _check_tensor("logits", logits, FLOATS)
    _check_tensor("labels", labels, LABELS)
    expected = "(M, C)" if experts is None else f"(E, M, C) with E = {experts} experts"
    shape = tuple(logits.shape)
    if logits.ndim != (2 if experts is None else 3) or experts not in (None, shape[0]) or 0 in shape:
        raise ValueError(f"logits must have shape {expected}, with at least one sample and one class, got {shape}")
    if tuple(labels.shape) != shape[-2:]:
        raise ValueError(f"labels must have one 0/1 entry a sample and class, {shape[-2:]}, got {tuple(labels.shape)}")
    if labels.device != logits.device:
        raise ValueError(f"logits are on {logits.device} but labels on {labels.device}: move them to one device")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    return logits.to(dtype), as_mask(labels)


def as_mask(labels: Tensor) -> Tensor:
    """Labels as a boolean mask. The values are checked on the CPU only: on a GPU that would wait for the device at
    every step, so there call `check_labels` once on the labels of the data set."""
    if labels.dtype == torch.bool:
        return labels
    mask = labels.bool()
    if labels.device.type == "cpu":
        _check_equal(mask, labels)
    return mask


def check_labels(labels: Tensor) -> None:
    """Raise ValueError, naming the first place, unless every label is 0 or 1. Waits for the device."""
    _check_tensor("labels", labels, LABELS)
    if labels.dtype != torch.bool and labels.numel():
        _check_equal(labels.bool(), labels)


def _check_tensor(name: str, tensor: Tensor, dtypes: tuple[torch.dtype, ...]) -> None:
    if not torch.is_tensor(tensor):
        raise ValueError(f"{name} must be a tensor, got {type(tensor).__name__}")
    if tensor.layout != torch.strided:
        raise ValueError(f"{name} must be a dense tensor, got {tensor.layout}; {name}.to_dense() makes one")
    if tensor.dtype not in dtypes:
        valid = ", ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
        raise ValueError(f"{name} must be of type {valid}, got {tensor.dtype}")


def _check_equal(mask: Tensor, labels: Tensor) -> None:
    # Several times as fast as (mask != labels).any().
    lowest, highest = torch.aminmax(mask.to(labels.dtype).sub_(labels.detach()))
    if lowest == 0 and highest == 0:
        return
    place = tuple((mask != labels).nonzero()[0].tolist())
    raise ValueError(f"labels must be 0 or 1, found {labels[place].item()} at (sample, class) = {place}")


def describe_non_finite(logits: Tensor, ids: list[str] | None = None, classes: list[str] | None = None) -> str | None:
    """One sentence naming the first NaN or infinite logit, or None where all are finite. Waits for the device.

    Losses do not look for these themselves: a trainer asks, and stops, before the optimiser spreads them.

    Args:
        logits: (M, C), or (E, M, C).
        ids: the names of the M samples, to be named in place of the row.
        classes: the names of the C classes, to be named in place of the column.
    """
    wrong = ~torch.isfinite(logits)
    if not wrong.any():
        return None
    place = tuple(wrong.nonzero()[0].tolist())
    *expert, row, column = place
    sample = f"row {row}" if ids is None else f"image {ids[row]} (row {row})"
    name = f"class {column}" if classes is None else f"class {classes[column]} ({column})"
    where = f"expert {expert[0]}, {sample}, {name}" if expert else f"{sample}, {name}"
    return f"non-finite logit {logits[place].item()} at {where}; {int(wrong.sum())} of {logits.numel()} are not finite"


def reduce_values(values: Tensor, reduction: str) -> Tensor:
    """The plain mean, as the released code takes of whatever a loss returns (mllt/apis/train.py:24-35), or the values.

    Raises:
        ValueError: `reduction` is neither "mean" nor "none".
    """
    check_choice("reduction", reduction, ("mean", "none"))
    return values.mean() if reduction == "mean" else values


def check_choice(name: str, value: str, valid: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of `valid`."""
    if value not in valid:
        raise ValueError(f"{name} must be one of {', '.join(valid)}, got {value!r}")


def check_finite(**parameters: float) -> None:
    """Raise ValueError unless every named parameter is a finite number."""
    for name, value in parameters.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value!r}")


def check_positive(**parameters: float) -> None:
    """Raise ValueError unless every named parameter is a positive finite number."""
    for name, value in parameters.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be a positive number, got {value!r}")


def check_not_negative(**parameters: float) -> None:
    """Raise ValueError unless every named parameter is zero or a positive finite number."""
    for name, value in parameters.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be zero or a positive number, got {value!r}")
