"""What a person sees of a run: a line per epoch in the log, a bar at a terminal, and running.json for ``ltmlc status``.

None of it may stop a run: with the disk full it is silent.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ltmlc.disk.files import write_atomically
from ltmlc.plan.lookup import HEARTBEAT, HELD_OUT_MAP

HEARTBEAT_SECONDS = 5

Watcher = Callable[[Any], None]
"""Is given the :class:`ltmlc.training.loop.Trainer` after every epoch."""
WATCHERS: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())
"""Those of the training that is going on (:mod:`ltmlc.training.record.watchers`, which needs torch)."""


def report(line: str) -> None:
    """A line on stderr, which the workflow keeps as the run's log."""
    with suppress(OSError), tqdm.external_write_mode(file=sys.stderr):
        print(line, file=sys.stderr, flush=True)


class Heartbeat:
    """Follows a :class:`ltmlc.training.loop.Trainer`. ``running.json`` is there as long as the context is open."""

    def __init__(self, directory: Path, trainer: Any, title: str) -> None:
        self._file, self._trainer, self._title = directory / HEARTBEAT, trainer, title
        self._first, self._started, self._beat = trainer.iteration, time.perf_counter(), 0.0
        self._begun = time.time()
        self._watchers = WATCHERS.get()
        self._bar = tqdm(
            total=trainer.total_iterations,
            initial=trainer.iteration,
            desc=title,
            disable=not sys.stderr.isatty(),
            leave=False,
        )

    def __enter__(self) -> "Heartbeat":
        self._write()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def update(self, epoch_ended: bool) -> None:
        self._bar.update()
        if epoch_ended:
            for watcher in self._watchers:
                watcher(self._trainer)
            epoch, recipe = self._trainer.history[-1], self._trainer.spec["recipe"]
            held_out = f"held-out mAP {100 * epoch[HELD_OUT_MAP]:.2f}  " if epoch.get(HELD_OUT_MAP) is not None else ""
            report(
                f"{self._title}: epoch {epoch['epoch']}/{recipe['epochs']}  loss {epoch['loss']:.4f}  "
                f"lr {epoch['lr']:.2e}  {held_out}{epoch['images_per_second']:.0f} images/s  "
                f"{self._seconds_left():.0f} s left"
            )
        self.beat()

    def beat(self) -> None:
        """Say that the run is alive, every few seconds."""
        if time.perf_counter() - self._beat > HEARTBEAT_SECONDS:
            self._write()

    def _seconds_left(self) -> float:
        done = self._trainer.iteration - self._first
        pace = (time.perf_counter() - self._started) / max(done, 1)
        return pace * (self._trainer.total_iterations - self._trainer.iteration)

    def _write(self) -> None:
        self._beat = time.perf_counter()
        state = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": self._begun,
            "updated": time.time(),
            "epoch": self._trainer.epoch,
            "epochs": self._trainer.spec["recipe"]["epochs"],
            "iteration": self._trainer.iteration,
            "iterations": self._trainer.total_iterations,
            "seconds_left": self._seconds_left(),
        }
        with suppress(OSError):
            write_atomically(self._file, json.dumps(state))
