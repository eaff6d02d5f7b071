"""Losses for long-tailed multi-label classification: pure functions of logits and labels, and sums of them.

    from ltmlc.losses import ClassStats, build_loss, dr

    loss = dr(logits, labels, gamma2=7.0)                                     # one loss, a function
    loss = build_loss([{"name": "dr", "gamma2": 7}, {"name": "bce"}])(logits, labels)     # a sum, by name

To add a loss: one file, one import and one entry below. The planner reads this file without importing torch, so the
imports stay one a line and the defaults of hyper-parameters literals.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ltmlc.losses.asl import asl
from ltmlc.losses.balpoe import balpoe
from ltmlc.losses.batch import check_labels, describe_non_finite
from ltmlc.losses.bce import bce
from ltmlc.losses.cb_focal import cb_focal
from ltmlc.losses.circle import circle
from ltmlc.losses.db_focal import db_focal
from ltmlc.losses.dr import dr
from ltmlc.losses.focal import focal
from ltmlc.losses.gc import gc
from ltmlc.losses.ldam import ldam
from ltmlc.losses.lsep import c_lsep, lsep
from ltmlc.losses.pgc import pgc
from ltmlc.losses.rw import rw
from ltmlc.losses.stats import ClassStats
from ltmlc.losses.terms import SumOfTerms, build_term
from ltmlc.losses.zlpr import c_zlpr, zlpr

__all__ = ["LOSSES", "ClassStats", "build_loss", "check_labels", "describe_non_finite"]

LOSSES = {
    "bce": bce,
    "rw": rw,
    "focal": focal,
    "cb_focal": cb_focal,
    "db_focal": db_focal,
    "asl": asl,
    "ldam": ldam,
    "lsep": lsep,
    "c_lsep": c_lsep,
    "zlpr": zlpr,
    "c_zlpr": c_zlpr,
    "circle": circle,
    "dr": dr,
    "pgc": pgc,
    "gc": gc,
    "balpoe": balpoe,
}
__all__ += list(LOSSES)


def build_loss(terms: Sequence[Mapping[str, Any]], stats: ClassStats | None = None) -> SumOfTerms:
    """The loss of a run: `loss(logits, labels, reduction="mean")`, the weighted sum of its terms' means.

    Args:
        terms: each {"name": ..., hyper-parameters, "weight": 1}, names as in `LOSSES`.
        stats: class statistics of the training set, for the losses that use them.
    Raises:
        ValueError: no terms, or one with an unknown name or parameter, a missing or mistyped one; says what is valid.
    """
    if isinstance(terms, Mapping | str) or not terms:
        raise ValueError(f'terms must be a list of one or more {{"name": ...}}, got {terms!r}')
    return SumOfTerms(tuple(build_term(term, stats, LOSSES) for term in terms))
