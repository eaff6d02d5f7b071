"""Reading arrays from ``.npz`` files: what they unpack to is asked before anything is unpacked."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError

import numpy as np

from ltmlc.disk.reading import why_unread

UNPACKED = 500_000_000
"""Bytes that the compressed arrays of a file may unpack to: logits of 100 000 images and 1000 classes."""

_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, RuntimeError)  # the last: other compression, a password
DAMAGED_ARRAYS = (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, RecursionError, TokenError, *_ZIP)
"""What a file that is no such file, or a damaged one, is refused with."""


def read_arrays(path: str | Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those arrays of a file. Nothing is unpickled.

    Raises one of ``DAMAGED_ARRAYS``, of which FileNotFoundError says that there is none.
    """
    path = Path(path)
    if why := why_unread(path):
        raise ValueError(f"it {why}")
    with zipfile.ZipFile(path) as file:
        packed = [member for member in file.infolist() if member.compress_type != zipfile.ZIP_STORED]
        unpacked = sum(member.file_size for member in packed)
    if unpacked > UNPACKED:
        raise ValueError(f"it unpacks to {unpacked} bytes, more than the {UNPACKED} that are read")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}
