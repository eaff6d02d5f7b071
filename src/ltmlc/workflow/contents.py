"""What files hold, as a hash: read again only where a size or a date has changed, so that planning stays instant."""

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ltmlc.disk.files import sealed, sha256_file, sha256_text, unsealed, write_atomically
from ltmlc.disk.reading import DAMAGED, LARGEST_JSON, read_regular

JUST_NOW = 2 * 10**9
"""Nanoseconds. A file as young as this may change again within the same tick of its clock: not remembered."""
REMEMBERED = 1000


class Contents:
    """Hashes of sets of files.

    Args:
        memory: a JSON file of what was found before; losing it costs the time to read the files again.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, str] = _read(memory)

    def of(self, files: Mapping[str, Path] | None) -> str | None:
        """One hash of the names and contents of files (what each is -> its path), wherever they lie; None if one is
        missing.
        """
        if files is None:
            return None
        return self._recall(files, lambda: _hash(files))

    def file(self, path: str | Path) -> str | None:
        """The sha256 of one file; None if it is missing."""
        return self._recall({"": Path(path)}, lambda: sha256_file(path))

    def derived(self, name: str, compute: Callable[[], str]) -> str:
        """What follows from contents, and takes longer than reading them; computed once, ever.

        ``name``: what it is, and the hash of what it follows from.
        """
        if name not in self._known:
            self._remember(name, compute())
        return self._known[name]

    def _recall(self, files: Mapping[str, Path], read: Callable[[], str]) -> str | None:
        states, newest = [os.getcwd()], 0  # noqa: PTH109 (relative paths are below it)
        try:
            for name, path in files.items():
                state = os.stat(path)  # noqa: PTH116 (17 000 annotations)
                states.append(f"{name}\t{path}\t{state.st_size}\t{state.st_mtime_ns}\t{state.st_ctime_ns}")
                newest = max(newest, state.st_mtime_ns, state.st_ctime_ns)
            key = sha256_text("\n".join(states))
            if key in self._known:
                return self._known[key]
            found = read()
        except OSError:
            return None
        if time.time_ns() - newest > JUST_NOW:
            self._remember(key, found)
        return found

    def _remember(self, key: str, found: str) -> None:
        self._known[key] = found
        self._known = dict(list(self._known.items())[-REMEMBERED:])
        with suppress(OSError):
            write_atomically(self._memory, json.dumps(sealed({"known": self._known})))


def _hash(files: Mapping[str, Path]) -> str:
    with ThreadPoolExecutor() as threads:
        return combined(dict(zip(files, threads.map(sha256_file, files.values()), strict=True)))


def combined(hashes: Mapping[str, str]) -> str:
    """What :meth:`Contents.of` says of files whose sha256 are known: name -> sha256."""
    return sha256_text("\n".join(f"{name}\t{sha256}" for name, sha256 in hashes.items()))


def _read(memory: Path) -> dict[str, str]:
    """Nothing of a damaged memory: a wrong hash would make again what is right."""
    try:
        fields = unsealed(read_regular(memory, limit=LARGEST_JSON))
        return dict(fields["known"]) if fields else {}
    except DAMAGED:
        return {}
