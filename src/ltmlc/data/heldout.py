"""A part of the training images held out, to choose settings on without a look at the test set.

The result is a split of its own: what is left of the training images is its training set, the held-out part its test
set. The real test images are not in it, so nothing that is packed or trained from it can see them.
"""

import numpy as np

from ltmlc.data.sources.source import Pool
from ltmlc.data.split import Split
from ltmlc.errors import InputError


def held_out_split(split: Split, *, share: float = 0.25, seed: int = 0) -> Split:
    """Hold out about ``share`` of the training images of each class, drawn with ``seed``.

    Every class with two or more training images keeps one to train on and, where the other classes' images allow it,
    has one held out; a class with a single image keeps it and cannot be scored. Head, medium and tail are those of
    the whole training set, so that a group's mean is over the same classes; counts are those of the images left.

    Raises:
        InputError: a share outside (0, 1), or classes so small that none can be scored.
    """
    if not 0 < share < 1:
        raise InputError(f"tune.share is {share}; it must lie between 0 and 1")
    labels = split.train_matrix
    chosen = draw_stratified(labels, share=share, seed=seed)
    if not chosen.any():
        raise InputError(
            f"{split.dataset}: no class has an image to spare (largest class: {max(split.class_counts)} images), so "
            "nothing can be held out; choose rates on a larger data set"
        )
    left, held = (
        Pool([split.train_ids[row] for row in np.flatnonzero(rows)], labels[rows]) for rows in (~chosen, chosen)
    )
    return Split.of(f"{split.dataset}-heldout", split.classes, left, held, split.thresholds, split.groups)


def draw_stratified(labels: np.ndarray, *, share: float, seed: int) -> np.ndarray:
    """Which images of labels (N, C) to hold out, (N,) bool.

    Classes are served from the rarest on, as in iterative stratification (Sechidis et al. 2011), each up to its quota
    of round(share n_k) images, at least 1 and at most n_k - 1. An image that would leave one of its classes without a
    training image is never taken; one that brings another class above its quota only where the served class would
    else have none.
    """
    present = np.asarray(labels).astype(bool)
    counts = present.sum(axis=0)
    quota = np.maximum(np.floor(share * counts + 0.5), 1)
    order = np.random.default_rng(seed).permutation(len(present))
    chosen = np.zeros(len(present), bool)
    decided = np.zeros(len(present), bool)
    for k in np.argsort(counts, kind="stable"):
        rows = order[present[order, k] & ~decided[order]]
        # Images that overfill fewest other classes first; the drawn order decides between equals.
        overfull = present & (present[chosen].sum(axis=0) >= quota)
        for row in sorted(rows, key=lambda row: overfull[row].sum()):
            held = present[chosen].sum(axis=0)
            if held[k] >= quota[k]:
                break
            own = present[row]
            spares = (counts - held - 1)[own].min() >= 1
            fits = (held[own] < quota[own]).all()
            chosen[row] = spares and (fits or held[k] == 0)
        decided |= present[:, k]
    return chosen


def scored_classes(split: Split) -> list[int]:
    """Classes with a held-out image, the only ones that have an average precision there."""
    return [k for k, count in enumerate(split.test_class_counts) if count > 0]
