"""What a backbone that never changes makes of the images, computed once: then a training is that of its head.

``features.npz`` holds the pooled feature maps of K augmented views of every training image, then those of the test
images as the evaluation sees them. The views are drawn once and all seeds share them; which of its views an image
shows in an iteration is drawn from the run's own stream of augmentation.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltmlc.data.pack.pack import Pack
from ltmlc.data.sources.pooled import PooledSource
from ltmlc.data.split import Split
from ltmlc.disk.arrays import DAMAGED_ARRAYS, read_arrays
from ltmlc.disk.files import canonical_json, write_atomically
from ltmlc.disk.progress import Progress
from ltmlc.disk.trouble import disk_errors
from ltmlc.errors import InputError
from ltmlc.models import build_model
from ltmlc.models.layout import channels_last
from ltmlc.plan.network import BACKBONE_KEYS, EMBEDDED_WEIGHTS, complete_model
from ltmlc.training.batches import DeviceData, batch_size
from ltmlc.training.network import weights_sha256
from ltmlc.training.seeds import derive_seed

FEATURES = "features.npz"
POOLED = ("average", "maximum")
"""Of the linear heads and of ML-GCN's: of 1 x 1 maps their own pooling changes nothing."""

AGAIN = "run `ltmlc features` (or Snakemake) again"


@dataclass(frozen=True)
class FeatureData:
    """Features and labels on one device; stands where :class:`ltmlc.training.batches.DeviceData` does.

    Attributes:
        features: (num_train * views + test images, D) float32: the views of the first training image, of
            the second, and so on.
        labels: (N, C) bool.
        num_train: the first images are the training set, the others the test set.
        views: of every training image.
        device: of all tensors.
        sha256: of the file's features.
    """

    features: Tensor
    labels: Tensor
    num_train: int
    views: int
    device: torch.device
    sha256: str

    def training_inputs(self, indices: Sequence[int] | slice, rng: np.random.Generator, spec: dict[str, Any]) -> Tensor:
        """Features (M, D, 1, 1) of one view of each image; ``rng`` is all they draw from."""
        images = np.arange(self.num_train)[indices] if isinstance(indices, slice) else np.asarray(indices)
        return self._rows(images * self.views + rng.integers(self.views, size=len(images)))

    def test_inputs(self, indices: Sequence[int] | slice, spec: dict[str, Any]) -> Tensor:
        """Features (M, D, 1, 1) of test images, by their place among all images."""
        images = np.arange(len(self.labels))[indices]
        return self._rows(images + self.num_train * (self.views - 1))

    def _rows(self, rows: np.ndarray) -> Tensor:
        return self.features.index_select(0, torch.from_numpy(rows).to(self.device))[:, :, None, None]


def make_features(pack: Pack, spec: dict[str, Any], device: torch.device, path: Path, *, progress: bool = True) -> None:
    """Compute the features of a pack and write them to ``path``; a file that has them already is kept.

    Args:
        pack: the images.
        spec: ``model`` (of which the head is no matter) and ``augmentation``, as a data set or any run on it has them.
        device: where to compute.
        path: the file; replaced only when all of it is there.
        progress: show it on stderr.

    Raises:
        InputError: ``model.cached_views`` is not set, or the weights cannot be had; the file cannot be written.
    """
    views = spec["model"].get("cached_views")
    if views is None:
        raise InputError("model.cached_views is null, so no training reads features; set it to a number of views")
    backbone = build_model({**spec["model"], "head": "linear"}, 1, generator_seed=0).backbone.eval()
    stamp = _stamp(spec, pack, weights_sha256(backbone))
    if path.exists() and _read(path, [])["stamp"] == stamp:
        return
    backbone = channels_last(backbone, device)
    data = DeviceData.from_pack(pack, device)
    size, seed, done = batch_size(spec["model"]["image_size"]), derive_seed(0, "views"), 0
    boundary = pack.num_train * views
    pooled = np.empty((2, boundary + len(pack.ids) - pack.num_train, backbone.out_channels), np.float32)

    def keep(rows: slice, images: Tensor) -> int:
        with torch.inference_mode():
            maps = backbone(images)  # (M, D, h, w)
            pooled[:, rows] = torch.stack([maps.mean((2, 3)), maps.amax((2, 3))]).cpu().numpy()  # (2, M, D)
        shown.at(done + len(images))
        return len(images)

    with Progress("features", pooled.shape[1], unit="image", shown=progress) as shown:
        for view in range(views):
            rng = np.random.default_rng([seed, view])
            for start in range(0, pack.num_train, size):
                stop = min(start + size, pack.num_train)
                rows = slice(start * views + view, stop * views, views)
                done += keep(rows, data.training_inputs(slice(start, stop), rng, spec))
        for start in range(pack.num_train, len(pack.ids), size):
            stop = min(start + size, len(pack.ids))
            rows = slice(boundary + start - pack.num_train, boundary + stop - pack.num_train)
            done += keep(rows, data.test_inputs(slice(start, stop), spec))
    _write(path, stamp, dict(zip(POOLED, pooled, strict=True)))


