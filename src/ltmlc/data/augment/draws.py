"""What the training augmentation draws for one batch, in the order and ranges of the released code (METHODS.md 3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

CROP_TRIES = 50


@dataclass(frozen=True)
class Augmentation:
    """The draws for B images. Where a coin fell the other way the value is neutral: 0, 1, or the identity."""

    boxes: np.ndarray  # (B, 4) int64: left, top, right, bottom of the crop, in pixels; right and bottom exclusive
    flip: np.ndarray  # (B,) bool
    brightness: np.ndarray  # (B,) float32, added to every channel
    contrast_before: np.ndarray  # (B,) float32, factor applied before the change of hue and saturation
    contrast_after: np.ndarray  # (B,) float32, factor applied after it; one of the two factors is always 1
    saturation: np.ndarray  # (B,) float32, factor
    hue: np.ndarray  # (B,) float32, degrees
    permutation: np.ndarray  # (B, 3) int64: output channel c is input channel permutation[c]


def draw_augmentation(
    rng: np.random.Generator, heights: ArrayLike, widths: ArrayLike, settings: dict[str, Any]
) -> Augmentation:
    """Draw the augmentation of a batch; the global random state is neither read nor changed.

    Args:
        rng: the only source of randomness; make it from (seed, purpose, iteration).
        heights, widths: (B,) sizes of the images in pixels.
        settings: ``brightness`` (largest shift, levels of 255), ``contrast`` and ``saturation`` ([low, high] factors),
            ``hue`` (largest shift, degrees), ``channel_permutation`` (bool), ``crop_scale`` ([low, high] share of each
            side), ``crop_ratio`` ([low, high] of height / width), ``flip`` (probability).
            A key that is absent, null, 0 or false switches its part off. The schema of data sets has their limits.
    """
    heights, widths = np.asarray(heights, np.int64), np.asarray(widths, np.int64)
    count = len(heights)
    ones = np.ones(count, np.float32)

    brightness = _sometimes(rng, count, _around_zero(settings.get("brightness")), neutral=0)
    contrast_range = settings.get("contrast")
    before = rng.random(count) < 0.5 if contrast_range else None
    contrast = _sometimes(rng, count, contrast_range, neutral=1)
    saturation = _sometimes(rng, count, settings.get("saturation"), neutral=1)
    hue = _sometimes(rng, count, _around_zero(settings.get("hue")), neutral=0)
    permutation = np.tile(np.arange(3), (count, 1))
    if settings.get("channel_permutation"):
        coin = rng.random(count) < 0.5
        permutation = np.where(coin[:, None], rng.permuted(permutation, axis=1), permutation)

    boxes = _crop_boxes(rng, heights, widths, settings.get("crop_scale"), settings.get("crop_ratio"))
    probability = settings.get("flip")
    return Augmentation(
        boxes=boxes,
        flip=rng.random(count) < probability if probability else np.zeros(count, bool),
        brightness=brightness,
        contrast_before=ones if before is None else np.where(before, contrast, ones),
        contrast_after=ones if before is None else np.where(before, ones, contrast),
        saturation=saturation,
        hue=hue,
        permutation=permutation,
    )


def _sometimes(rng: np.random.Generator, count: int, interval: Sequence[float] | None, *, neutral: float) -> np.ndarray:
    """A uniform value with probability 1/2, else the neutral one; nothing is drawn when the part is off."""
    if not interval:
        return np.full(count, neutral, np.float32)
    coin = rng.random(count) < 0.5
    return np.where(coin, rng.uniform(*interval, count), neutral).astype(np.float32)


def _crop_boxes(
    rng: np.random.Generator,
    heights: np.ndarray,
    widths: np.ndarray,
    scale: Sequence[float] | None,
    ratio: Sequence[float] | None,
) -> np.ndarray:
    """Crop boxes (B, 4). An image whose every try has the wrong shape is kept whole."""
    boxes = np.stack([np.zeros_like(widths), np.zeros_like(heights), widths, heights], axis=1)
    pending = np.arange(len(heights)) if scale else np.arange(0)
    for _ in range(CROP_TRIES):
        if not pending.size:
            break
        height, width = heights[pending], widths[pending]
        new_width = rng.uniform(scale[0] * width, scale[1] * width)
        new_height = rng.uniform(scale[0] * height, scale[1] * height)
        # numpy.random.uniform with one argument, as the released code calls it, draws between that argument and 1.0.
        left, top = (1 + (slack - 1) * rng.random(len(slack)) for slack in (width - new_width, height - new_height))
        box = np.stack([left, top, left + new_width, top + new_height], axis=1).astype(np.int64)
        # Rounding in the sums must neither leave the image nor empty the box.
        box[:, :2] = np.minimum(box[:, :2], np.stack([width, height], axis=1) - 1)
        box[:, 2:] = np.clip(box[:, 2:], box[:, :2] + 1, np.stack([width, height], axis=1))
        shape = new_height / new_width
        accepted = (ratio[0] <= shape) & (shape <= ratio[1]) if ratio else np.ones(len(pending), bool)
        boxes[pending[accepted]] = box[accepted]
        pending = pending[~accepted]
    return boxes


def _around_zero(largest: float | None) -> tuple[float, float] | None:
    return (-largest, largest) if largest else None
