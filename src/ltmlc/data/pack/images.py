"""Images that lie one after the other in flat bytes."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


class Images(NamedTuple):
    """B uint8 RGB images, each of its own size, anywhere in ``flat``; their places are known on the host.

    Attributes:
        flat: bytes, uint8; the device that has them does the work.
        offsets: (B,) int64, the first byte of each image.
        heights, widths: (B,) int64, pixels.
    """

    flat: "Tensor"
    offsets: np.ndarray
    heights: np.ndarray
    widths: np.ndarray

    @property
    def count(self) -> int:
        """B"""
        return len(self.offsets)

    def chosen(self, indices: object) -> "Images":
        """Some of these images, in the order of ``indices``: anything that indexes an array."""
        return Images(self.flat, self.offsets[indices], self.heights[indices], self.widths[indices])


def packed_image(flat: np.ndarray, offset: int, height: int, width: int) -> np.ndarray:
    """One image, uint8 RGB (H, W, 3)."""
    return flat[offset : offset + height * width * 3].reshape(height, width, 3)
