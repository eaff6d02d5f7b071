"""Evaluation as released: every test image resized, no flip, no crop; raw logits."""

from collections.abc import Iterator
from typing import Any

import torch

from ltmlc.data.augment import test_batch
from ltmlc.models import Classifier
from ltmlc.training.batches import DeviceData

BATCH_PIXELS = 4_000_000
"""Input pixels of a batch: 79 images at 224 px. Larger ones gain nothing and take memory from the neighbours."""


def batch_size(image_size: int) -> int:
    return max(1, min(256, BATCH_PIXELS // image_size**2))


def test_logits(model: Classifier, data: DeviceData, spec: dict[str, Any]) -> Iterator[torch.Tensor]:
    """Logits of all test images in order, batch by batch: (B, C) float32 on the host.

    Also of a network that trained in bfloat16: ranking images by logits of 8 significant bits would tie many of them.
    """
    size = spec["model"]["image_size"]
    dtype = next(model.parameters()).dtype
    for start in range(data.num_train, len(data.offsets), batch_size(size)):
        place = data.place(slice(start, start + batch_size(size)))
        images = test_batch(*place, image_size=size, settings=spec["augmentation"])
        yield model.predict(images.to(dtype)).float().cpu()


test_logits.__test__ = False  # the name is not a test's, whatever pytest thinks
