"""The long-tailed training subset of the DB-loss and DR-loss papers.

Source: wutong16/DistributionBalancedLoss, tools/create_longtail_dataset.py:52-190 (METHODS 4).
"""

import random
from typing import TYPE_CHECKING

import numpy as np

from ltmlc.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import coo_array


def pareto_sizes(num_classes: int, alpha: float = 6, maximum: int = 800, minimum: int = 1) -> list[int]:
    """Target class sizes, largest first: a Pareto density, sampled evenly from its 0-quantile to its 0.99-quantile.

    Raises InputError unless there is a class, ``alpha`` > 0 and 1 <= ``minimum`` <= ``maximum``.
    """
    if num_classes < 1:
        raise InputError("a long-tailed subset needs at least one class")
    if not (alpha > 0 and 1 <= minimum <= maximum):
        raise InputError(
            f"subset.alpha {alpha}, subset.maximum {maximum}, subset.minimum {minimum}; "
            "valid: alpha > 0 and 1 <= minimum <= maximum"
        )
    quantiles = np.linspace(1.0, 0.01 ** (-1 / alpha), num_classes)  # (C,)
    density = alpha * quantiles ** (-alpha - 1)
    return (density * (maximum - minimum) / alpha + minimum).astype(int).tolist()


def cooccurrence(labels: np.ndarray) -> np.ndarray:
    """Images in which two classes appear together, int64 (C, C), from labels (N, C); class counts on the diagonal."""
    return _pairs(labels).toarray()


def class_order(labels: np.ndarray) -> list[int]:
    """Classes by expected co-presence, sum over j of P(class | j), descending.

    Raises InputError naming the classes without an image.
    """
    pairs = _pairs(labels)
    counts = pairs.diagonal()
    if not counts.all():
        raise InputError(
            f"class {', '.join(map(str, np.flatnonzero(counts == 0)))} (counted from 0) has no image to select from"
        )
    # Summed row after row, as a dense matrix would be: the last bit decides between classes that are nearly equal.
    copresence = np.bincount(pairs.col, weights=pairs.data / counts[pairs.row], minlength=len(counts))  # (C,)
    return np.argsort(-copresence, kind="stable").tolist()


def _pairs(labels: np.ndarray) -> "coo_array":
    """Counts of the pairs that occur, sparse (C, C), in order of rows: of 10 000 classes few are ever together."""
    from scipy.sparse import csr_array

    present = csr_array(labels, dtype=np.int64)  # (N, C)
    together = csr_array(present.T @ present)
    together.sort_indices()
    return together.tocoo()


def longtail_subset(
    labels: np.ndarray, alpha: float = 6, maximum: int = 800, minimum: int = 1, seed: int | random.Random = 0
) -> list[int]:
    """Indices of the selected images, in the published order, from labels (N, C) in {0, 1}.

    Class by class, images are drawn or removed until the class has its target size. An image moves the counts of all
    its classes, so only the last class surely ends on its target. Where a class has too few images, all are taken.

    The published lists are draws from Python sets, and so depend on how CPython lays sets out (unchanged from 3.7 to
    3.13). Hence the sets and ``tuple(set)`` below: their order is part of the result. ``seed`` may be a generator whose
    stream is continued, as the published COCO list is said to have continued that of VOC.

    Raises InputError for a class without an image, or sizes that are not valid.
    """
    rng = seed if isinstance(seed, random.Random) else random.Random(seed)
    present = np.asarray(labels) != 0  # (N, C)
    targets = pareto_sizes(present.shape[1], alpha, maximum, minimum)
    selected: set[int] = set()
    selected_of: list[set[int]] = [set() for _ in targets]

    for target, current in zip(targets, class_order(present), strict=True):
        missing = target - len(selected_of[current])
        if missing > 0:
            candidates = tuple(set(np.flatnonzero(present[:, current]).tolist()) - selected_of[current])
            for image in rng.sample(candidates, min(missing, len(candidates))):
                selected.add(image)
                for label in np.flatnonzero(present[image]):
                    selected_of[label].add(image)
        elif missing < 0:
            for image in rng.sample(tuple(selected_of[current]), -missing):
                selected.remove(image)
                for label in np.flatnonzero(present[image]):
                    selected_of[label].remove(image)
    return list(selected)
