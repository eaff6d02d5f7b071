"""Both back ends against the released transforms, one image at a time with OpenCV and NumPy.

Tolerances, in normalised units (one level of 255 is about 0.017): 5e-5 for the CPU back end, 2e-4 for batched torch,
which rounds otherwise in the weights of the resize. The test transform is equal bit for bit.
"""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from ltmlc.data.augment import opencv_batch
from ltmlc.data.augment.batch import augmentation_sheet, draw_augmentation, test_batch, training_batch
from ltmlc.data.augment.draws import Augmentation
from ltmlc.data.augment.torch_batch import _upload, torch_test_batch, torch_training_batch
from ltmlc.data.pack.images import Images

SETTINGS = {
    "brightness": 32,
    "contrast": [0.5, 1.5],
    "saturation": [0.5, 1.5],
    "hue": 18,
    "channel_permutation": True,
    "crop_scale": [0.8, 1.0],
    "crop_ratio": [0.5, 2.0],
    "flip": 0.5,
    "mean": [123.675, 116.28, 103.53],
    "std": [58.395, 57.12, 57.375],
}
PLAIN = {"mean": SETTINGS["mean"], "std": SETTINGS["std"]}


def opencv_backend(*arguments, **options):
    return training_batch(*arguments, **options)


def torch_backend(*arguments, **options):
    return torch_training_batch(*arguments, **options).permute(0, 3, 1, 2)


BACKENDS = [pytest.param(opencv_backend, 5e-5, id="opencv"), pytest.param(torch_backend, 2e-4, id="torch")]


