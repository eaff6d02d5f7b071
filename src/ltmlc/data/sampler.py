"""Orders in which training images are drawn. Both samplers own their random generator, and carry on over epochs."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ltmlc.errors import InputError


class Cycle:
    """Endless passes over a list: shuffled in place before the first pass and before each further one."""

    def __init__(self, items: list[int], rng: random.Random) -> None:
        self.items = items
        self.position = len(items)  # used up, so the first draw shuffles
        self._rng = rng

    def __next__(self) -> int:
        if self.position == len(self.items):
            self._rng.shuffle(self.items)
            self.position = 0
        self.position += 1
        return self.items[self.position - 1]


class ClassAwareSampler:
    """Class-aware sampling: the next class, then its next ``per_class`` images; repeat.

    For seed 0 the order is exactly that of the released code (Kunmonkey/DR-Loss, sampler.py:228-295). Passes over the
    classes and over each class's images go on from epoch to epoch. Images of a class that the end of an epoch cuts off
    are lost, as there.

    Args:
        labels: (N, C) in {0, 1}.
        per_class: images drawn from a class at a time.
        reduce: the length of an epoch is the largest class size times C, divided by this.
        seed: of the sampler's own generator.

    Raises InputError for a class without an image, or an epoch without one.
    """

    def __init__(self, labels: np.ndarray, per_class: int = 3, reduce: float = 4, seed: int = 0) -> None:
        images = [np.flatnonzero(column).tolist() for column in np.asarray(labels).T]
        empty = [str(index) for index, members in enumerate(images) if not members]
        if empty:
            raise InputError(
                f"class {', '.join(empty)} (counted from 0) has no training image, so the class-aware sampler cannot "
                "draw from it"
            )
        if per_class < 1 or reduce <= 0:
            raise InputError(
                f"class-aware sampler: per_class is {per_class} and reduce {reduce}; valid: per_class >= 1, reduce > 0"
            )
        self._length = int(max(map(len, images), default=0) * len(images) / reduce)
        if self._length == 0:
            raise InputError(f"class-aware sampler: an epoch would have no image; lower reduce, now {reduce}")
        self._rng = random.Random(seed)
        self._per_class = per_class
        self._classes = Cycle(list(range(len(images))), self._rng)
        self._images = [Cycle(members, self._rng) for members in images]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        """Draws the whole epoch at once: :meth:`state_dict` is always the state between two epochs."""
        order: list[int] = []
        while len(order) < self._length:
            images = self._images[next(self._classes)]
            order += [next(images) for _ in range(self._per_class)]
        return iter(order[: self._length])

    def state_dict(self) -> dict[str, Any]:
        """The state between two epochs, in integers and lists; one taken before ``iter`` repeats that epoch."""
        cycles = [self._classes, *self._images]
        return {
            "generator": _get_state(self._rng),
            "positions": [cycle.position for cycle in cycles],
            "orders": [list(cycle.items) for cycle in cycles],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises InputError if the state was made from other labels."""
        cycles = [self._classes, *self._images]
        orders, positions = state["orders"], state["positions"]
        if list(map(sorted, orders)) != [sorted(cycle.items) for cycle in cycles]:
            raise InputError(
                "the sampler's saved state is of another training set; remove the checkpoint to start this run afresh"
            )
        for cycle, order, position in zip(cycles, orders, positions, strict=True):
            cycle.items, cycle.position = list(order), position
        _set_state(self._rng, state["generator"])


class UniformSampler:
    """Every image once an epoch, shuffled.

    The released code also makes every batch of one orientation, which is left out: images are resized to one square.
    """

    def __init__(self, num_images: int, seed: int = 0) -> None:
        if num_images < 1:
            raise InputError("uniform sampler: the training set is empty")
        self._length = num_images
        self._rng = random.Random(seed)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        """Draws the whole epoch at once: :meth:`state_dict` is always the state between two epochs."""
        order = list(range(self._length))
        self._rng.shuffle(order)
        return iter(order)

    def state_dict(self) -> dict[str, Any]:
        return {"generator": _get_state(self._rng), "length": self._length}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises InputError if the state was made for another number of images."""
        if state["length"] != self._length:
            raise InputError(
                f"the sampler's saved state is for {state['length']} images, the training set has {self._length}; "
                "remove the checkpoint to start this run afresh"
            )
        _set_state(self._rng, state["generator"])


def _get_state(rng: random.Random) -> list[Any]:
    """The generator's state as [version, [integers]]; the third part belongs to ``gauss``, which is not used here."""
    version, integers, _ = rng.getstate()
    return [version, list(integers)]


def _set_state(rng: random.Random, state: list[Any]) -> None:
    version, integers = state
    rng.setstate((version, tuple(integers), None))
