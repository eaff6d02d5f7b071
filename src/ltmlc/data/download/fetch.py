"""One file over HTTP: resumed, retried, from the first mirror that has it, and in place only when it is right."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ltmlc.data.download.connection import MirrorError, TemporaryError, announced_end, blocks, open_url, tells_its_end
from ltmlc.disk.trouble import disk_errors
from ltmlc.errors import InputError

LONGEST_PAUSE = 60.0
Check = Callable[[Path], str | None]
"""Says what is wrong with a file's content, or None."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often to ask again."""

    timeout: float = 30.0
    """Seconds without a byte after which a connection counts as stalled."""
    attempts: int = 6
    """Failures in a row, without a byte gained, after which a mirror is given up."""
    pause: float = 1.0
    """Seconds before the second attempt; twice as many before each further one, up to a minute."""


@dataclass(frozen=True)
class Expected:
    """What is published of a file's content; None is not known."""

    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    @property
    def certain(self) -> bool:
        """Whether a hash is known, so that parts of two downloads may be joined."""
        return bool(self.sha256 or self.md5)

    def complaint(self, path: Path) -> str | None:
        """What is wrong with a file, or None."""
        size = path.stat().st_size
        if size == 0:
            return "it is empty"
        if self.size is not None and size != self.size:
            return f"it has {size} bytes instead of {self.size}"
        for kind in ("sha256", "md5"):
            wanted = getattr(self, kind)
            if wanted and (found := _digest(path, kind)) != wanted:
                return f"its {kind} is {found} instead of {wanted}"
        return None


def fetch(
    urls: Sequence[str],
    path: Path,
    *,
    expected: Expected,
    patience: Patience,
    check: Check | None = None,
    progress: Callable[[int], None] = lambda position: None,
) -> None:
    """Download to ``path`` from the first of ``urls`` that gives the right bytes.

    The content is written to ``{path}.part`` and moved into place once it is verified. A ``.part`` that is left behind
    is continued if a hash is known to verify the whole, and started anew otherwise.

    Args:
        expected: size and hash.
        patience: with each of the mirrors.
        check: a further look at the whole content.
        progress: called with the number of bytes that are there.

    Raises:
        InputError: no mirror has it, or the disk refuses; says for each mirror what was wrong.
    """
    part = path.with_name(f"{path.name}.part")
    complaints = []
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            try:
                _from_mirror(url, part, expected, check, patience, progress)
            except MirrorError as error:
                complaints.append(f"{url}: {error}")
            else:
                part.replace(path)
                return
    if not _length(part):
        part.unlink(missing_ok=True)
    kept = f" ({_length(part)} bytes are kept in {part})" if part.exists() else ""
    raise InputError(
        f"{path.name} could not be downloaded{kept}: {'; '.join(complaints)}; run again later, or put the file at "
        f"{path.absolute()}"
    )


def _from_mirror(
    url: str,
    part: Path,
    expected: Expected,
    check: Check | None,
    patience: Patience,
    progress: Callable[[int], None],
) -> None:
    """Fill ``part`` with the right bytes, or raise MirrorError."""
    failures, furthest = 0, _length(part)
    while True:
        if not expected.certain:
            part.unlink(missing_ok=True)
        start = _length(part)
        try:
            if expected.size is None or start < expected.size:
                _receive(url, part, start, expected, patience.timeout, progress, verified=bool(check))
            complaint = expected.complaint(part) or (check and check(part))
            if not complaint:
                return
            part.unlink()
            if not start:
                raise MirrorError(complaint)
            problem = TemporaryError(complaint)  # what was there before may have been at fault
        except TemporaryError as error:
            problem = error
            if error.anew:
                part.unlink(missing_ok=True)
        gained, furthest = _length(part) > furthest, max(furthest, _length(part))
        failures = 1 if gained and expected.certain else failures + 1
        if failures >= patience.attempts:
            raise MirrorError(f"{problem} ({failures} attempts)")
        time.sleep(min(max(patience.pause * 2 ** (failures - 1), problem.pause), LONGEST_PAUSE))


def _receive(
    url: str,
    part: Path,
    start: int,
    expected: Expected,
    timeout: float,
    progress: Callable[[int], None],
    *,
    verified: bool,
) -> None:
    """One request: append to ``part`` from ``start``, or write it anew if the server sends the whole.

    ``verified``: a further check would notice that the content is cut short.
    """
    with open_url(url, start=start, timeout=timeout) as response:
        if not expected.certain and response.headers.get_content_type() == "text/html":
            raise MirrorError("the server sent a web page instead of the file")
        if not (expected.certain or expected.size or verified or tells_its_end(response)):
            raise MirrorError("the server does not say how long the file is, so it may be cut short unnoticed")
        resumed = response.status == 206
        position = start if resumed else 0
        end = announced_end(response, position)
        if not resumed and expected.size and end is not None and end < expected.size:
            raise MirrorError(f"its file has {end} bytes instead of {expected.size}")
        end = expected.size or end
        with part.open("ab" if resumed else "wb") as file:
            for block in blocks(response):
                position += len(block)
                if expected.size is not None and position > expected.size:
                    part.unlink()
                    raise MirrorError(f"its file has more than the {expected.size} bytes it should have")
                file.write(block)
                progress(position)
            file.flush()
            os.fsync(file.fileno())
    if end is not None and position < end:
        raise TemporaryError(f"the connection ended after {position} of {end} bytes")


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
