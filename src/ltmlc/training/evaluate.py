"""Evaluation as released: every test image resized, no flip, no crop; raw logits."""

from collections.abc import Iterator
from typing import Any

import torch

from ltmlc.models import Classifier
from ltmlc.training.batches import DeviceData, batch_size
from ltmlc.training.features import FeatureData


def test_logits(model: Classifier, data: DeviceData | FeatureData, spec: dict[str, Any]) -> Iterator[torch.Tensor]:
    """Logits of all test images in order, batch by batch: (B, C) float32 on the host.

    Also of a network that trained in bfloat16: ranking images by logits of 8 significant bits would tie many of them.
    """
    size = spec["model"]["image_size"]
    dtype = next(model.parameters()).dtype
    for start in range(data.num_train, len(data.labels), batch_size(size)):
        inputs = data.test_inputs(slice(start, start + batch_size(size)), spec)
        yield model.predict(inputs.to(dtype)).float().cpu()


test_logits.__test__ = False  # the name is not a test's, whatever pytest thinks
