"""Batches on the CPU: one image after the other with OpenCV, on as many threads as torch uses.

Every image is computed on its own, so the result does not depend on the number of threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ltmlc.data.augment.distort import linear_part, needs_hsv, normalisation, shift_hsv_opencv
from ltmlc.data.augment.draws import Augmentation
from ltmlc.data.pack.images import Images, packed_image

SMALL_BATCH = 500_000  # output pixels; under it waking the threads costs more than they save


def opencv_training_batch(
    images: Images, augmentation: Augmentation, *, image_size: int, settings: dict[str, Any]
) -> Tensor:
    """Augmented, normalised RGB (B, S, S, 3) float32."""
    batch = np.empty((images.count, image_size, image_size, 3), np.float32)
    flat = images.flat.numpy()
    through_hsv = needs_hsv(augmentation, settings).tolist()
    matrices = _channel_matrices(augmentation, settings)
    boxes, flips, brightness = augmentation.boxes.tolist(), augmentation.flip.tolist(), augmentation.brightness
    saturation, hue = augmentation.saturation.tolist(), augmentation.hue.tolist()

    def fill(i: int) -> None:
        left, top, right, bottom = boxes[i]
        crop = packed_image(flat, images.offsets[i], images.heights[i], images.widths[i])[top:bottom, left:right]
        if flips[i]:
            crop = cv2.flip(crop, 1)
        pixels = np.add(crop, brightness[i], dtype=np.float32)
        if through_hsv[i]:
            pixels = shift_hsv_opencv(pixels, saturation[i], hue[i])
        resized = cv2.resize(pixels, (image_size, image_size), interpolation=cv2.INTER_LINEAR)
        cv2.transform(resized, matrices[i], dst=batch[i])

    _for_each(fill, images.count, pixels=images.count * image_size**2)
    return torch.from_numpy(batch)


def opencv_test_batch(images: Images, *, image_size: int, settings: dict[str, Any]) -> Tensor:
    """Resized (as uint8, like the released code), normalised RGB (B, S, S, 3) float32."""
    batch = np.empty((images.count, image_size, image_size, 3), np.float32)
    flat = images.flat.numpy()
    mean, std = normalisation(settings)
    levels = ((np.arange(256, dtype=np.float32)[:, None] - mean) / std)[None]  # (1, 256, 3): every possible result

    def fill(i: int) -> None:
        image = packed_image(flat, images.offsets[i], images.heights[i], images.widths[i])
        resized = cv2.resize(image, (image_size, image_size), interpolation=cv2.INTER_LINEAR)
        cv2.LUT(resized, levels, dst=batch[i])

    _for_each(fill, images.count, pixels=images.count * image_size**2)
    return torch.from_numpy(batch)


def _channel_matrices(augmentation: Augmentation, settings: dict[str, Any]) -> np.ndarray:
    """Permutation, contrast and normalisation as one affine map of the channels, (B, 3, 4)."""
    scale, shift = linear_part(augmentation, settings)
    matrices = np.zeros((len(scale), 3, 4), np.float32)
    rows = np.arange(len(scale))[:, None]
    matrices[rows, np.arange(3), augmentation.permutation] = scale
    matrices[:, :, 3] = shift
    return matrices


def _for_each(fill: Callable[[int], None], count: int, *, pixels: int) -> None:
    workers = min(torch.get_num_threads(), count)
    if workers < 2 or pixels < SMALL_BATCH:
        for i in range(count):
            fill(i)
        return

    def share(first: int) -> None:
        for i in range(first, count, workers):
            fill(i)

    list(_pool(workers).map(share, range(workers)))  # the list lets an exception through


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ltmlc-batch")
