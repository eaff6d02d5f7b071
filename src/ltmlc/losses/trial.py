"""The loss of a run, tried on two samples."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ltmlc.losses import ClassStats, build_loss
from ltmlc.losses.subject import ContractError, Subject
from ltmlc.losses.terms import SumOfTerms


def try_loss(terms: Sequence[Mapping[str, Any]], stats: ClassStats, *, experts: int | None = None) -> SumOfTerms:
    """The loss, once it has been tried: planning knows names and kinds of its parameters, the loss their limits.

    A loss of one's own must also be a scalar with a finite gradient.

    Args:
        terms: as of ``build_loss``.
        stats: of C classes.
        experts: E, where the head gives logits (E, M, C).

    Raises:
        ValueError: one sentence.
    """
    loss = build_loss(terms, stats)
    trial = Subject(loss, experts=experts)
    labels = torch.eye(2, len(stats.counts))
    logits = trial.logits(labels, dtype=torch.float32)
    own = next((term.name for term in loss.terms if ":" in term.name), None)
    try:
        value, gradient = trial.differentiate(logits, labels)
        if not (value.isfinite() and gradient.isfinite().all()):
            raise ContractError("its value or gradient is not finite on two samples")
    except ContractError as error:
        raise ValueError(f"loss {own or loss.terms[0].name}: {error}") from None
    except Exception as error:
        if own is None or isinstance(error, ValueError):
            raise
        raise ValueError(
            f"loss {own}: fails on two samples: {type(error).__name__}: {error}; `ltmlc check-loss {own}` says more"
        ) from None
    return loss