def photograph(rng, height, width, brightest=256):
    """Smooth colours, so that hue means something, with noise on top."""
    coarse = rng.integers(0, brightest, (6, 6, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return (smooth + rng.normal(0, brightest / 16, smooth.shape)).clip(0, brightest - 1).astype(np.uint8)


def make_images():
    rng = np.random.default_rng(0)
    images = [
        photograph(rng, height, width) for height, width in [(97, 130), (160, 64), (41, 40), (3, 7), (1, 1), (2, 90)]
    ]
    images += [photograph(rng, 50, 60, brightest) for brightest in (2, 12, 40)]  # dark: brightness makes them negative
    images += [np.full((20, 30, 3), level, np.uint8) for level in (0, 128, 255)]
    images += [rng.integers(0, 256, (70, 50, 3), dtype=np.uint8), np.eye(3, dtype=np.uint8)[None] * 255]
    return images


IMAGES = make_images()


def packed(images):
    heights, widths = (np.array([image.shape[axis] for image in images], np.int64) for axis in (0, 1))
    sizes = heights * widths * 3
    flat = torch.from_numpy(np.concatenate([image.ravel() for image in images]))
    return Images(flat, np.cumsum(sizes) - sizes, heights, widths)


def released_training(image, drawn: Augmentation, i: int, size: int):
    """The released pipeline in its own order, on BGR, at full size (METHODS.md 3.3)."""
    pixels = image[..., ::-1].astype(np.float32)
    pixels += drawn.brightness[i]
    pixels *= drawn.contrast_before[i]
    hsv = cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV)
    hsv[..., 1] *= drawn.saturation[i]
    hsv[..., 0] += drawn.hue[i]
    hsv[..., 0][hsv[..., 0] > 360] -= 360
    hsv[..., 0][hsv[..., 0] < 0] += 360
    pixels = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    pixels *= drawn.contrast_after[i]
    pixels = pixels[..., 2 - drawn.permutation[i][::-1]]  # the same permutation, of BGR
    left, top, right, bottom = drawn.boxes[i]
    pixels = cv2.resize(pixels[top:bottom, left:right], (size, size), interpolation=cv2.INTER_LINEAR)
    pixels = (pixels[..., ::-1] - np.float32(SETTINGS["mean"])) / np.float32(SETTINGS["std"])
    return (pixels[:, ::-1] if drawn.flip[i] else pixels).transpose(2, 0, 1)


def fixed(count=1, **values):
    """An augmentation that does nothing but what ``values`` say, on 20 x 30 images."""
    neutral = {
        "boxes": np.tile([0, 0, 30, 20], (count, 1)),
        "flip": np.zeros(count, bool),
        "brightness": np.zeros(count, np.float32),
        "contrast_before": np.ones(count, np.float32),
        "contrast_after": np.ones(count, np.float32),
        "saturation": np.ones(count, np.float32),
        "hue": np.zeros(count, np.float32),
        "permutation": np.tile([0, 1, 2], (count, 1)),
    }
    return Augmentation(**neutral | {key: np.asarray(value, neutral[key].dtype) for key, value in values.items()})


def levels(batch):
    """Undo the normalisation: (B, S, S, 3)."""
    return batch.permute(0, 2, 3, 1).numpy() * np.float32(SETTINGS["std"]) + np.float32(SETTINGS["mean"])


@pytest.mark.parametrize(("backend", "tolerance"), BACKENDS)
@pytest.mark.parametrize("size", [48, 65])
@pytest.mark.parametrize("iteration", range(12))
def test_a_training_batch_equals_the_released_transforms(backend, tolerance, size, iteration):
    images = packed(IMAGES)
    drawn = draw_augmentation(np.random.default_rng([0, iteration]), images.heights, images.widths, SETTINGS)
    batch = backend(images, drawn, image_size=size, settings=SETTINGS)
    expected = np.stack([released_training(image, drawn, i, size) for i, image in enumerate(IMAGES)])
    np.testing.assert_allclose(batch.numpy(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("backend", "tolerance"), BACKENDS)
@pytest.mark.parametrize("switched_off", ["hue", "saturation", "brightness", "contrast"])
def test_a_training_batch_equals_the_released_transforms_with_one_part_off(backend, tolerance, switched_off):
    settings = SETTINGS | {switched_off: None}
    images = packed(IMAGES)
    drawn = draw_augmentation(np.random.default_rng(5), images.heights, images.widths, settings)
    batch = backend(images, drawn, image_size=40, settings=settings)
    expected = np.stack([released_training(image, drawn, i, 40) for i, image in enumerate(IMAGES)])
    np.testing.assert_allclose(batch.numpy(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("backend", "tolerance"), BACKENDS)
def test_values_are_never_clipped(backend, tolerance):
    images = packed([np.full((20, 30, 3), level, np.uint8) for level in (5, 250)])
    drawn = fixed(2, brightness=[-30, 30], contrast_after=[1.5, 1.5])
    batch = backend(images, drawn, image_size=8, settings=SETTINGS)
    np.testing.assert_allclose(levels(batch)[0], -37.5, atol=0.02)
    np.testing.assert_allclose(levels(batch)[1], 420, atol=0.02)


@pytest.mark.parametrize(("backend", "tolerance"), BACKENDS)
def test_where_all_channels_are_negative_colours_mirror_as_in_opencv(backend, tolerance):
    images = packed([np.full((20, 30, 3), [10, 4, 1], np.uint8)])
    batch = backend(images, fixed(brightness=[-30]), image_size=8, settings=SETTINGS)
    np.testing.assert_allclose(levels(batch)[0], np.broadcast_to([-20, -14, -11], (8, 8, 3)), atol=0.02)
    without_hsv = SETTINGS | {"hue": None, "saturation": None}
    batch = backend(images, fixed(brightness=[-30]), image_size=8, settings=without_hsv)
    np.testing.assert_allclose(levels(batch)[0], np.broadcast_to([-20, -26, -29], (8, 8, 3)), atol=0.02)


@pytest.mark.parametrize(("backend", "tolerance"), BACKENDS)
@pytest.mark.parametrize(("hue", "expected"), [(-18, [200, 0, 60]), (18, [200, 60, 0])])
def test_hue_wraps_around_red(backend, tolerance, hue, expected):
    images = packed([np.full((20, 30, 3), [200, 0, 0], np.uint8)])
    batch = backend(images, fixed(hue=[hue]), image_size=8, settings=SETTINGS)
    np.testing.assert_allclose(levels(batch)[0], np.broadcast_to(expected, (8, 8, 3)), atol=0.02)


@pytest.mark.parametrize(("backend", "tolerance"), BACKENDS)
def test_output_channels_follow_the_permutation(backend, tolerance):
    images = packed([np.full((20, 30, 3), [10, 20, 30], np.uint8)])
    batch = backend(images, fixed(permutation=[[2, 0, 1]]), image_size=8, settings=PLAIN)
    np.testing.assert_allclose(levels(batch)[0, 0, 0], [30, 10, 20], atol=0.02)


@pytest.mark.parametrize("size", [32, 224, 51])
def test_a_test_batch_equals_the_released_transform_bit_for_bit(size):
    images = packed(IMAGES)
    expected = np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR) for image in IMAGES])
    expected = (expected.astype(np.float32) - np.float32(SETTINGS["mean"])) / np.float32(SETTINGS["std"])
    for backend in (test_batch, lambda *a, **k: torch_test_batch(*a, **k).permute(0, 3, 1, 2)):
        batch = backend(images, image_size=size, settings=PLAIN)
        assert batch.dtype == torch.float32
        np.testing.assert_array_equal(batch.permute(0, 2, 3, 1).numpy(), expected)


