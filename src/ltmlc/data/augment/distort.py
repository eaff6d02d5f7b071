"""Photometric distortion (METHODS.md 3.3, step 1), reduced to what has to happen before the resize.

Released order: + brightness, x contrast, BGR -> HSV, S x saturation, H + hue, HSV -> BGR, x contrast, permutation.
Values are float and never clipped. Two facts make it cheap without changing the result:

* contrast, permutation and normalisation are linear and the same for every pixel, so they commute with the bilinear
  resize; the way through HSV is homogeneous, so a contrast before it equals one after it. Only brightness and HSV are
  computed at full size, and only inside the crop, because they act on single pixels.
* with V the largest channel, D = V - smallest channel and f the trapezoid of the hue circle, the way through HSV is
  V - saturation * D * f(H + hue) * V / |V|. OpenCV divides by |V|, so where V is negative (dark pixels, darkened)
  the colour is mirrored at V, even if hue and saturation stay as they are. Both back ends do as the released code does.
"""

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ltmlc.data.augment.draws import Augmentation

FLOAT_EPSILON = float(np.finfo(np.float32).eps)  # what OpenCV adds to |V|


def needs_hsv(augmentation: Augmentation, settings: dict[str, Any]) -> np.ndarray:
    """(B,) bool: the images that the way through HSV changes; for the others it is the identity."""
    if not (settings.get("saturation") or settings.get("hue")):
        return np.zeros(len(augmentation.flip), bool)
    return (augmentation.saturation != 1) | (augmentation.hue != 0) | (augmentation.brightness < 0)


def linear_part(augmentation: Augmentation, settings: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Contrast and normalisation: output channel c is ``input[permutation[c]] * scale[c] + shift[c]``.

    Returns:
        scale and shift, each (B, 3) float32.
    """
    mean, std = normalisation(settings)
    contrast = augmentation.contrast_before * augmentation.contrast_after
    scale = contrast[:, None] / std  # (B, 3)
    return scale, np.broadcast_to(-mean / std, scale.shape)


def normalisation(settings: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the three channels in RGB order, levels of 255, each (3,) float32."""
    return np.array(settings["mean"], np.float32), np.array(settings["std"], np.float32)


def shift_hsv_opencv(pixels: np.ndarray, saturation: float, hue: float) -> np.ndarray:
    """One image, float32 RGB (H, W, 3), brightness already added."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    if saturation != 1 or hue != 0:
        # OpenCV 5 wraps a hue above 360 degrees but not one below 0.
        hsv = cv2.transform(hsv, np.array([[1, 0, 0, hue % 360], [0, saturation, 0, 0], [0, 0, 1, 0]], np.float32))
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def shift_hsv_torch(pixels: Tensor, saturation: Tensor, hue: Tensor | None) -> Tensor:
    """A batch, float32 RGB (B, ..., 3), brightness already added; saturation and hue broadcast against (B, ..., 3).

    ``hue=None`` says that no image of the batch changes its hue: D * f(H) is then V minus the channel itself.
    """
    value = pixels.amax(-1, keepdim=True)  # V
    mirrored = saturation * value / (value.abs() + FLOAT_EPSILON)
    if hue is None:
        return value - mirrored * (value - pixels)
    chroma = value - pixels.amin(-1, keepdim=True)  # D
    red, green, blue = pixels.split(1, dim=-1)
    sextant = torch.where(
        value == red,
        green - blue,
        torch.where(value == green, (blue - red) + 2 * chroma, (red - green) + 4 * chroma),
    ) / (chroma + FLOAT_EPSILON)  # H / 60
    corners = torch.arange(5, 0, -2, device=pixels.device)  # where red, green and blue sit on the circle: 5, 3, 1
    position = torch.remainder(sextant + hue / 60 + corners, 6)
    trapezoid = (2 - (position - 2).abs()).clamp(0, 1)  # f
    return value - mirrored * chroma * trapezoid
