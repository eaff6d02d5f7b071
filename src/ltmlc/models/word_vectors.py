"""Word vectors of the class names, for the graph head: a table of rows, a GloVe text file, or made ones for digits."""

import hashlib
import pickle
import random
import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ltmlc.disk.reading import read_text, why_unread
from ltmlc.errors import InputError

MAX_TABLE = 10**9
"""Bytes of a table: a million classes of 300 numbers. GloVe's own text, of which rows are looked up, has no limit."""
LONGEST_LINE = 10**6
"""Characters; GloVe's have six thousand."""

LONGEST_NAMES = 10**8
"""Bytes of a list of class names."""

ORDERS = ("classes", "alphabetical")

# Tables of Megvii-Nanjing/ML-GCN by the sha256 of their float32 values: what the rows stand for is known for these.
KNOWN_ORDER = {
    "4116524c4c28d8e1a0e574f47a82ba505d957c11514ad39cc8afdd87f5958289": "alphabetical",
}

# VOC writes these as one word; GloVe has the parts.
WORDS = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv monitor"}


def load_word_vectors(path: str | Path, classes: Sequence[str], order: str) -> Tensor:
    """Vectors of the classes, in the order of ``classes``.

    ``.npy`` and ``.pkl`` (a pickled array, as in the ML-GCN repository; no other object is unpickled) are tables with
    one row a class. Rows carry no names, so ``order`` must say which class each one is; it is checked against what can
    be known: the number of rows, the content of ML-GCN's COCO table, and ``<name>.names.txt`` beside the file (one
    class name a line), if there is one. ``.txt`` is GloVe's own format: every class is looked up by name, a name of
    several words is their mean, and ``order`` does not matter.

    Args:
        path: the file.
        classes: C class names.
        order: ``classes`` if the rows are in the order of ``classes``, ``alphabetical`` if in that of the sorted names.

    Returns:
        (C, d) float32 tensor.

    Raises:
        InputError: an unreadable file, rows that cannot belong to the classes, or a word that GloVe lacks.
    """
    path = Path(path).expanduser()
    if order not in ORDERS:
        raise InputError(f"order of word vectors is {order!r}; choose one of {', '.join(ORDERS)}")
    if not path.is_file():
        raise InputError(f"word vectors: {path} does not exist; give a .npy or .pkl table or a GloVe .txt file")
    try:
        return _load(path, classes, order)
    except OSError as error:
        raise InputError(f"word vectors: {path} cannot be read ({error.strerror or error})") from None


def _load(path: Path, classes: Sequence[str], order: str) -> Tensor:
    if path.suffix == ".txt":
        return torch.from_numpy(_look_up(path, classes))
    table = _read_table(path)
    names = list(classes) if order == "classes" else sorted(classes, key=_plain)
    _check_rows(path, table, names, order)
    row = {name: index for index, name in enumerate(names)}
    return torch.from_numpy(table[[row[name] for name in classes]])


def digit_word_vectors(classes: Sequence[str], dimensions: int = 300) -> Tensor:
    """Vectors for the embedded digits' classes such as ``3 red``: one for the digit plus one for the colour.

    Classes that share a digit or a colour are alike, as related words are; the length is about that of GloVe's. The
    numbers depend on the two words alone.

    Returns:
        (C, dimensions) float32 tensor.

    Raises:
        InputError: a class name that is not a digit and a colour.
    """
    for name in classes:
        if not re.fullmatch(r"[0-9] [a-z]+", name):
            raise InputError(f'class {name!r} is not a digit and a colour such as "3 red": give a file of word vectors')
    rows = [[_made_vector(word, dimensions) for word in name.split()] for name in classes]
    return torch.tensor(rows, dtype=torch.float64).sum(dim=1).float()


def name_word_vectors(classes: Sequence[str], dimensions: int = 300) -> Tensor:
    """Vectors (C, dimensions) float32 drawn from the names' letters: a stand-in to which no two classes are related."""
    return torch.tensor([_made_vector(name, dimensions) for name in classes])


def _made_vector(word: str, dimensions: int) -> list[float]:
    draw = random.Random(f"ltmlc word vector {word}")
    return [draw.random() - 0.5 for _ in range(dimensions)]


def _plain(name: str) -> str:
    """The words of a name in lower case: letters of any script with their marks, and digits; all else parts words."""
    text = unicodedata.normalize("NFC", name.lower())
    # Joiners, of category Cf, are part of words of some scripts.
    kept = (sign if unicodedata.category(sign)[0] in "LNM" or sign in "\u200c\u200d" else " " for sign in text)
    return " ".join("".join(kept).split())


