"""What an interrupted build of a pack leaves behind, and how far it can be trusted."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from ltmlc.disk.files import canonical_json, make_room, write_atomically
from ltmlc.disk.reading import DAMAGED, LARGEST_JSON, read_text

FLUSH_EVERY = 64  # images; at most so many are decoded again after a kill


class Journal:
    """Append-only pixels (``partial.bin``) and one line per image (``partial.jsonl``).

    A line holds height, width and the sha256 of all pixels up to the end of this image, so reading back once checks
    every image and leaves the digest of the whole.
    """

    def __init__(self, directory: Path, origin: dict[str, Any]) -> None:
        """``origin``: what the pixels depend on; a journal of another origin is started anew."""
        self.pixels_path, self.lines_path = directory / "partial.bin", directory / "partial.jsonl"
        self.header = canonical_json(origin)
        self.sizes: list[tuple[int, int]] = []  # (height, width) of the images there are
        self.digest = hashlib.sha256()

    def __enter__(self) -> Self:
        lines = self._read_back()
        # Pixels first: those of another origin may be what fills the disk. Lines without their pixels do no harm.
        self._pixels = self.pixels_path.open("r+b" if lines else "w+b")
        self._pixels.truncate(self._pixels.seek(sum(height * width * 3 for height, width in self.sizes)))
        write_atomically(self.lines_path, "".join(f"{line}\n" for line in [self.header, *lines]))
        self._lines = self.lines_path.open("a")
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._pixels.flush()
            os.fsync(self._pixels.fileno())
        finally:
            self._lines.close()
            self._pixels.close()

    def append(self, image: np.ndarray) -> None:
        """Add one contiguous uint8 image (H, W, 3)."""
        height, width = image.shape[:2]
        self._pixels.write(image.data)
        self.digest.update(image.data)
        self.sizes.append((height, width))
        self._lines.write(f"{json.dumps([height, width, self.digest.hexdigest()])}\n")
        if len(self.sizes) % FLUSH_EVERY == 0:
            self._pixels.flush()
            self._lines.flush()

    def move_pixels(self, path: Path) -> None:
        self.pixels_path.replace(path)

    def delete(self) -> None:
        self.lines_path.unlink()

    def _read_back(self) -> list[str]:
        """The lines up to the first image whose pixels are not what its line says."""
        verified: list[str] = []
        for path in (self.lines_path, self.pixels_path):
            make_room(path)
        try:
            header, *lines = read_text(self.lines_path, limit=LARGEST_JSON).splitlines() or [""]
            if header != self.header:
                return verified
            left = self.pixels_path.stat().st_size
            with self.pixels_path.open("rb") as pixels:
                for line in lines:
                    height, width, expected = json.loads(line)
                    size, digest = height * width * 3, self.digest.copy()
                    if not (isinstance(size, int) and min(height, width) > 0 and size <= left):
                        break
                    digest.update(pixels.read(size))
                    left -= size
                    if digest.hexdigest() != expected:
                        break
                    self.digest = digest
                    self.sizes.append((height, width))
                    verified.append(line)
        except DAMAGED:
            pass  # no journal yet, or its last line was cut short
        return verified
