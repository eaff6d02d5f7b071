"""What can be downloaded: a file, or an archive that is extracted. Each says what is missing of it, and gets it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ltmlc.data.download.archive import extract
from ltmlc.data.download.fetch import Expected, Patience, fetch
from ltmlc.disk.files import sha256_file, write_atomically
from ltmlc.disk.progress import Progress
from ltmlc.disk.reading import read_text
from ltmlc.errors import InputError

LONGEST_RECORD = 10_000
"""Bytes of a checksum and its file's name."""


@dataclass(frozen=True)
class Todo:
    """What is left to do of an item: bytes to download (None: unknown), and whether they are extracted as well."""

    size: int | None
    extracted: bool = False


class Item(Protocol):
    """One thing a data set needs."""

    title: str
    folder: Path  # that it writes to

    def todo(self) -> Todo | None:
        """What is missing, or None. Asks the disk alone."""

    def get(self, *, jobs: int, progress: bool, patience: Patience) -> None:
        """Download what is missing."""


@dataclass(frozen=True)
class File:
    """A file under ``folder``. Without a published hash, the one that came first is recorded beside it."""

    title: str
    folder: Path
    file: str
    urls: Sequence[str]
    expected: Expected

    @property
    def path(self) -> Path:
        return self.folder / self.file

    def todo(self) -> Todo | None:
        """Raises InputError for a file in its place that is another one."""
        if not self.path.exists():
            return Todo(self.expected.size)
        if complaint := self._wanted().complaint(self.path):
            raise InputError(f"{self.path} is not the published file: {complaint}; delete it and run again")
        return None

    def get(self, *, jobs: int, progress: bool, patience: Patience) -> None:
        wanted = self._wanted()
        with Progress(self.title, wanted.size, shown=progress) as shown:
            fetch(self.urls, self.path, expected=wanted, patience=patience, progress=shown.at)
        if not wanted.certain:
            write_atomically(self._record, f"{sha256_file(self.path)}  {self.path.name}\n")  # as sha256sum -c reads it

    @property
    def _record(self) -> Path:
        return self.path.with_name(f"{self.path.name}.sha256")

    def _wanted(self) -> Expected:
        if self.expected.certain or not self._record.exists():
            return self.expected
        recorded = re.match("[0-9a-f]{64}", read_text(self._record, limit=LONGEST_RECORD))
        if not recorded:
            raise InputError(
                f"{self._record} is damaged: it does not begin with the sha256 of {self.file}; delete both, and run "
                "again: they are made anew"
            )
        return Expected(size=self.expected.size, sha256=recorded[0])


@dataclass(frozen=True)
class Archive:
    """An archive whose ``members`` are extracted into ``folder``.

    Args:
        file: the archive itself.
        parts: the parts of its content that the data set uses.
        has: whether a part is there, in any layout and however it came about.
    """

    title: str
    folder: Path
    file: File
    members: Sequence[str]
    parts: Sequence[Any]
    has: Callable[[Any], bool]

    def todo(self) -> Todo | None:
        if all(map(self.has, self.parts)):
            return None
        download = self.file.todo()
        return Todo(download.size if download else 0, extracted=True)

    def get(self, *, jobs: int, progress: bool, patience: Patience) -> None:
        """An archive that was put there by hand is kept, one that was downloaded goes once it is extracted."""
        downloaded = self.file.todo() is not None
        if downloaded:
            self.file.get(jobs=jobs, progress=progress, patience=patience)
        extract(self.file.path, self.folder, members=self.members)
        if absent := [str(part) for part in self.parts if not self.has(part)]:
            raise InputError(
                f"{self.file.path} was extracted into {self.folder}, but {', '.join(absent)} is still not complete; "
                "another copy may be in its way: remove that, and run again"
            )
        if downloaded:
            self.file.path.unlink()
