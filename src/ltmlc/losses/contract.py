"""What holds for every loss: each check is a function that raises ContractError with what it found.

`ltmlc check-loss` runs them on a loss of one's own, tests/losses on the built-in ones.
"""

import inspect
from collections.abc import Callable, Iterator

import torch
from torch.autograd.gradcheck import GradcheckError, gradcheck

from ltmlc.losses import LOSSES
from ltmlc.losses.stats import ClassStats
from ltmlc.losses.subject import COUNTS, HUGE_STATS, LABELS, NUM_IMAGES, STATS, ContractError, Subject, labels_of
from ltmlc.losses.terms import find_loss

SHAPES = {(5, 4), (5,), (4,)}
"""Of the values of five samples and four classes: an entry, a sample or a class each."""

DETACHED = ("asl", "circle")
"""Built-in losses that take a weight as constant, as their sources do: their gradient is not that of the value."""


def differentiable(loss: Subject) -> None:
    """The mean is a scalar with a gradient."""
    labels = labels_of("mixed")
    loss.differentiate(loss.logits(labels), labels)


def true_gradient(loss: Subject) -> None:
    """The gradient is that of the value; not so where a weight is detached on purpose."""
    for case in ("mixed", "absent class", "class in every sample", "sample with no class"):
        labels = labels_of(case)
        logits = loss.logits(labels, seed=1).requires_grad_()
        try:
            gradcheck(lambda s, labels=labels: loss(s, labels, reduction="none"), logits)
        except GradcheckError as error:
            found = str(error).splitlines()[0]
            _require(False, f"{case}: {found} (if a weight is detached on purpose, let this one fail)")


def finite(loss: Subject) -> None:
    """In float32 value and gradient are finite for logits up to 1000, whatever the labels and the class sizes."""
    for case in LABELS:
        labels = labels_of(case)
        signs = 2 * labels.float() - 1
        batches = [loss.logits(labels, scale, seed, torch.float32) for scale, seed in ((1, 0), (20, 1), (100, 2))]
        batches += [loss.logits(labels, 1000, seed, torch.float32) for seed in (3, 4)]
        batches += [(sign * signs).expand_as(batches[0]).clone() for sign in (1000, -1000)]
        for logits in batches:
            for stats in (STATS, HUGE_STATS):
                value, gradient = loss.differentiate(logits, labels, stats=stats)
                both = bool(value.isfinite()) and bool(gradient.isfinite().all())
                _require(both, f"not finite in float32 for logits up to {logits.abs().max():.0f} ({case})")


def float32_as_float64(loss: Subject) -> None:
    """In float32 value and gradient are those of float64, to rounding; float64 stays float64."""
    labels = labels_of("mixed")
    logits = loss.logits(labels)
    single, exact = loss.differentiate(logits.float(), labels), loss.differentiate(logits, labels)
    _require(exact[0].dtype == exact[1].dtype == torch.float64, "of float64 logits the value is no float64")
    for ours, theirs, rtol, atol in zip(single, exact, (1e-5, 1e-4), (1e-6, 1e-5), strict=True):
        _require(torch.allclose(ours.double(), theirs, rtol=rtol, atol=atol), "float32 differs from float64")


def half_precision(loss: Subject) -> None:
    """bfloat16 and float16 logits are computed in float32, and autocast changes nothing."""
    labels = labels_of("absent class")
    for dtype in (torch.bfloat16, torch.float16):
        logits = loss.logits(labels, dtype=dtype)
        (value, gradient), exact = loss.differentiate(logits, labels), loss.differentiate(logits.float(), labels)
        same = value.dtype == torch.float32 and value == exact[0] and torch.equal(gradient, exact[1].to(dtype))
        _require(bool(same) and gradient.dtype == dtype, f"{dtype} is not computed in float32 (as_batch does that)")
    logits = loss.logits(labels, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(logits, labels)
    _require(inside.dtype == torch.float32 and bool(inside == loss(logits, labels)), "autocast changes the value")


def any_label_type(loss: Subject) -> None:
    """Labels of any type give the same."""
    labels = labels_of("mixed")
    logits = loss.logits(labels, dtype=torch.float32)
    expected = loss(logits, labels)
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.float32, torch.float64):
        value = loss(logits, labels.to(dtype))
        _require(value.dtype == torch.float32 and bool(value == expected), f"labels of type {dtype} give another value")


