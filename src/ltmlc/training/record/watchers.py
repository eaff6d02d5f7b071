"""Who looks at a training at the end of each epoch, where asked: mAP on held-out training images, TensorBoard.

What looks changes nothing: with and without it a run has the same bits. So it is no part of what a result is made of
(:mod:`ltmlc.plan.fingerprint`), and reaches the heartbeat past the trainer, whose code is.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc.data.split import load_split
from ltmlc.metrics import average_precision, group_means
from ltmlc.plan.lookup import HELD_OUT_MAP
from ltmlc.training.evaluate import test_logits
from ltmlc.training.record.event_files import Events
from ltmlc.training.record.heartbeat import WATCHERS, Watcher
from ltmlc.training.record.outputs import finite
from ltmlc.training.trained.decide import HELDOUT


@contextmanager
def watched(settings: dict[str, Any], *, data: Path, out: Path) -> Iterator[None]:
    """In this context a training is looked at as ``settings``, the configuration's ``training``, asks.

    Args:
        settings: of it ``held_out_every``, without effect on a split of all training images, and ``tensorboard``.
        data: the folder with the split that is trained on.
        out: the run's folder.

    Raises:
        InputError: TensorBoard is asked for, and is not installed.
    """
    every, looking = settings.get("held_out_every"), []
    with ExitStack() as ends:
        if every and load_split(data / "split.json").dataset.endswith(HELDOUT):  # never on test images
            looking.append(_held_out(every))
        if settings.get("tensorboard"):
            events = Events(out)
            ends.callback(events.close)
            looking.append(events)  # last: it writes down what the others found
        ends.callback(WATCHERS.reset, WATCHERS.set(tuple(looking)))
        yield


def _held_out(every: int) -> Watcher:
    def score(trainer: Any) -> None:
        entry = trainer.history[-1]
        if entry["epoch"] % every == 0:
            entry[HELD_OUT_MAP] = finite(_held_out_map(trainer))

    return score


def _held_out_map(trainer: Any) -> float:
    """Mean over the classes that a held-out image shows, from 0 to 1; NaN where the logits are not finite."""
    data = trainer.data
    logits = torch.cat(list(test_logits(trainer.model, data, trainer.spec))).numpy()
    if not np.isfinite(logits).all():
        return float("nan")
    labels = data.labels[data.num_train :].cpu().numpy()
    return group_means(average_precision(logits, labels, undefined=float("nan")), {})["total"]
