"""A progress bar where there is a terminal, a line at every tenth otherwise."""

import sys
from typing import Self

from tqdm import tqdm


class Progress:
    """Progress of one file (in bytes) or of many files or images (counted), on stderr.

    Args:
        title: what is going on.
        total: where it ends; unknown if None.
        unit: ``"B"`` for bytes, scaled; else what is counted.
        shown: False shows nothing.
    """

    def __init__(self, title: str, total: int | None, *, unit: str = "B", shown: bool = True) -> None:
        self._title, self._total = title, total
        self._tenths = 0
        terminal = shown and sys.stderr.isatty()
        self._lines = shown and not terminal
        self._bar = tqdm(desc=title, total=total, unit=unit, unit_scale=unit == "B", disable=not terminal)

    def at(self, position: int) -> None:
        """Say where it is; may go back, as when a server starts from the beginning."""
        self._bar.update(position - self._bar.n)
        tenths = 10 * position // self._total if self._total else 0
        if self._lines and tenths > self._tenths:
            print(f"{self._title}: {10 * tenths} %", file=sys.stderr, flush=True)
        self._tenths = max(self._tenths, tenths)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
