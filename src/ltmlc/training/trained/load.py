"""The network of a finished run, or of a folder that ``ltmlc export-model`` wrote, ready to be used."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltmlc.data.augment.batch import test_batch
from ltmlc.data.pack.images import Images
from ltmlc.disk.checksums import RUN_SUMS, changed_files
from ltmlc.disk.files import sha256_file
from ltmlc.disk.reading import read_json, why_unread
from ltmlc.errors import InputError
from ltmlc.models import Classifier, build_model
from ltmlc.models.from_timm import package
from ltmlc.models.weights import LARGEST_WEIGHTS, WeightsError, read_tensors
from ltmlc.plan.lookup import METRICS, WEIGHTS
from ltmlc.plan.network import EMBEDDED_WEIGHTS, is_timm
from ltmlc.plan.reading.schema import check

CARD, EXPORTED = "model.json", "model.safetensors"
"""What describes an exported network for programs, and its weights."""
GRAPH = ("word_vectors", "adjacency")
"""Constants of ML-GCN's head, which are part of its weights."""


@dataclass(frozen=True)
class Trained:
    """A trained network and what belongs to it.

    Attributes:
        network: normalised images (B, 3, S, S) to raw logits (B, C), in evaluation mode, on the CPU.
        classes: the C names, in the order of the logits.
        fields: what metrics.json or the exported folder says of it: ``spec``, ``dataset``, ``seed`` and more.
    """

    network: Classifier
    classes: list[str]
    fields: dict[str, Any]

    @property
    def image_size(self) -> int:
        """S, the side of the network's input in pixels."""
        return self.fields["spec"]["model"]["image_size"]

    def transform(self, images: list[np.ndarray], *, device: torch.device | str = "cpu") -> Tensor:
        """The run's test transform: images uint8 RGB (H, W, 3), each of its own size, to (B, 3, S, S) float32.

        Raises:
            InputError: no image, or one that is not uint8 RGB.
        """
        for number, image in enumerate(images):
            if getattr(image, "dtype", None) != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
                raise InputError(f"image {number} of the list is not an array of uint8 RGB (H, W, 3), or has no pixel")
        if not images:
            raise InputError("the list of images is empty: give at least one")
        shapes = np.array([image.shape[:2] for image in images])  # (B, 2)
        ends = np.cumsum(shapes.prod(1) * 3)
        flat = torch.from_numpy(np.concatenate([image.reshape(-1) for image in images])).to(device)
        placed = Images(flat, np.r_[0, ends[:-1]], shapes[:, 0], shapes[:, 1])
        return test_batch(placed, image_size=self.image_size, settings=self.fields["spec"]["augmentation"])

    def logits(self, images: list[np.ndarray]) -> np.ndarray:
        """Raw logits (B, C) float32 of images uint8 RGB (H, W, 3), on the network's device."""
        parameter = next(self.network.parameters())
        inputs = self.transform(images, device=parameter.device)
        return self.network.predict(inputs.to(parameter.dtype)).float().cpu().numpy()


def load_run(path: str | Path) -> Trained:
    """The network of a run that kept its weights, or of a folder of ``ltmlc export-model``.

    Args:
        path: the folder with metrics.json and weights.pt, or with model.json and model.safetensors.

    Raises:
        InputError: no finished run, no weights, damaged ones or those of another network; safetensors is not installed.
    """
    folder = Path(path)
    exported = (folder / CARD).exists()
    fields = _described(folder / CARD if exported else folder / METRICS)
    weights = folder / (EXPORTED if exported else WEIGHTS)
    if not weights.exists():
        raise InputError(_no_weights(weights, fields, exported))
    if fields["spec"]["model"].get("weights") == EMBEDDED_WEIGHTS:
        raise InputError(
            f"{folder}: trained on pooled activations that its data set holds, so its backbone is not here and no "
            "image can be read; train on photographs (docs/run-on-photographs.md) for a network that reads them"
        )
    if is_timm(fields["spec"]["model"]):
        package(fields["spec"]["model"]["backbone"])
    load = optional("safetensors.torch").load_file if exported else None
    network = _network(weights, fields["spec"], len(fields["classes"]), load)
    _refuse_other_files(weights, fields, exported)
    return Trained(network.eval(), fields["classes"], fields)


