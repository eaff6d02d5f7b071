"""Reading a file that somebody else made: its kind and size are asked first, its encoding is named where wrong."""

import codecs
import json
import math
import stat
from pathlib import Path
from typing import Any

from ltmlc.disk.files import canonical_json
from ltmlc.errors import InputError

LARGEST_JSON = 100_000_000
"""Bytes; metrics files have a hundred thousand at most."""

DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a small JSON file and using its values can end in, where a damaged one counts as none."""

UTF8 = "utf-8-sig"
"""UTF-8, with or without the byte-order mark that some editors put first."""


def why_unread(path: Path, limit: float = math.inf) -> str:
    """Why a file is not to be read, known before its first byte; empty where it may be. Raises OSError."""
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        return "is a folder"
    if not stat.S_ISREG(state.st_mode):
        return "is a pipe or a device, which may have no end"
    return f"has {state.st_size} bytes, more than the {limit} that are read" if state.st_size > limit else ""


def read_regular(path: str | Path, *, limit: int) -> bytes:
    """All bytes of a regular file.

    Raises InputError for what may have no end (a device, a pipe), for a folder, for more than ``limit`` bytes, and for
    what the system says.
    """
    path = Path(path)
    try:
        if not (why := why_unread(path, limit)):
            return path.read_bytes()
    except (OSError, ValueError) as error:  # the latter: a NUL in the name
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    raise InputError(f"{path} {why}; name the right file")


def read_text(path: str | Path, *, limit: int, encoding: str = UTF8, mend: str = "save it as UTF-8") -> str:
    """The text of a regular file. Raises InputError as :func:`read_regular`, and with line and byte for what is not in
    ``encoding``; ``mend`` says what to do then.
    """
    content = read_regular(path, limit=limit)
    try:
        return codecs.decode(content, encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}{_undecodable(content, error)}; {mend}") from None
    except (LookupError, TypeError, ValueError) as error:  # unknown, or of bytes to bytes
        raise InputError(f"{path}: {encoding!r} is no encoding of text ({error}); such are: utf-8, latin-1") from None


def read_json(path: str | Path) -> Any:
    """The value that a JSON file holds, fit to be written again: text that is text, numbers that are finite.

    Raises InputError as :func:`read_regular`, and for what is no such JSON.
    """
    content = read_regular(path, limit=LARGEST_JSON)
    try:
        value = json.loads(content)
        canonical_json(value).encode()  # refuses NaN, 1e400, and halves of characters
        return value
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not readable JSON ({' '.join(str(error).splitlines())[:200]})") from None


def _undecodable(content: bytes, error: UnicodeDecodeError) -> str:
    name = "UTF-8" if error.encoding.startswith("utf-8") else error.encoding
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return f" is not in {name}: it begins as UTF-16 does"
    start = content.rfind(b"\n", 0, error.start) + 1
    line = content.count(b"\n", 0, start) + 1
    shown = content[max(start, error.start - 20) : error.start + 20].splitlines()[0].decode("latin-1")
    return (
        f", line {line} is not in {name}: byte 0x{content[error.start]:02x}; read as latin-1 the place is "
        f"{shown.strip()!r}"
    )
