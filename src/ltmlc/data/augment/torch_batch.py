"""Batches on the device that holds the packed bytes: the whole batch at once in torch, without waiting for the device.

Each output pixel reads its four neighbours straight from the flat bytes, distorts them (the way through HSV is not
linear, so it comes before the interpolation), and mixes them: half-pixel centres, no antialiasing, as in OpenCV.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltmlc.data.augment.distort import linear_part, needs_hsv, normalisation, shift_hsv_torch
from ltmlc.data.augment.draws import Augmentation
from ltmlc.data.pack.images import Images


def torch_training_batch(
    images: Images, augmentation: Augmentation, *, image_size: int, settings: dict[str, Any]
) -> Tensor:
    """Augmented, normalised RGB (B, S, S, 3) float32 on the device of the images."""
    scale, shift = linear_part(augmentation, settings)
    place = [images.offsets, images.widths, *augmentation.boxes.T, augmentation.flip]
    colour = [augmentation.brightness, augmentation.saturation, augmentation.hue]
    channels = [*augmentation.permutation.T, *scale.T, *shift.T]
    table = _upload([*place, *colour, *channels], images.flat.device)  # (7 + 3 + 9, B)
    neighbours, row_weight, column_weight = _neighbours(images.flat, *table[:7], image_size)
    brightness, saturation, hue = table[7:10].float().reshape(3, -1, 1, 1, 1, 1, 1)
    neighbours = neighbours + brightness  # float32 from here on
    if needs_hsv(augmentation, settings).any():
        # The draws are known on the host, so no answer of the device is waited for.
        neighbours = shift_hsv_torch(neighbours, saturation, hue if augmentation.hue.any() else None)
    batch = _interpolate(neighbours, row_weight, column_weight)
    permutation = table[10:13].long().T[:, None, None]  # (B, 1, 1, 3)
    scale, shift = table[13:16].float().T[:, None, None], table[16:19].float().T[:, None, None]
    return torch.take_along_dim(batch, permutation, dim=-1) * scale + shift


def torch_test_batch(images: Images, *, image_size: int, settings: dict[str, Any]) -> Tensor:
    """Resized (as uint8, like the released code), normalised RGB (B, S, S, 3) float32 on the device of the images."""
    mean, std = normalisation(settings)
    zeros = np.zeros(images.count)
    place = [images.offsets, images.widths, zeros, zeros, images.widths, images.heights, zeros]
    channels = [np.full(images.count, value) for value in (*mean, *std)]
    table = _upload([*place, *channels], images.flat.device)  # (7 + 6, B)
    batch = _interpolate_levels(*_neighbours(images.flat, *table[:7], image_size))
    mean, std = table[7:10].float().T[:, None, None], table[10:13].float().T[:, None, None]  # (B, 1, 1, 3)
    return (batch - mean) / std


def _upload(columns: list[np.ndarray], device: torch.device) -> Tensor:
    """All numbers of the batch in one copy, (columns, B) float64: exact for offsets up to 2^53 bytes."""
    table = torch.from_numpy(np.stack([np.asarray(column, np.float64) for column in columns]))
    if device.type == "cuda":
        table = table.pin_memory()  # a copy from pageable memory would wait for the device
    return table.to(device, non_blocking=True)


def _neighbours(
    flat: Tensor,
    offset: Tensor,
    width: Tensor,
    left: Tensor,
    top: Tensor,
    right: Tensor,
    bottom: Tensor,
    flip: Tensor,
    size: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """The four neighbours of every output pixel, (B, 2, S, 2, S, 3) uint8: above/below, row, left/right, column.

    Also the weights of the lower and of the right neighbour, (B, S, 1, 1) and (B, 1, 1, S, 1).
    """
    steps = torch.arange(size, dtype=torch.float64, device=flat.device).expand(len(offset), size)  # (B, S)
    rows, row_weight = _positions(steps, top, bottom)
    columns, column_weight = _positions(torch.where(flip[:, None] > 0, size - 1 - steps, steps), left, right)
    pixel = rows[:, :, :, None, None] * width.long()[:, None, None, None, None] + columns[:, None, None]
    index = offset.long()[:, None, None, None, None] + 3 * pixel  # (B, 2, S, 2, S): byte of the red channel
    neighbours = flat.unfold(0, 3, 1)[index]  # the unfolded view reads three bytes for one index
    return neighbours, row_weight[:, :, None, None], column_weight[:, None, None, :, None]


def _positions(steps: Tensor, start: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
    """Source indices (B, 2, S) of an axis and the weight (B, S) of the second: half-pixel centres, edges repeated."""
    length = (stop - start)[:, None]
    # OpenCV rounds the position to float32 before it takes it apart; doing the same keeps the weights equal.
    position = ((steps + 0.5) * (length / steps.shape[1]) - 0.5).float().double()
    first = position.floor()
    indices = torch.minimum(torch.stack([first, first + 1], dim=1).clamp_min(0), length[:, None] - 1)
    return (indices + start[:, None, None]).long(), (position - first).float()


def _interpolate(neighbours: Tensor, row_weight: Tensor, column_weight: Tensor) -> Tensor:
    """(B, 2, S, 2, S, 3) -> (B, S, S, 3)."""
    rows = torch.lerp(neighbours[:, :, :, 0], neighbours[:, :, :, 1], column_weight)  # (B, 2, S, S, 3)
    return torch.lerp(rows[:, 0], rows[:, 1], row_weight)


def _interpolate_levels(neighbours: Tensor, row_weight: Tensor, column_weight: Tensor) -> Tensor:
    """The same in whole levels (int32), bit for bit as OpenCV resizes uint8: 11-bit weights, 4 bits dropped on the way.

    OpenCV's shifts round down twice, 0.1 level on average, so rounding an exact interpolation would not be the same.
    """
    left, right = ((weight * 2048).round().int() for weight in (1 - column_weight, column_weight))
    above, below = ((weight * 2048).round().int() for weight in (1 - row_weight, row_weight))
    rows = neighbours[:, :, :, 0] * left + neighbours[:, :, :, 1] * right  # (B, 2, S, S, 3)
    return ((above * (rows[:, 0] >> 4) >> 16) + (below * (rows[:, 1] >> 4) >> 16) + 2) >> 2
