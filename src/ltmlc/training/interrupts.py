"""Signals that ask a run to stop: finish the iteration, save, leave."""

import signal
from types import FrameType, TracebackType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)
"""Termination, Ctrl-C, what Slurm's ``--signal`` sends before a time limit or a pre-emption, and a terminal that is
closed. Of the last a process is deaf that ``nohup`` has started; it stays so."""


class InterruptedRun(Exception):  # noqa: N818 - not an error
    """A signal stopped the run; its state is saved."""


class Interrupts:
    """While the context is open, ``received`` is the name of the first such signal, or None.

    A second Ctrl-C stops at once. Must be opened in the main thread, as Python asks of signal handlers.
    """

    received: str | None = None

    def __enter__(self) -> "Interrupts":
        deaf = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set()
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS if number not in deaf}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = signal.Signals(number).name
