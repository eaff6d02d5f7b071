"""The packed images where the trainer can reach them: on its device, or in the host's memory where they do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltmlc.data.augment.batch import draw_augmentation, test_batch, training_batch
from ltmlc.data.pack.images import Images
from ltmlc.data.pack.pack import Pack

SHARE_FOR_IMAGES = 0.5
"""Of the GPU memory that is ours, our share of all and no more than is free; the rest is for the network."""

BATCH_PIXELS = 4_000_000
"""Input pixels of a batch without gradients: 79 images at 224 px. Larger ones gain nothing and take memory from the
neighbours."""


def batch_size(image_size: int) -> int:
    """Images of a batch without gradients."""
    return max(1, min(256, BATCH_PIXELS // image_size**2))


@dataclass(frozen=True)
class DeviceData:
    """Images of a pack and labels of its split for one device.

    Attributes:
        images: all N; their bytes on ``device``, or on the host where they do not fit there.
        labels: (N, C) bool on ``device``.
        num_train: the first images are the training set, the others the test set.
        device: where batches are wanted.
    """

    images: Images
    labels: Tensor
    num_train: int
    device: torch.device

    @classmethod
    def from_pack(
        cls, pack: Pack, device: torch.device, *, labels: np.ndarray | None = None, share: int = 1
    ) -> "DeviceData":
        """The images of a pack, on the device if they fit there.

        Args:
            labels: (N, C) of the split that was packed (``Split.matrix``); None where only the images are wanted.
            share: the number of runs that divide the device's memory among them.
        """
        flat = torch.from_numpy(pack.images)  # on the CPU that is all: the mapped file itself
        if device.type == "cuda":
            free, total = torch.cuda.mem_get_info(device)
            # A share of all, not of what is free: the neighbours have taken theirs, and whoever came first no more.
            if flat.nbytes < SHARE_FOR_IMAGES * min(free, total / share):
                flat = flat.to(device)
        labels = np.empty((len(pack.ids), 0)) if labels is None else labels
        images = Images(flat, pack.offsets, pack.heights, pack.widths)
        return cls(images, torch.from_numpy(labels.astype(bool)).to(device), pack.num_train, device)

    def place(self, indices: Sequence[int] | slice) -> Images:
        """These images on the device."""
        flat, offsets, heights, widths = chosen = self.images.chosen(indices)
        if flat.device == self.device:
            return chosen
        sizes = heights * widths * 3
        ends = np.cumsum(sizes)
        # Pinned, so that the copy to the device runs beside the host; torch keeps the buffer until the copy is done.
        staged = torch.empty(int(ends[-1]), dtype=torch.uint8, pin_memory=self.device.type == "cuda")
        for offset, size, end in zip(offsets, sizes, ends, strict=True):
            staged[end - size : end] = flat[offset : offset + size]
        return Images(staged.to(self.device, non_blocking=True), ends - sizes, heights, widths)

    def training_inputs(self, indices: Sequence[int] | slice, rng: np.random.Generator, spec: dict[str, Any]) -> Tensor:
        """Augmented images (M, 3, S, S) float32; ``rng`` is all they draw from."""
        images = self.place(indices)
        settings, size = spec["augmentation"], spec["model"]["image_size"]
        augmentation = draw_augmentation(rng, images.heights, images.widths, settings)
        return training_batch(images, augmentation, image_size=size, settings=settings)

    def test_inputs(self, indices: Sequence[int] | slice, spec: dict[str, Any]) -> Tensor:
        """Images (M, 3, S, S) float32 as the evaluation sees them."""
        size = spec["model"]["image_size"]
        return test_batch(self.place(indices), image_size=size, settings=spec["augmentation"])