def _check_rows(path: Path, table: np.ndarray, names: list[str], order: str) -> None:
    if len(table) != len(names):
        raise InputError(f"word vectors: {path} has {len(table)} rows for {len(names)} classes")
    known = KNOWN_ORDER.get(hashlib.sha256(np.ascontiguousarray(table).tobytes()).hexdigest(), order)
    if known != order:
        raise InputError(f"word vectors: the rows of {path} are known to be in order {known}, not {order}")
    sidecar = path.with_suffix(".names.txt")
    if sidecar.is_file():
        told = read_text(sidecar, limit=LONGEST_NAMES, mend="save it as UTF-8, one class name a line").splitlines()
        if len(told) != len(names):
            raise InputError(f"word vectors: {sidecar} has {len(told)} names for {len(names)} classes")
        for number, (name, expected) in enumerate(zip(told, names, strict=True), start=1):
            if _plain(name) != _plain(expected):
                raise InputError(
                    f"word vectors: line {number} of {sidecar} is {name!r}, but in order {order!r} "
                    f"that row is {expected!r}"
                )


def _read_table(path: Path) -> np.ndarray:
    if why := why_unread(path, MAX_TABLE):
        raise InputError(f"word vectors: {path} {why}; keep the classes' rows")
    try:
        if path.suffix == ".pkl":
            with path.open("rb") as file:
                table = _ArrayUnpickler(file, encoding="latin1").load()
        else:
            # Mapped: a file that claims more numbers than it has is refused before room is made for them.
            table = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(table, np.ndarray) or table.nbytes > 2 * MAX_TABLE:
            raise ValueError("it holds no array")
        table = np.array(table, dtype=np.float32)
    except OSError:
        raise
    except Exception as error:  # of what is no such file its readers raise anything
        raise InputError(f"word vectors: {path} is not a table of numbers ({_first_line(error)})") from None
    if table.ndim != 2 or not table.size or not np.isfinite(table).all() or not table.any(axis=1).all():
        raise InputError(f"word vectors: {path} must be (C, d), finite, with no row of zeros; it is {table.shape}")
    return table


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles NumPy arrays and nothing else."""

    MODULES = frozenset({"numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy._core.numeric"})
    ALLOWED = frozenset({"_reconstruct", "_frombuffer", "ndarray", "dtype"})

    def find_class(self, module: str, name: str) -> object:
        if module in self.MODULES and name in self.ALLOWED:
            return super().find_class(module, name)
        if (module, name) == ("_codecs", "encode"):  # how protocol 2 writes an array's bytes
            return _encode
        raise pickle.UnpicklingError(f"it holds {module}.{name}, not only a NumPy array")


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it holds text in encoding {str(encoding)[:20]!r}, not only a NumPy array")
    return text.encode("latin1")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _look_up(path: Path, classes: Sequence[str]) -> np.ndarray:
    words = {name: WORDS.get(_plain(name), _plain(name)).split() for name in classes}
    wanted = {word for parts in words.values() for word in parts}
    vectors: dict[str, np.ndarray] = {}
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in iter(partial(file.readline, LONGEST_LINE), ""):
            if len(line) == LONGEST_LINE:
                raise InputError(
                    f"word vectors: {path} has a line of {LONGEST_LINE} characters, so it is no file of words and "
                    "numbers; give GloVe's, unpacked"
                )
            word, _, numbers = line.partition(" ")
            if word in wanted and word not in vectors:
                vectors[word] = _parse(path, word, numbers)
                if len(vectors) == len(wanted):
                    break
    lacking = {name: " ".join(word for word in parts if word not in vectors) for name, parts in words.items()}
    missing = [f"{lacking[name]!r} of class {name!r}" for name, parts in words.items() if lacking[name] or not parts]
    if missing:
        more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
        raise InputError(
            f"word vectors: {path} has no vector for {', '.join(missing[:12])}{more}; add lines for them, give a table "
            "with a row a class (.npy), or rename the classes"
        )
    if len({vector.size for vector in vectors.values()}) != 1:
        raise InputError(f"word vectors: the vectors in {path} have different lengths: is the file whole?")
    return np.stack([np.mean([vectors[word] for word in words[name]], axis=0) for name in classes]).astype(np.float32)


def _parse(path: Path, word: str, numbers: str) -> np.ndarray:
    try:
        vector = np.array(numbers.split(), dtype=np.float64)
    except ValueError:
        vector = np.empty(0)
    if not vector.size or not np.isfinite(vector).all():
        raise InputError(f"word vectors: the line of {word!r} in {path} is not a word and numbers")
    return vector