def mean_of_values(loss: Subject) -> None:
    """The mean is that of the values of reduction "none", an entry, a sample or a class each."""
    labels = labels_of("mixed")
    logits = loss.logits(labels)
    values = loss(logits, labels, reduction="none")
    _require(tuple(values.shape) in SHAPES, f'reduction "none" gives {tuple(values.shape)}; valid: (M, C), (M,), (C,)')
    _require(bool(loss(logits, labels) == values.mean()), "the mean is not that of the values (reduce_values takes it)")


def tensors_left_alone(loss: Subject) -> None:
    """Logits, labels and the global random state are as before."""
    labels = labels_of("mixed").float()
    logits = loss.logits(labels, dtype=torch.float32)
    before, state = (logits.clone(), labels.clone()), torch.random.get_rng_state()
    loss.differentiate(logits, labels)
    _require(torch.equal(logits, before[0]) and torch.equal(labels, before[1]), "changes the tensors it is given")
    _require(torch.equal(torch.random.get_rng_state(), state), "draws from the global random state")


def order_of_samples(loss: Subject) -> None:
    """Permuted samples permute the gradient, and nothing else."""
    labels, order = labels_of("mixed"), torch.tensor([3, 0, 4, 1, 2])
    logits = loss.logits(labels)
    value, gradient = loss.differentiate(logits, labels)
    permuted, moved = loss.differentiate(logits[..., order, :], labels[order])
    same = torch.allclose(permuted, value) and torch.allclose(moved, gradient[..., order, :])
    _require(same, "the order of the samples changes the loss")


def order_of_classes(loss: Subject) -> None:
    """Permuted classes, with their statistics, permute the gradient, and nothing else."""
    labels, order = labels_of("mixed"), torch.tensor([2, 0, 3, 1])
    logits, stats = loss.logits(labels), ClassStats([COUNTS[k] for k in order], NUM_IMAGES)
    value, gradient = loss.differentiate(logits, labels)
    permuted, moved = loss.differentiate(logits[..., order], labels[:, order], stats=stats)
    same = torch.allclose(permuted, value) and torch.allclose(moved, gradient[..., order])
    _require(same, "the order of the classes changes the loss")


def nan_reaches_the_loss(loss: Subject) -> None:
    """A logit that is NaN makes the loss NaN, so that the trainer sees it."""
    labels = labels_of("mixed")
    logits = loss.logits(labels)
    logits[..., 1, 2] = torch.nan
    _require(bool(loss(logits, labels).isnan()), "of a NaN logit the loss is not NaN: a run that diverged would go on")


def bad_input(loss: Subject) -> None:
    """Bad shapes, labels and reductions are a ValueError that says what is wrong."""
    labels = labels_of("mixed")
    logits = loss.logits(labels)
    bad = {
        "logits must have shape": (logits[..., 0], labels),
        "labels must have one 0/1 entry": (logits, labels[:, :3]),
        "labels must be 0 or 1, found 2": (logits, labels * 2),
        "labels must be 0 or 1, found 0.5": (logits, labels * 0.5),
        "labels must be 0 or 1, found nan": (logits, labels * torch.nan),
        "labels must be a tensor": (logits, labels.tolist()),
        "logits must be of type float64, float32, bfloat16, float16, got torch.int64": (logits.long(), labels),
        "with at least one sample": (logits[..., :0, :], labels[:0]),
        "reduction must be one of mean, none": (logits, labels),
    }
    for message, arguments in bad.items():
        reduction = "sum" if message.startswith("reduction") else "mean"
        try:
            loss(*arguments, reduction=reduction)
        except ValueError as error:
            _require(message in str(error), f"bad input says {str(error)!r} where others say {message!r}")
        else:
            _require(False, f"takes bad input without a word: {message} (as_batch and reduce_values say it)")


CONTRACT: dict[str, Callable[[Subject], None]] = {
    check.__name__: check
    for check in (
        differentiable,
        true_gradient,
        finite,
        float32_as_float64,
        half_precision,
        any_label_type,
        mean_of_values,
        tensors_left_alone,
        order_of_samples,
        order_of_classes,
        nan_reaches_the_loss,
        bad_input,
    )
}


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ContractError(what)


def examine(name: str) -> Iterator[tuple[str, str, str | None]]:
    """(check, what it asks, what was found or None) of each check, for a loss by name, with its own defaults."""
    subject = Subject(find_loss(name, LOSSES), experts=3 if name == "balpoe" else None)
    for check in CONTRACT.values():
        if check is true_gradient and name in DETACHED:
            continue
        problem = None
        try:
            check(subject)
        except Exception as error:
            problem = str(error) if isinstance(error, ContractError) else f"{type(error).__name__}: {error}"
        yield check.__name__.replace("_", " "), inspect.getdoc(check), problem
