import numpy as np
import pytest

from ltmlc.data.augment.draws import draw_augmentation

RELEASED = {
    "brightness": 32,
    "contrast": [0.5, 1.5],
    "saturation": [0.5, 1.5],
    "hue": 18,
    "channel_permutation": True,
    "crop_scale": [0.8, 1.0],
    "crop_ratio": [0.5, 2.0],
    "flip": 0.5,
}
COUNT = 4000
HEIGHTS, WIDTHS = np.full(COUNT, 300), np.full(COUNT, 400)


def draw(settings=RELEASED, heights=HEIGHTS, widths=WIDTHS, seed=0):
    return draw_augmentation(np.random.default_rng(seed), heights, widths, settings)


@pytest.mark.parametrize(
    ("name", "low", "high", "neutral"), [("brightness", -32, 32, 0), ("saturation", 0.5, 1.5, 1), ("hue", -18, 18, 0)]
)
def test_each_distortion_is_applied_to_half_of_the_images_within_its_range(name, low, high, neutral):
    values = getattr(draw(), name)
    applied = values[values != neutral]
    assert len(applied) / COUNT == pytest.approx(0.5, abs=0.04)
    assert applied.min() >= low and applied.max() <= high
    assert applied.mean() == pytest.approx((low + high) / 2, abs=0.05 * (high - low))


def test_contrast_comes_before_or_after_the_change_of_hue_but_never_twice():
    drawn = draw()
    before, after = drawn.contrast_before != 1, drawn.contrast_after != 1
    assert before.mean() == pytest.approx(0.25, abs=0.04) and after.mean() == pytest.approx(0.25, abs=0.04)
    assert not (before & after).any()
    applied = np.concatenate([drawn.contrast_before[before], drawn.contrast_after[after]])
    assert applied.min() >= 0.5 and applied.max() <= 1.5


def test_half_of_the_images_get_one_of_the_six_permutations():
    permutations, counts = np.unique(draw().permutation, axis=0, return_counts=True)
    assert len(permutations) == 6 and (np.sort(permutations, axis=1) == [0, 1, 2]).all()
    assert counts[0] / COUNT == pytest.approx(0.5 + 0.5 / 6, abs=0.04)  # the identity comes first in the order
    assert (np.abs(counts[1:] / COUNT - 0.5 / 6) < 0.03).all()


def test_crops_keep_most_of_each_side_and_lie_inside():
    left, top, right, bottom = draw().boxes.T
    assert (left >= 0).all() and (top >= 0).all() and (right <= 400).all() and (bottom <= 300).all()
    assert (right - left).min() >= 319 and (bottom - top).min() >= 239  # 0.8 of the side, less the truncation
    assert (right - left).mean() == pytest.approx(360, abs=3) and (bottom - top).mean() == pytest.approx(270, abs=3)


def test_the_crop_never_starts_at_the_edge_when_there_is_room():
    left, _, right, _ = draw().boxes.T
    slack = 400 - (right - left)
    assert (left[slack > 2] >= 1).all()
    assert (left[slack > 2] <= slack[slack > 2]).all()


def test_a_crop_of_the_wrong_shape_is_drawn_again():
    # Height / width of the whole is 0.4: of the tries only those with a tall and narrow crop are accepted.
    left, top, right, bottom = draw(heights=np.full(COUNT, 400), widths=np.full(COUNT, 880)).boxes.T
    shape = (bottom - top) / (right - left)
    cropped = (right - left) < 880
    assert cropped.mean() > 0.9
    assert shape[cropped].min() > 0.495 and shape.max() < 0.57


def test_an_image_that_no_crop_fits_is_kept_whole():
    boxes = draw(heights=np.array([10, 1000, 300]), widths=np.array([1000, 10, 400])).boxes
    assert boxes[:2].tolist() == [[0, 0, 1000, 10], [0, 0, 10, 1000]]
    assert boxes[2].tolist() != [0, 0, 400, 300]


def test_the_smallest_images_keep_at_least_one_pixel():
    sizes = np.arange(1, 5).repeat(500)
    left, top, right, bottom = draw(heights=sizes, widths=sizes).boxes.T
    assert (right > left).all() and (bottom > top).all() and (right <= sizes).all() and (bottom <= sizes).all()


@pytest.mark.parametrize("off", [None, 0, False, "absent"])
def test_a_part_that_is_off_draws_nothing(off):
    settings = {} if off == "absent" else dict.fromkeys(RELEASED, off)
    rng = np.random.default_rng(0)
    drawn = draw_augmentation(rng, HEIGHTS, WIDTHS, settings)
    assert not drawn.brightness.any() and not drawn.hue.any() and not drawn.flip.any()
    assert (drawn.contrast_before * drawn.contrast_after * drawn.saturation == 1).all()
    assert (drawn.permutation == [0, 1, 2]).all() and (drawn.boxes == [0, 0, 400, 300]).all()
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_batch_depends_on_its_generator_and_on_nothing_else():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first, again, other = draw(seed=[3, 0, 7]), draw(seed=[3, 0, 7]), draw(seed=[3, 0, 8])
    for name in vars(first):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(("flip", "share"), [(0.5, 0.5), (1, 1.0), (0.1, 0.1)])
def test_flip_is_a_probability(flip, share):
    assert draw({"flip": flip}).flip.mean() == pytest.approx(share, abs=0.03)
