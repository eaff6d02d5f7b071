"""Decode every image once: all pixels of a data set in one memory-mapped file.

``images.bin`` holds the uint8 RGB pixels (H x W x 3 each, own size) of the training, then the test images, one after
the other. ``index.json`` says what they are. An interrupted build goes on where it stopped, after a check of what is
there.
"""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ltmlc.data.pack.decode import decode_in_order
from ltmlc.data.pack.journal import Journal
from ltmlc.data.sources.source import Source
from ltmlc.data.split import Split
from ltmlc.disk.files import canonical_json, sha256_file, write_atomically
from ltmlc.disk.progress import Progress
from ltmlc.errors import InputError

IMAGES, INDEX = "images.bin", "index.json"


@dataclass(frozen=True)
class Pack:
    """An open pack of N images; nothing is read before it is used."""

    images: np.ndarray  # flat uint8 memmap; private, so writing to it never reaches the file
    offsets: np.ndarray  # (N,) int64, first byte of each image
    heights: np.ndarray  # (N,) int64, pixels
    widths: np.ndarray  # (N,) int64, pixels
    ids: list[str]
    labels: np.ndarray  # (N, C) uint8
    num_train: int  # the first num_train images are the training set
    max_side: int | None
    split_sha256: str


def build_pack(
    source: Source,
    split: Split,
    directory: str | Path,
    *,
    max_side: int | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Pack:
    """Decode the training and test images of ``split`` into ``directory``; a complete pack is checked and kept.

    Args:
        source: gives ``read_image(image_id) -> uint8 RGB (H, W, 3)``; called from several threads.
        split: which images, in which order, with which labels.
        max_side: images with a longer side than this many pixels are shrunk to it (area averaging).
        workers: decoding threads; all available cores by default.
        progress: show it on stderr: a bar at a terminal, else a line at every tenth.

    Raises:
        InputError: an image cannot be read, or the directory cannot be written (permission, disk full). What was
            packed before stays, and the next call goes on from there; an earlier pack stays as it is.
    """
    if max_side is not None and (isinstance(max_side, bool) or not isinstance(max_side, int) or max_side < 1):
        raise InputError(f"max_side: {max_side!r} is not a positive number of pixels, nor null")
    directory = Path(directory)
    with _readable_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / ".lock"):
            if (directory / INDEX).exists():
                try:
                    pack = open_pack(directory, split_sha256=split.sha256)
                except InputError:
                    pack = None  # of another split, or damaged: replaced once the new one is complete
                if pack is not None and pack.max_side == max_side:
                    return pack
            ids = [*split.train_ids, *split.test_ids]
            with (
                Journal(directory, {"split_sha256": split.sha256, "max_side": max_side}) as journal,
                Progress(f"pack {split.dataset}", len(ids), unit="image", shown=progress) as shown,
            ):
                missing = ids[len(journal.sizes) :]
                for image in decode_in_order(source, missing, max_side=max_side, workers=workers):
                    journal.append(image)
                    shown.at(len(journal.sizes))
            # The old index goes first: a crash from here on leaves no pack, never a wrong one.
            (directory / INDEX).unlink(missing_ok=True)
            journal.move_pixels(directory / IMAGES)
            write_atomically(directory / INDEX, canonical_json(_index(split, max_side, journal)))
            journal.delete()
    return open_pack(directory, split_sha256=split.sha256, verify=False)


def open_pack(directory: str | Path, *, split_sha256: str | None = None, verify: bool = True) -> Pack:
    """Map a pack.

    Args:
        split_sha256: the split the pack must have been built from.
        verify: read the pixels once to compare their sha256. False: only if they changed after the index was written
            (the size is always compared).

    Raises:
        InputError: there is no pack, it is damaged, or it belongs to another split.
    """
    directory = Path(directory)
    mend = "delete the directory and run `ltmlc pack` again"
    try:
        index = json.loads((directory / INDEX).read_text())
        heights, widths = np.array(index["heights"], np.int64), np.array(index["widths"], np.int64)
        offsets, ids = np.array(index["offsets"], np.int64), index["ids"]
        labels = _label_matrix(index["labels"], len(index["classes"]))
        num_train, sha256, max_side, packed_split = (
            index[key] for key in ("num_train", "sha256", "max_side", "split_sha256")
        )
        sizes = heights * widths * 3
        consistent = np.array_equal(offsets, np.cumsum(sizes) - sizes) and len(ids) == len(labels) == len(sizes)
    except FileNotFoundError:
        raise InputError(f"{directory / INDEX}: no pack here; run `ltmlc pack` first") from None
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{directory / INDEX}: cannot be used ({error!r}); {mend}") from None
    if not consistent:
        raise InputError(f"{directory / INDEX}: its lists contradict each other; {mend}")
    if split_sha256 is not None and packed_split != split_sha256:
        raise InputError(
            f"{directory}: packed from another split (sha256 {packed_split}, expected {split_sha256}); "
            "run `ltmlc pack` again to replace it"
        )
    path, size = directory / IMAGES, int(sizes.sum())
    found = path.stat().st_size if path.exists() else 0
    if found != size or size == 0:
        raise InputError(f"{path}: {found} bytes, {INDEX} promises {size}; {mend}")
    with _readable_errors(path):
        changed = path.stat().st_mtime_ns > (directory / INDEX).stat().st_mtime_ns
        if (verify or changed) and sha256_file(path) != sha256:
            raise InputError(f"{path}: the sha256 differs from the one in {INDEX}; {mend}")
        images = np.memmap(path, np.uint8, mode="c")
    return Pack(images, offsets, heights, widths, ids, labels, num_train, max_side, packed_split)


def _index(split: Split, max_side: int | None, journal: Journal) -> dict[str, Any]:
    heights, widths = (list(side) for side in zip(*journal.sizes, strict=True))
    sizes = np.array(heights, np.int64) * np.array(widths, np.int64) * 3
    return {
        "classes": list(split.classes),
        "split_sha256": split.sha256,
        "max_side": max_side,
        "ids": [*split.train_ids, *split.test_ids],
        "num_train": len(split.train_ids),
        "labels": [*split.train_labels, *split.test_labels],
        "heights": heights,
        "widths": widths,
        "offsets": (np.cumsum(sizes) - sizes).tolist(),
        "sha256": journal.digest.hexdigest(),
    }


def _label_matrix(labels: list[list[int]], num_classes: int) -> np.ndarray:
    matrix = np.zeros((len(labels), num_classes), np.uint8)
    for row, classes in zip(matrix, labels, strict=True):
        row[classes] = 1
    return matrix


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says into one sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                f"{path}: the disk is full; free space, or set max_side, and run again (images packed so far are kept)"
            ) from error
        if isinstance(error, PermissionError):
            raise InputError(
                f"{where}: no permission; make it readable and writable for you, or choose another place"
            ) from error
        raise InputError(f"{where}: {error.strerror or error}") from error
