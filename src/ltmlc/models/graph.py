"""The label graph of ML-GCN, from the training labels' counts."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor


def label_graph(counts: ArrayLike, cooccurrence: ArrayLike, threshold: float = 0.4, weight: float = 0.25) -> Tensor:
    """Normalised adjacency of the label graph (Chen et al., CVPR 2019; Megvii-Nanjing/ML-GCN, util.py:291-308).

    P_ij = cooccurrence_ij / counts_i with a zero diagonal is cut at ``threshold`` to 0 or 1; each column is divided
    by its sum (+ 1e-6) and multiplied by ``weight``; A = that + identity; the result is D^-1/2 A^T D^-1/2 with D the
    row sums of A. Computed in float64. The row of a class that no image has is 0 in P.

    Args:
        counts: (C,) training images of each class.
        cooccurrence: (C, C) training images that have both classes; the diagonal is ignored.
        threshold: smallest P_ij that makes an edge; 0 makes the graph complete.
        weight: sum of a column's edges, p / (1 - p) for the original paper's p = 0.2.

    Returns:
        (C, C) float32 tensor.

    Raises:
        ValueError: shapes that do not fit, a negative or non-finite count, or a pair counted more often than one class.
    """
    counts = np.asarray(counts, dtype=np.float64)  # (C,)
    pairs = np.asarray(cooccurrence, dtype=np.float64).copy()  # (C, C)
    if counts.ndim != 1 or pairs.shape != (counts.size, counts.size):
        raise ValueError(f"counts must be (C,) and cooccurrence (C, C); they are {counts.shape} and {pairs.shape}")
    if not (np.isfinite(counts).all() and np.isfinite(pairs).all() and (counts >= 0).all() and (pairs >= 0).all()):
        raise ValueError("counts and cooccurrence must be finite numbers of images, 0 or more")
    np.fill_diagonal(pairs, 0)
    if (pairs > np.minimum.outer(counts, counts)).any():
        first, second = np.argwhere(pairs > np.minimum.outer(counts, counts))[0]
        raise ValueError(
            f"cooccurrence[{first}, {second}] is larger than the count of one of the two classes: "
            "counts and cooccurrence come from different images"
        )
    conditional = pairs / np.maximum(counts, 1)[:, None]  # a class without images has no pairs: 0 / 1
    edges = (conditional >= threshold).astype(np.float64)
    edges *= weight / (edges.sum(axis=0, keepdims=True) + 1e-6)
    adjacency = edges + np.eye(counts.size)
    scale = adjacency.sum(axis=1) ** -0.5  # (C,)
    return torch.from_numpy(scale[:, None] * adjacency.T * scale[None, :]).float()
