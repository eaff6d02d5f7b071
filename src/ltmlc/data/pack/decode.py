"""Decode many images at once, in order."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np

from ltmlc.data.sources.source import IMAGE_ADVICE, Source, UnusableImageError
from ltmlc.errors import InputError, few

UNUSABLE_NAMED = 12
"""Images that a message names; of more it gives the number."""


def decode_in_order(
    source: Source, ids: list[str], *, max_side: int | None = None, workers: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the images as contiguous uint8 RGB (H, W, 3), in order; threads stay a few images ahead.

    From the first image that cannot be used nothing more is yielded, but all others are tried, so that one message
    names all that have to be mended.

    Args:
        max_side: images with a longer side than this many pixels are shrunk to it (area averaging).
        workers: threads; all available cores by default (OpenCV decodes without holding the interpreter lock).

    Raises:
        InputError: images cannot be read, or the source returns something else than an image; names the first
            ``UNUSABLE_NAMED`` of them.
    """
    workers = workers or _available_cores()
    bad: list[InputError] = []
    for image in _in_order(lambda image_id: _try(source, image_id, max_side), ids, workers):
        if isinstance(image, InputError):
            bad.append(image)
        elif not bad:
            yield image
    if bad:
        raise _all_of(bad, len(ids))


def _in_order(read: Callable[[str], Any], ids: list[str], workers: int) -> Iterator[Any]:
    pool, waiting = ThreadPoolExecutor(workers), deque()
    try:
        for image_id in ids:
            waiting.append(pool.submit(read, image_id))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _all_of(bad: list[InputError], tried: int) -> InputError:
    if len(bad) == 1:
        return bad[0]
    named = few([getattr(error, "what", str(error)) for error in bad], UNUSABLE_NAMED, between="; ")
    return InputError(f"{len(bad)} of {tried} images cannot be used: {named}. For each: {IMAGE_ADVICE}")


def _try(source: Source, image_id: str, max_side: int | None) -> np.ndarray | InputError:
    try:
        return _read(source, image_id, max_side)
    except InputError as error:
        return error


def _read(source: Source, image_id: str, max_side: int | None) -> np.ndarray:
    try:
        image = source.read_image(image_id)
    except InputError:
        raise
    except Exception as error:
        raise UnusableImageError(image_id, f"cannot be read ({error})") from error
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        form = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise UnusableImageError(image_id, f"decoded to {form}, not to uint8 (height, width, 3)")
    if not image.size:
        raise UnusableImageError(image_id, "has no pixels")
    longer = max(image.shape[:2])
    if max_side is not None and longer > max_side:
        height, width = (max(1, round(side * max_side / longer)) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image)


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
