"""Evaluation as released: every test image resized, no flip, no crop; average precision on raw logits."""

import numpy as np
import torch
from torch import nn

from ltmlc.data.augment import test_batch
from ltmlc.training.loop import DeviceData


@torch.inference_mode()
def predict(model: nn.Module, data: DeviceData, *, spec: dict, batch_size: int = 256) -> np.ndarray:
    """Logits of all test images, float64 or float32 as the model computes them, (N_test, C)."""
    model.eval()
    parts = []
    for start in range(data.num_train, len(data.offsets), batch_size):
        part = slice(start, start + batch_size)
        images = test_batch(
            data.images,
            data.offsets[part],
            data.heights[part],
            data.widths[part],
            image_size=spec["model"]["image_size"],
            settings=spec["augmentation"],
        )
        with torch.autocast(data.images.device.type, torch.bfloat16, enabled=spec["precision"] == "bf16"):
            parts.append(model.predict(images.to(data.labels.dtype)).to(data.labels.dtype))
    return torch.cat(parts).cpu().numpy()
