"""Training and test batches from packed bytes, on the device where the bytes are (METHODS.md 3.3, 3.4).

Two back ends behind one interface: OpenCV on threads for the CPU, batched torch for everything else. They agree with
each other and with the released per-image transforms to the tolerance stated in tests/data/test_augment.py.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltmlc.data.augment.distort import normalisation
from ltmlc.data.augment.draws import Augmentation, draw_augmentation
from ltmlc.data.augment.opencv_batch import opencv_test_batch, opencv_training_batch
from ltmlc.data.augment.torch_batch import torch_test_batch, torch_training_batch
from ltmlc.data.pack.images import Images
from ltmlc.data.pack.pack import Pack

__all__ = ["Augmentation", "augmentation_sheet", "draw_augmentation", "test_batch", "training_batch"]


def training_batch(images: Images, augmentation: Augmentation, *, image_size: int, settings: dict[str, Any]) -> Tensor:
    """Distort, crop, flip, resize (bilinear, aspect not kept) and normalise a batch (METHODS.md 3.3).

    Args:
        images: B of them.
        augmentation: the draws for these, from :func:`draw_augmentation`.
        image_size: S, side of the square result in pixels.
        settings: the augmentation settings; ``mean`` and ``std`` are used here.

    Returns:
        (B, 3, S, S) float32 RGB in channels-last memory order, normalised; on the device of the images.
    """
    make = opencv_training_batch if images.flat.device.type == "cpu" else torch_training_batch
    return make(images, augmentation, image_size=image_size, settings=settings).permute(0, 3, 1, 2)


def test_batch(images: Images, *, image_size: int, settings: dict[str, Any]) -> Tensor:
    """The released test transform (METHODS.md 3.4): resize the uint8 image, normalise. No crop, no flip.

    Arguments and result as for :func:`training_batch`. Equal on every device, bit for bit.
    """
    make = opencv_test_batch if images.flat.device.type == "cpu" else torch_test_batch
    return make(images, image_size=image_size, settings=settings).permute(0, 3, 1, 2)


test_batch.__test__ = False  # the name is not a test's, whatever pytest thinks


def augmentation_sheet(
    pack: Pack, settings: dict[str, Any], image_size: int, rows: int, rng: np.random.Generator, *, versions: int = 7
) -> np.ndarray:
    """Contact sheet, uint8 RGB (H, W, 3): each row a training image, resized, and ``versions`` augmented ones.

    Values outside 0..255, which the network does see, are clipped for display.
    """
    chosen = np.sort(rng.choice(pack.num_train, size=min(rows, pack.num_train), replace=False))
    images = Images(torch.from_numpy(pack.images), pack.offsets, pack.heights, pack.widths)
    tiles = []
    for index in chosen:
        original = test_batch(images.chosen([index]), image_size=image_size, settings=settings)
        repeated = images.chosen([index] * versions)
        augmentation = draw_augmentation(rng, repeated.heights, repeated.widths, settings)
        augmented = training_batch(repeated, augmentation, image_size=image_size, settings=settings)
        tiles.append(torch.cat([original, augmented]).permute(0, 2, 3, 1))
    mean, std = normalisation(settings)
    pixels = (torch.stack(tiles).numpy() * std + mean).round().clip(0, 255).astype(np.uint8)  # (rows, 8, S, S, 3)
    gap = max(1, image_size // 32)
    pixels = np.pad(pixels, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=255)
    rows, columns, height, width, _ = pixels.shape
    return pixels.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)[:-gap, :-gap]
