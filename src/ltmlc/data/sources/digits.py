"""The embedded data sets: real handwritten digits pasted in coloured ink on noisy canvases.

A class is a digit in one ink colour ("3 red"). The 8 x 8 digits are scikit-learn's (UCI Optical Recognition of
Handwritten Digits), so nothing is downloaded. Training images come from a pool in which classes co-occur as in the real
sets: every class has a hub it nearly always appears with, as bird appears with person in VOC-LT, and a companion it
often appears with. In the test set the classes of an image are drawn independently. That is the distribution shift the
paper blames for LSEP's failure, under control. Training and test images use different handwritten originals.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ltmlc.data.sources.source import Pool, Source

INKS: dict[str, tuple[int, int, int]] = {
    "red": (225, 40, 45),
    "blue": (55, 90, 235),
    "green": (40, 170, 70),
    "yellow": (235, 215, 50),
    "magenta": (215, 60, 205),
    "cyan": (60, 205, 215),
    "white": (245, 245, 245),
    "brown": (150, 90, 40),
}
"""Ink name -> RGB."""

TRAIN_GLYPHS = 1200  # of scikit-learn's 1797 digits, in its order; the rest are for test images


@dataclass(frozen=True)
class DigitsSource(Source):
    """Draws its images, so it needs no files.

    Args:
        inks: number of ink colours; 10 classes each.
        pool: number of images to select the long-tailed training set from.
        test: number of test images.
        canvas: side of an image in pixels; it holds up to four digits, one in each quarter.
        main_skew: how many times more often the first class is an image's main class than the last, in the pool.
        hub_skew: how many times more classes have the first class as their hub than the last.
        hub_probability: of a class's hub beside it, in the pool.
        companion_probability: of a class's companion (the next class) beside it, in the pool.
        size: smallest and largest side of a pasted digit, as a share of a quarter.
        noise: standard deviation of the pixel noise, in grey levels.
        seed: of everything that is drawn.
    """

    inks: int = 2
    pool: int = 4000
    test: int = 600
    canvas: int = 32
    main_skew: float = 6.0
    hub_skew: float = 10_000.0
    hub_probability: float = 0.75
    companion_probability: float = 0.2
    size: tuple[float, float] = (0.7, 1.0)
    noise: float = 20.0
    seed: int = 0

    @cached_property
    def classes(self) -> list[str]:
        return [f"{digit} {ink}" for ink in list(INKS)[: self.inks] for digit in range(10)]

    def train_pool(self) -> Pool:
        """Co-occurring labels: a main class, then its hub and its companion, each with its probability."""
        rng = np.random.default_rng([self.seed, 0])
        count = len(self.classes)
        # Fractions of the golden ratio spread the hubs over the classes evenly, without a draw.
        hubs = np.searchsorted(_shares(count, self.hub_skew), (0.3 + np.arange(count) * 0.61803398875) % 1)  # (C,)
        main = np.searchsorted(_shares(count, self.main_skew), rng.random(self.pool))  # (N,)
        labels = np.zeros((self.pool, count), np.uint8)
        rows = np.arange(self.pool)
        labels[rows, main] = 1
        labels[rows, hubs[main]] |= rng.random(self.pool) < self.hub_probability
        labels[rows, (main + 1) % count] |= rng.random(self.pool) < self.companion_probability
        return Pool([f"train{row:05d}" for row in rows], labels)

    def test_pool(self) -> Pool:
        """Independent labels, as many a picture as in training, from shuffled rounds of all classes."""
        rng = np.random.default_rng([self.seed, 1])
        count = len(self.classes)
        sizes = 1 + rng.binomial(2, (self.hub_probability + self.companion_probability) / 2, self.test)
        labels = np.zeros((self.test, count), np.uint8)
        waiting: list[int] = []
        for row, size in enumerate(sizes):
            while labels[row].sum() < size:
                fitting = [position for position, label in enumerate(waiting) if not labels[row, label]]
                if not fitting:
                    waiting += np.argsort(rng.random(count)).tolist()
                    continue
                labels[row, waiting.pop(fitting[0])] = 1
        return Pool([f"test{row:05d}" for row in range(self.test)], labels)

    def read_image(self, image_id: str) -> np.ndarray:
        """The canvas of one image, uint8 RGB (canvas, canvas, 3), the same at every call."""
        part, row = (0, image_id[5:]) if image_id.startswith("train") else (1, image_id[4:])
        rng = np.random.default_rng([self.seed, 2 + part, int(row)])
        return self._draw(np.flatnonzero(self._pools[part].labels[int(row)]), part, rng)

    def single_digits(self, count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Canvases with one digit each, every class equally likely, in the training images' handwriting.

        Returns uint8 RGB (count, canvas, canvas, 3), and as int64 (count,) the digit and the ink of each.
        """
        rng = np.random.default_rng([self.seed, 4, seed])
        labels = rng.integers(0, len(self.classes), count)
        images = np.stack([self._draw(labels[row : row + 1], 0, rng) for row in range(count)])
        return images, labels % 10, labels // 10

    def _draw(self, labels: np.ndarray, part: int, rng: np.random.Generator) -> np.ndarray:
        """A canvas with one digit of each class in ``labels``, in the hands of ``part`` (0 training, 1 test)."""
        quarter = self.canvas // 2
        canvas = rng.uniform(20, 110) + rng.normal(0, 12, (2, 2, 3))
        canvas = canvas.repeat(quarter, 0).repeat(quarter, 1)
        for place, label in zip(np.argsort(rng.random(4)), labels, strict=False):
            top, left = divmod(int(place), 2)
            self._paste(canvas[top * quarter :, left * quarter :][:quarter, :quarter], int(label), part, rng)
        return (canvas + rng.normal(0, self.noise, canvas.shape)).clip(0, 255).astype(np.uint8)

    @cached_property
    def _pools(self) -> tuple[Pool, Pool]:
        return self.train_pool(), self.test_pool()

    def _paste(self, quarter: np.ndarray, label: int, part: int, rng: np.random.Generator) -> None:
        """Blend one digit of the label's class into its quarter of the canvas, in place."""
        import cv2

        side = len(quarter)
        ink = np.array(list(INKS.values())[label // 10]) + rng.normal(0, 12, 3)
        glyphs = _glyphs()[part][label % 10]
        size = round(side * rng.uniform(*self.size))
        mask = cv2.resize(glyphs[rng.integers(len(glyphs))], (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
        top, left = rng.integers(0, side - size + 1, 2)
        area = quarter[top : top + size, left : left + size]
        area += mask * (ink - area)


def _shares(count: int, skew: float) -> np.ndarray:
    """Cumulative shares (C,), falling geometrically, the first class ``skew`` times the last; ends at exactly 1."""
    weights = skew ** (-np.arange(count) / (count - 1))
    cumulative = np.cumsum(weights) / weights.sum()
    cumulative[-1] = 1.0
    return cumulative


@cache
def _glyphs() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For training and for test: the handwritten digits 0 to 9, each (n, 8, 8) float32 with values in 0..1."""
    from sklearn.datasets import load_digits  # 0.8 s, so only where images are drawn

    images, digits = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8) / 16).astype(np.float32)
    parts = (slice(None, TRAIN_GLYPHS), slice(TRAIN_GLYPHS, None))
    return tuple([images[part][digits[part] == digit] for digit in range(10)] for part in parts)
