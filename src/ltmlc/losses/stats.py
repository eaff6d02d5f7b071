"""Class statistics of a training set, as the re-weighting losses need them."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class ClassStats:
    """How often each class occurs in the training set.

    Args:
        counts: training images with each class, n_k; C positive integers.
        num_images: training images in all, N; no count exceeds it.
    Raises:
        ValueError: a count is not a positive integer or exceeds num_images.
    """

    counts: Sequence[int]
    num_images: int
    _cache: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self):
        num_images = _as_count("num_images", self.num_images)
        counts = tuple(_as_count(f"the count of class {k}", count) for k, count in enumerate(self.counts))
        if not counts:
            raise ValueError("counts must list the training images of at least one class, got none")
        for k, count in enumerate(counts):
            if count > num_images:
                raise ValueError(f"the count of class {k} is {count}, more than the {num_images} images there are")
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "num_images", num_images)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_cache": {}}  # tensors of this process and its devices

    def per_class(self, formula: Callable[[Tensor, int], Tensor], like: Tensor) -> Tensor:
        """`formula(counts, num_images)` as a (C,) tensor with the device and dtype of `like`.

        Evaluated in float64 on the CPU at the first call and kept, so a training step neither recomputes nor
        transfers it. Pass a named function of a module, not a lambda: it is the key under which the result is kept.

        Raises:
            ValueError: there are not as many counts as `like` has classes (its last axis).
        """
        if len(self.counts) != like.shape[-1]:
            raise ValueError(f"the class statistics have {len(self.counts)} counts but logits {like.shape[-1]} classes")
        key = (formula, like.device, like.dtype)
        if key not in self._cache:
            with torch.inference_mode(False):  # a training step may use what a validation has cached
                counts = torch.tensor(self.counts, dtype=torch.float64)
                self._cache[key] = formula(counts, self.num_images).to(like.dtype).to(like.device)
        return self._cache[key]


def _as_count(name: str, value: int) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if count < 1 or isinstance(value, bool):
        raise ValueError(f"{name} must be a positive integer, got {value!r}")
    return count
