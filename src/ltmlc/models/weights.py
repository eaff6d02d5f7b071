"""Pretrained backbone weights: torchvision's, or a file."""

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.hub import load_state_dict_from_url

from ltmlc.errors import InputError
from ltmlc.models.backbone import Backbone

IMAGENET = {
    "resnet50": "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    "resnet18": "https://download.pytorch.org/models/resnet18-f37072fd.pth",
}
"""torchvision's IMAGENET1K_V1 weights; the name ends with the first digits of the file's sha256, which is checked."""


def load_backbone_weights(backbone: Backbone, path_or_name: str | Path) -> None:
    """Load ``imagenet`` (torchvision, V1, downloaded once) or a file of backbone weights with torchvision's names.

    A file is a dictionary of tensors saved by ``torch.save``, read without unpickling code; half precision becomes
    float32, ``fc.*`` is ignored, ``num_batches_tracked`` may be missing.

    Raises:
        InputError: the weights cannot be had or read, or their names or shapes do not fit; names the file and keys.
    """
    name = str(path_or_name)
    state = _download(backbone.architecture) if name == "imagenet" else _read(Path(name).expanduser())
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    _check(state, backbone.state_dict(), name)
    backbone.load_state_dict(state, strict=False)  # copies into float32


def _download(architecture: str) -> dict[str, Tensor]:
    if architecture not in IMAGENET:
        raise InputError(
            f"model.weights: imagenet has no weights for backbone {architecture}; they exist for {', '.join(IMAGENET)}"
        )
    url = IMAGENET[architecture]
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    try:
        return load_state_dict_from_url(url, map_location="cpu", progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:  # no network, or a hash that does not fit
        raise InputError(
            f"model.weights: imagenet could not be downloaded ({error}); put {url} into {cache}, "
            "or set model.weights to the path of a file"
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"model.weights: {path} does not exist; write null, imagenet or the path of a file") from None
    except OSError as error:
        raise InputError(f"model.weights: {path} cannot be read ({error.strerror or error})") from error
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        # torch's own message is of many lines and advises to unpickle whatever is in the file.
        raise InputError(
            f"model.weights: {path} is not a file of tensors saved by torch.save ({type(error).__name__}); "
            "give a state dict of tensors, or download the file again"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"model.weights: {path} must hold one dictionary of tensors, torchvision's names to values")
    return state


def _check(state: dict[str, Tensor], own: dict[str, Tensor], source: str) -> None:
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    unknown = [key for key in state if key not in own]
    other_shape = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    for what, keys in (("lacks", missing), ("has unknown", unknown), ("has other shapes:", other_shape)):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise InputError(
                f"model.weights: {source} {what} {', '.join(keys[:3])}{more}; it must fit the backbone "
                f"(model.backbone, width, stem): {len(own)} tensors, {', '.join(list(own)[:2])}, ... {list(own)[-1]}"
            )
