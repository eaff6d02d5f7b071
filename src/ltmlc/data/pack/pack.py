"""Decode every image once: all pixels of a data set in one memory-mapped file.

``images.bin`` holds the uint8 RGB pixels (H x W x 3 each, own size) of the training, then the test images, one after
the other. ``index.json`` says where each image lies, and carries a checksum of the pixels and one of itself. Labels are
not here: the split has them, and it alone. An interrupted build goes on where it stopped, after a check of what is
there; whether the photographs are still the same, :mod:`ltmlc.workflow.packing` asks before.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ltmlc.data.pack.decode import decode_in_order
from ltmlc.data.pack.images import packed_image
from ltmlc.data.pack.journal import Journal
from ltmlc.data.sources.source import Source
from ltmlc.data.split import Split
from ltmlc.disk.files import canonical_json, sealed, sha256_file, unsealed, write_atomically
from ltmlc.disk.progress import Progress
from ltmlc.disk.reading import LARGEST_JSON, read_regular
from ltmlc.disk.trouble import disk_errors
from ltmlc.errors import InputError

IMAGES_FILE, INDEX_FILE = "images.bin", "index.json"
KEPT_ADVICE = "what is packed so far is kept: run the same again then (data.max_side makes a smaller pack)"


@dataclass(frozen=True)
class Pack:
    """An open pack of N images; nothing is read before it is used."""

    images: np.ndarray  # flat uint8 memmap; private, so writing to it never reaches the file
    offsets: np.ndarray  # (N,) int64, first byte of each image
    heights: np.ndarray  # (N,) int64, pixels
    widths: np.ndarray  # (N,) int64, pixels
    ids: list[str]
    num_train: int  # the first num_train images are the training set
    max_side: int | None
    split_sha256: str

    def image(self, index: int) -> np.ndarray:
        """uint8 RGB (H, W, 3)"""
        return packed_image(self.images, self.offsets[index], self.heights[index], self.widths[index])


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
        split: which images, in which order.
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
    with disk_errors(directory, KEPT_ADVICE):
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / ".lock"):
            if (directory / INDEX_FILE).exists():
                try:
                    pack = open_pack(directory, split_sha256=split.sha256)
                except InputError as error:  # replaced once the new one is complete
                    pack = None
                    print(f"packing again: {error}", file=sys.stderr, flush=True)
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
            (directory / INDEX_FILE).unlink(missing_ok=True)
            journal.move_pixels(directory / IMAGES_FILE)
            write_atomically(directory / INDEX_FILE, canonical_json(_index(split, max_side, journal)))
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
    index = _read_index(directory)
    heights, widths = np.array(index["sizes"], np.int64).reshape(-1, 2).T
    sizes = heights * widths * 3
    if split_sha256 is not None and index["split_sha256"] != split_sha256:
        raise InputError(
            f"{directory}: packed from another split (sha256 {index['split_sha256']}, expected {split_sha256}); "
            "run `ltmlc pack` again to replace it"
        )
    path, size = directory / IMAGES_FILE, int(sizes.sum())
    with disk_errors(path, KEPT_ADVICE):
        found = path.stat().st_size if path.is_file() else 0
        if found != size or size == 0:
            raise InputError(f"{path}: {found} bytes, {INDEX_FILE} promises {size}; {_mend(directory)}")
        changed = path.stat().st_mtime_ns > (directory / INDEX_FILE).stat().st_mtime_ns
        if (verify or changed) and sha256_file(path) != index["images_sha256"]:
            raise InputError(f"{path}: the sha256 differs from the one in {INDEX_FILE}; {_mend(directory)}")
        images = np.memmap(path, np.uint8, mode="c")
    fields = (index[key] for key in ("ids", "num_train", "max_side", "split_sha256"))
    return Pack(images, np.cumsum(sizes) - sizes, heights, widths, *fields)


def _read_index(directory: Path) -> dict[str, Any]:
    """The verified content of ``index.json``."""
    path = directory / INDEX_FILE
    with disk_errors(path, KEPT_ADVICE):
        if not path.exists():
            raise InputError(f"{path}: no pack here; run `ltmlc pack` first")
        content = read_regular(path, limit=LARGEST_JSON) if path.is_file() else b""
    fields = unsealed(content)
    if fields is not None:
        return fields
    if b'"labels":' in content:
        raise InputError(
            f"{path} is of an earlier version, which kept labels of its own; run `ltmlc pack` again: it is made anew"
        )
    raise InputError(f"{path} was edited or damaged: its checksum does not fit its content; {_mend(directory)}")


def _mend(directory: Path) -> str:
    return f"delete the folder {directory} and run the same again, or `ltmlc pack`: it is packed anew"


def _index(split: Split, max_side: int | None, journal: Journal) -> dict[str, Any]:
    fields = {
        "split_sha256": split.sha256,
        "max_side": max_side,
        "ids": [*split.train_ids, *split.test_ids],
        "num_train": len(split.train_ids),
        "sizes": [list(size) for size in journal.sizes],  # height and width of each image, in their order in the file
        "images_sha256": journal.digest.hexdigest(),
    }
    return sealed(fields)