def test_a_large_photograph_is_tested_alike_on_every_device():
    # At this ratio some weights are ties that only OpenCV's own rounding of the positions decides the same way.
    images = packed([np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)])
    options = {"image_size": 224, "settings": PLAIN}
    assert torch.equal(test_batch(images, **options), torch_test_batch(images, **options).permute(0, 3, 1, 2))


def test_batches_do_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(opencv_batch, "SMALL_BATCH", 0)
    images = packed(IMAGES)
    drawn = draw_augmentation(np.random.default_rng(0), images.heights, images.widths, SETTINGS)
    results = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        trained = training_batch(images, drawn, image_size=40, settings=SETTINGS)
        results.append((trained, test_batch(images, image_size=40, settings=SETTINGS)))
    for trained, tested in results[1:]:
        assert torch.equal(trained, results[0][0]) and torch.equal(tested, results[0][1])


def test_an_error_in_a_thread_is_not_swallowed(monkeypatch):
    monkeypatch.setattr(opencv_batch, "SMALL_BATCH", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    images = packed(IMAGES)
    with pytest.raises(ValueError, match="reshape"):
        test_batch(images._replace(offsets=images.offsets + len(images.flat)), image_size=8, settings=PLAIN)


def test_batches_are_float32_in_channels_last_order():
    images = packed(IMAGES)
    drawn = draw_augmentation(np.random.default_rng(0), images.heights, images.widths, SETTINGS)
    for batch in (
        training_batch(images, drawn, image_size=24, settings=SETTINGS),
        test_batch(images, image_size=24, settings=SETTINGS),
    ):
        assert batch.shape == (len(IMAGES), 3, 24, 24) and batch.dtype == torch.float32
        assert batch.is_contiguous(memory_format=torch.channels_last)


def test_a_device_is_never_asked_for_a_value(monkeypatch):
    def refuse(*_):
        raise AssertionError("the host waits for the device")

    for name in ("item", "tolist", "cpu", "numpy", "nonzero", "__bool__", "__int__", "__float__", "__index__"):
        monkeypatch.setattr(torch.Tensor, name, refuse)
    images = packed(IMAGES)
    drawn = draw_augmentation(np.random.default_rng(0), images.heights, images.widths, SETTINGS)
    torch_training_batch(images, drawn, image_size=24, settings=SETTINGS)
    torch_test_batch(images, image_size=24, settings=SETTINGS)


def test_offsets_of_large_packs_reach_the_device_exactly():
    offset = 2**45 + 1  # 35 terabytes; float32 would already be off at 16 megabytes
    assert _upload([np.array([offset])], torch.device("cpu")).long().item() == offset


def test_the_contact_sheet_shows_each_original_and_seven_versions():
    rng = np.random.default_rng(0)
    photographs = [photograph(rng, 40, 50), photograph(rng, 60, 50), photograph(rng, 40, 40)]
    images, offsets, heights, widths = packed(photographs)
    pack = SimpleNamespace(images=images.numpy(), offsets=offsets, heights=heights, widths=widths, num_train=2)
    sheet = augmentation_sheet(pack, SETTINGS, 32, rows=2, rng=np.random.default_rng(0))
    assert sheet.dtype == np.uint8 and sheet.shape == (2 * 32 + 1, 8 * 32 + 7, 3)
    assert np.array_equal(sheet[:32, :32], cv2.resize(photographs[0], (32, 32)))
    assert np.array_equal(sheet[33:, :32], cv2.resize(photographs[1], (32, 32)))
    assert not np.array_equal(sheet[:32, 33:65], sheet[:32, 66:98])
    assert augmentation_sheet(pack, SETTINGS, 32, rows=9, rng=np.random.default_rng(0)).shape[0] == 2 * 32 + 1
