"""What code a result depends on, as one hash. The rules carry it, so an edit makes again what it can change.

Counted is every function, class and constant that the job's entry reaches by name, with what it says and whom it names
(:mod:`ltmlc.plan.code_graph`). Not counted, because it cannot change a number: comments, docstrings, formatting,
annotations of functions, the words of raised errors and of what is printed, imports of this package, the names and
places of files, and definitions that nothing reaches from there, even in the same file. ``NOT_FOLLOWED`` names the
modules that are reached and count for nothing. Of the registries a run counts the entries that it uses, and what is
made of a timm model counts where the backbone is one. Conservative in one respect: of a class all methods count, and a
text that is returned rather than raised counts as well.

Snakemake does not see edits in imported modules; torch is not imported here.
"""

from functools import cache
from typing import Any

from ltmlc.disk.own_code import file_of_own, is_own
from ltmlc.plan.catalogue import LOSSES
from ltmlc.plan.code_graph import entries_of, reached
from ltmlc.plan.network import is_timm

READERS = ("ltmlc.data.sources.open", "READERS")
NOT_FOLLOWED = (
    "ltmlc.disk.",  # whole files, locks, checksums
    "ltmlc.errors",
    "ltmlc.losses.subject",  # the two samples that a loss is tried on
    "ltmlc.plan.",  # what it decides stands in the specification and in the data set's settings
    "ltmlc.training.record.heartbeat",
    "ltmlc.training.interrupts",
    "ltmlc.training.record.provenance",
    *map(":".join, (LOSSES, READERS)),
)
TRAINING = ("ltmlc.training.run", "train_on_leased_device")
TIMM = ("ltmlc.models.from_timm", "timm_backbone")


def run_fingerprint(spec: dict[str, Any]) -> str:
    """Hash of the trainer and of the losses and the kind of backbone that ``spec`` uses."""
    return _of_run(frozenset(term["name"] for term in spec["loss"]), is_timm(spec.get("model", {})))


@cache
def _of_run(losses: frozenset[str], timm: bool) -> str:
    """Thousands of runs share a few sets of losses."""
    registered = entries_of(*LOSSES)
    used = [file_of_own(name)[1:] if is_own(name) else registered[name] for name in sorted(losses)]
    return _hash(TRAINING, *used, *[TIMM] * timm)


@cache
def pretrain_fingerprint() -> str:
    """Hash of the code that makes the embedded data sets' starting weights."""
    return _hash(("ltmlc.training.pretrain", "pretrain_backbone"), entries_of(*READERS)["digits"])


@cache
def features_fingerprint(timm: bool = False) -> str:
    """Hash of the code that computes what a fixed backbone makes of the images, or reads it."""
    makers = (("ltmlc.training.features", "make_features"), ("ltmlc.data.sources.pooled", "PooledSource"))
    return _hash(*makers, *[TIMM] * timm)


@cache
def data_fingerprint(kind: str) -> str:
    """Hash of the code that makes splits and packs of one kind of source; the readers of other kinds do not count."""
    makers = (("ltmlc.data.split", "make_split"), ("ltmlc.data.pack.pack", "build_pack"))
    return _hash(*makers, entries_of(*READERS)[kind])


@cache
def holdout_fingerprint() -> str:
    """Hash of the code that holds out a part of the training images."""
    return _hash(("ltmlc.data.heldout", "held_out_split"))


def _hash(*starts: tuple[str, str]) -> str:
    return reached(list(starts), NOT_FOLLOWED)[:16]
