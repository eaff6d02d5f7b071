"""A job while it runs, and a training's result as far as the workflow tells of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltmlc.disk.logs import last_line
from ltmlc.disk.reading import DAMAGED, read_json
from ltmlc.evidence.markup import epoch_now
from ltmlc.plan.lookup import HEARTBEAT, METRICS

TRAININGS = ("train", "train_held_out")
"""Rules whose jobs are trainings."""


@dataclass
class Running:
    """A job that was started. Times in seconds since 1970."""

    title: str
    training: bool
    folder: Path
    logs: list[Path]
    started: float = field(default_factory=time.time)

    def beat(self) -> dict[str, Any] | None:
        """What the training says of itself (``running.json``), None where it says nothing yet."""
        try:
            beat = read_json(self.folder / HEARTBEAT)
            return {key: float(beat[key]) for key in ("epoch", "epochs", "seconds_left")} if self.training else None
        except DAMAGED:
            return None

    def text(self) -> str:
        beat = self.beat()
        if beat:
            return f"{self.title}: {epoch_now(beat['epoch'], beat['epochs'])}"
        said = "" if self.training or not self.logs else last_line(self.logs[0])
        return f"{self.title}: {said}" if said else self.title


def title_of(rule: str, wildcards: Mapping[str, str]) -> str:
    """What a job is called: a training as everywhere, another by its rule and wildcards."""
    if rule in TRAININGS:
        return "{dataset}/{run}/seed{seed}".format(**wildcards)
    return " ".join([rule, *wildcards.values()])


def recorded_failure(folder: Path) -> str | None:
    """Why a training that has a result failed, None if it did not."""
    try:
        metrics = read_json(folder / METRICS)
        return (metrics["error"] or "no message") if metrics["status"] == "failed" else None
    except DAMAGED:
        return None
