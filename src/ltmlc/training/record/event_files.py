"""A training in TensorBoard: event files beside the run's results, written after every epoch."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.lookup import HELD_OUT_MAP

EVENTS = "tensorboard"
"""The folder of event files in that of a run."""


class Events:
    """Loss and learning rate of every iteration, images per second and held-out mAP of an epoch.

    Steps are iterations from 1, as in history.csv. What an earlier attempt wrote beyond the checkpoint that this one
    continues from is taken back. None of it may stop a run: with the disk full it is silent.

    Args:
        run: the run's folder.

    Raises:
        InputError: tensorboard is not installed.
    """

    def __init__(self, run: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError(
                "training.tensorboard is true, but tensorboard is not installed: pip install 'ltmlc[tensorboard]', or "
                "leave the key out"
            ) from None
        self._open, self._folder, self._writer = SummaryWriter, str(run / EVENTS), None

    def __call__(self, trainer: Any) -> None:
        """Write down the epoch that a :class:`ltmlc.training.loop.Trainer` has just ended."""
        epoch, last = trainer.history[-1], trainer.iteration
        first = last - trainer.iterations_per_epoch
        with suppress(OSError):
            if self._writer is None:
                self._writer = self._open(self._folder, purge_step=first + 1)
            rows = zip(trainer.losses[first:last].tolist(), trainer.rates[first:last], strict=True)
            for step, (loss, rate) in enumerate(rows, first + 1):
                self._writer.add_scalar("loss", loss, step)
                self._writer.add_scalar("learning rate", rate, step)
            self._writer.add_scalar("images per second", epoch["images_per_second"], last)
            if epoch.get(HELD_OUT_MAP) is not None:
                self._writer.add_scalar("held-out mAP", epoch[HELD_OUT_MAP], last)
            self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            with suppress(OSError):
                self._writer.close()