def optional(name: str) -> ModuleType:
    """A module of a package of the extra ``export``. Raises InputError where that, or one that it needs, is absent."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = (error.name or name).partition(".")[0]
        raise InputError(f"{package} is not installed: pip install 'ltmlc[export]', or pip install {package}") from None


def _described(path: Path) -> dict[str, Any]:
    try:
        fields = read_json(path)
        status = fields["status"]
    except (InputError, KeyError, TypeError) as error:
        why = error if isinstance(error, InputError) else f"{path.name} has no key status"
        raise InputError(
            f"{path.parent}: no finished run here ({why}); give the folder of a {METRICS}, or of `ltmlc export-model`"
        ) from None
    if status != "finished":
        raise InputError(f"{path.parent}: the run failed ({fields.get('error')}), so it left no network")
    try:
        check(fields, schema="trained", where=str(path))
    except InputError as error:
        raise InputError(f"{error}; give the folder that the training wrote, or train it again") from None
    return fields


def _no_weights(weights: Path, fields: dict[str, Any], exported: bool) -> str:
    if exported:
        return f"{weights.parent}: the model card {CARD} is here without its weights; put {EXPORTED} of it beside it"
    again = f"ltmlc train {fields.get('dataset')} {fields.get('run')} --seed {fields.get('seed')} --keep-weights"
    return (
        f"{weights.parent}: the run left no {WEIGHTS}; `{again}`, with the configuration that the run was made with "
        "(--config), trains it again and keeps them (training.keep_weights keeps those of every run)"
    )


def _refuse_other_files(weights: Path, fields: dict[str, Any], exported: bool) -> None:
    """Tensors of the right shapes may still be another network's."""
    if exported and fields.get("sha256") and fields["sha256"] != sha256_file(weights):
        raise InputError(f"{weights} is not the file that {CARD} describes (sha256); take both from one export")
    for name in () if exported else (METRICS, WEIGHTS):
        if changed_files(weights.with_name(RUN_SUMS), only=name):
            raise InputError(
                f"{weights.with_name(name)} is not the file that the run left ({RUN_SUMS}); put that one back, or "
                "train the run again"
            )


def _network(
    path: Path, spec: dict[str, Any], num_classes: int, load: Callable[[Path], dict[str, Tensor]] | None
) -> Classifier:
    """``load`` reads an exported file; None for one that the run left."""
    try:
        state = _exported_tensors(path, load) if load else read_tensors(path)
        constants = {key: state.get(f"head.classifier.{key}") for key in GRAPH}
        settings = {**spec["model"], "weights": None, "cached_views": None}  # images come in, not features
        model = build_model(settings, num_classes, generator_seed=0, **constants)
        _refuse_another_head(state, model.state_dict())
        model.load_state_dict(state)
    except Exception as error:  # of settings or shapes that are none torch raises anything
        reason = error.what if isinstance(error, WeightsError) else str(error).partition("\n")[0] or "another network"
        again = "export it again" if load else "train it again"
        raise InputError(f"{path} does not hold the weights of this run ({reason}); {again}") from None
    return model.to(dtype=torch.float64 if spec.get("precision") == "float64" else torch.float32)


def _exported_tensors(path: Path, load: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    try:
        if why := why_unread(path, LARGEST_WEIGHTS):
            raise WeightsError(f"{path.name} {why}")
        return load(path)
    except WeightsError:
        raise
    except Exception as error:  # of its own, from Rust, and OSError
        raise WeightsError(f"{path.name} is damaged: {str(error).splitlines()[0]}") from None


def _refuse_another_head(state: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """One reason where torch would list every tensor."""
    for name in (name for name in own if name.startswith("head.")):
        found = tuple(state[name].shape) if name in state else "none"
        if found != tuple(own[name].shape):
            raise ValueError(f"they are of another head: {name} is {found}, not {tuple(own[name].shape)}")
