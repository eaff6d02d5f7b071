"""A run's loss: one term, or a weighted sum of terms, each in its own mean reduction (METHODS 1.16)."""

import importlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from ltmlc.losses.batch import as_mask
from ltmlc.losses.stats import ClassStats

NOT_HYPER_PARAMETERS = ("logits", "labels", "stats", "reduction")


@dataclass(frozen=True)
class Term:
    """One loss function with its keyword arguments and its weight in the sum."""

    name: str
    function: Callable[..., Tensor]
    arguments: Mapping[str, Any]
    weight: float

    def __call__(self, logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
        values = self.function(logits, labels, reduction=reduction, **self.arguments)
        return values if self.weight == 1 else self.weight * values


@dataclass(frozen=True)
class SumOfTerms:
    """Callable as `loss(logits, labels, reduction="mean")`; made by `build_loss`."""

    terms: tuple[Term, ...]

    def __call__(self, logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """The sum of the terms' means, a scalar.

        With reduction "none" and a single term, its values in their natural shape: (M, C), (M,) or (C,).

        Raises:
            ValueError: bad shape or label; reduction "none" of several terms.
        """
        if reduction != "mean" and len(self.terms) > 1:
            names = " + ".join(term.name for term in self.terms)
            raise ValueError(f"reduction {reduction!r} needs a loss of one term, this is {names}; use reduction 'mean'")
        if len(self.terms) > 1 and torch.is_tensor(labels):
            labels = as_mask(labels)  # checked and converted once, not in each term
        first, *others = (term(logits, labels, reduction) for term in self.terms)
        return sum(others, start=first)


def build_term(term: Mapping[str, Any], stats: ClassStats | None, losses: Mapping[str, Callable]) -> Term:
    """Bind {"name": ..., hyper-parameters, "weight": 1} to its function; ValueError if it does not fit."""
    if not isinstance(term, Mapping):
        raise ValueError(f'a loss term must be a mapping like {{"name": "bce"}}, got {term!r}')
    settings = dict(term)
    name, weight = settings.pop("name", None), settings.pop("weight", 1)
    function = find_loss(name, losses)
    if not _is_number(weight):
        raise ValueError(f"the weight of loss {name} must be a finite number, got {weight!r}")
    parameters = hyper_parameters(function)
    described = ", ".join(parameters) or "none"
    for key in settings:
        if key not in parameters:
            raise ValueError(f"loss {name} has no parameter {key!r}; valid: {described}")
    for key, parameter in parameters.items():
        if key in settings:
            _check_kind(name, key, settings[key], parameter.annotation)
        elif parameter.default is parameter.empty:
            raise ValueError(f"loss {name} needs a value for {key!r}; its parameters: {described}")
    if "stats" in inspect.signature(function).parameters:
        if stats is None:
            raise ValueError(f"loss {name} needs class statistics: pass ClassStats(counts, num_images)")
        settings["stats"] = stats
    return Term(name, function, settings, weight)


def find_loss(name: Any, losses: Mapping[str, Callable]) -> Callable[..., Tensor]:
    """A built-in loss by its name, or one of the caller's own by ``module:function``; ValueError if there is none."""
    if name in losses:
        return losses[name]
    module, is_own, function = str(name).partition(":")
    if not is_own:
        raise ValueError(f"unknown loss {name!r}; valid names: {', '.join(losses)}")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, ValueError, AttributeError) as error:
        raise ValueError(f"loss {name!r} cannot be imported: {error}") from None


def hyper_parameters(function: Callable) -> dict[str, inspect.Parameter]:
    """The hyper-parameters of a loss, by name, in the order of its signature."""
    parameters = inspect.signature(function).parameters
    return {name: parameter for name, parameter in parameters.items() if name not in NOT_HYPER_PARAMETERS}


def _check_kind(loss: str, key: str, value: Any, kind: Any) -> None:
    """A value read from YAML may be of another kind than it looks: 1e-8 without a dot is text."""
    checks = {
        float: (_is_number(value), "a finite number"),
        bool: (isinstance(value, bool), "true or false"),
        str: (isinstance(value, str), "text"),
        Sequence[float]: (isinstance(value, list | tuple) and all(map(_is_number, value)), "a list of finite numbers"),
    }
    valid, wanted = checks.get(kind, (True, ""))
    if not valid:
        raise ValueError(f"parameter {key!r} of loss {loss} must be {wanted}, got {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
