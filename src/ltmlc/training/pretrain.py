"""The embedded data sets' stand-in for ImageNet weights: a backbone that has seen single digits, evenly, before any
long tail.

The paper starts from ImageNet weights with the stem, the first stage and all batch-norm statistics frozen. That recipe
needs a pretrained backbone, so a small one is trained here, in about twenty seconds, to tell the digit and the ink of
one digit on a canvas. It sees no test image, no class frequency and no co-occurrence.

The training is chaotic: another kind of processor rounds otherwise and ends in other weights, in float64 too, which
moves all runs that start from them by some mAP together. So each seed has weights of its own: the spread between seeds
then contains what another machine changes, and differences paired by seed do not.
"""

import io
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ltmlc.data.sources.digits import DigitsSource
from ltmlc.models import build_model
from ltmlc.models.layout import channels_last
from ltmlc.training.sgd import SGD

IMAGES, EPOCHS, BATCH_SIZE, PEAK_RATE = 4000, 9, 64, 0.4


def pretrain_backbone(
    source: DigitsSource, settings: dict[str, Any], augmentation: dict[str, Any], *, seed: int = 0
) -> bytes:
    """Train a backbone on single digits and return its weights as a file's content (``torch.save`` of a state dict).

    Args:
        source: draws the canvases.
        settings: the data set's ``model`` settings; the backbone trains unfrozen here, whatever they say.
        augmentation: for its ``mean`` and ``std``.
        seed: of images, initial weights and order.
    """
    images, digits, inks = source.single_digits(IMAGES, seed=seed)
    scaled = (images - np.float32(augmentation["mean"])) / np.float32(augmentation["std"])  # (N, S, S, 3)
    images = torch.from_numpy(scaled).permute(0, 3, 1, 2)  # (N, 3, S, S), channels last in memory
    digits, inks = torch.from_numpy(digits), torch.from_numpy(inks)
    unfrozen = {**settings, "weights": None, "frozen_stages": 0, "norm_eval": False}
    model = channels_last(build_model(unfrozen, 10 + source.inks, generator_seed=seed))
    optimizer = SGD(model.parameters(), lr=PEAK_RATE, momentum=0.9, weight_decay=1e-4)
    batches = IMAGES // BATCH_SIZE
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=EPOCHS * batches)
    order = torch.Generator().manual_seed(seed)
    for _ in range(EPOCHS):
        for batch in torch.randperm(IMAGES, generator=order)[: batches * BATCH_SIZE].split(BATCH_SIZE):
            logits = model(images[batch])  # (M, 10 + inks)
            loss = F.cross_entropy(logits[:, :10], digits[batch]) + F.cross_entropy(logits[:, 10:], inks[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    content = io.BytesIO()
    torch.save(model.backbone.state_dict(), content)
    return content.getvalue()
