"""Decode many images at once, in order."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from ltmlc.data.sources.source import Source
from ltmlc.errors import InputError


def decode_in_order(
    source: Source, ids: list[str], *, max_side: int | None = None, workers: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the images as contiguous uint8 RGB (H, W, 3), in order; threads stay a few images ahead.

    Args:
        max_side: images with a longer side than this many pixels are shrunk to it (area averaging).
        workers: threads; all available cores by default (OpenCV decodes without holding the interpreter lock).

    Raises:
        InputError: an image cannot be read, or the source returns something else than an image.
    """
    workers = workers or _available_cores()
    pool, waiting = ThreadPoolExecutor(workers), deque()
    try:
        for image_id in ids:
            waiting.append(pool.submit(_read, source, image_id, max_side))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read(source: Source, image_id: str, max_side: int | None) -> np.ndarray:
    try:
        image = source.read_image(image_id)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"image {image_id}: cannot be read ({error}); replace the file and pack again") from error
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        form = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"image {image_id}: decoded to {form}, not to uint8 (height, width, 3)")
    if not image.size:
        raise InputError(f"image {image_id}: has no pixels; replace the file and pack again")
    longer = max(image.shape[:2])
    if max_side is not None and longer > max_side:
        height, width = (max(1, round(side * max_side / longer)) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image)


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