def take_features(source: PooledSource, split: Split, spec: dict[str, Any], pack: Pack, path: Path) -> None:
    """The same of a data set that holds them itself.

    Args:
        source: the data set.
        split: of its images.
        spec, pack, path: as of :func:`make_features`.

    Raises:
        InputError: ``model.cached_views`` is another number than the data set has, or the file cannot be written.
    """
    views, arrays = source.features(split.train_ids, split.test_ids)
    if spec["model"]["cached_views"] != views:
        raise InputError(f"model.cached_views is {spec['model']['cached_views']}, but the data set has {views} views")
    _write(path, _stamp(spec, pack, EMBEDDED_WEIGHTS), arrays)


def _write(path: Path, stamp: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array))
    content = io.BytesIO()
    np.savez(content, stamp=canonical_json(stamp), sha256=digest.hexdigest(), **arrays)
    with disk_errors(path, AGAIN):
        write_atomically(path, content.getvalue())


def open_features(
    path: Path, pack: Pack, labels: np.ndarray, spec: dict[str, Any], backbone_sha256: str, device: torch.device
) -> FeatureData:
    """Read the features that a run's head pools.

    Args:
        path: a file of :func:`make_features`.
        pack: whose images they must be of.
        labels: (N, C) of its split (``Split.matrix``).
        spec: of the run.
        backbone_sha256: of the run's backbone, by :func:`ltmlc.training.network.weights_sha256`.
        device: where they are wanted.

    Raises:
        InputError: there is no file, it is damaged, or of other images, weights or settings; says which.
    """
    pooling = POOLED[spec["model"]["head"] == "graph"]
    file, expected = _read(path, [pooling]), _stamp(spec, pack, backbone_sha256)
    different = sorted(key for key in expected if file["stamp"].get(key) != expected[key])
    if different:
        raise InputError(f"{path}: made with other {', '.join(different)} than this run's; {AGAIN}")
    features, held = (torch.from_numpy(array).to(device) for array in (file[pooling], labels.astype(bool)))
    return FeatureData(features, held, pack.num_train, spec["model"]["cached_views"], device, file["sha256"])


def _read(path: Path, arrays: Sequence[str]) -> dict[str, Any]:
    """What the features are of, their hash, and those arrays that are asked for."""
    try:
        file = read_arrays(path, [*arrays, "stamp", "sha256"])
        return {**file, "stamp": json.loads(str(file["stamp"])), "sha256": str(file["sha256"])}
    except FileNotFoundError:
        raise InputError(f"{path}: no features here, which model.cached_views asks for; {AGAIN}") from None
    except DAMAGED_ARRAYS:
        raise InputError(f"{path} is damaged, or no file of features; delete it and {AGAIN}") from None


def _stamp(spec: dict[str, Any], pack: Pack, backbone_sha256: str) -> dict[str, Any]:
    """What the features are of. The weights by what is in them: where their file lies is no matter."""
    model = complete_model(spec["model"])
    return {
        **{f"model.{key}": model[key] for key in (*BACKBONE_KEYS, "cached_views")},
        "model.weights": backbone_sha256,
        "augmentation": spec["augmentation"],
        "split": pack.split_sha256,
        "data.max_side": pack.max_side,
    }
