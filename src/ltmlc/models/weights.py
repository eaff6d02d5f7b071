"""Pretrained backbone weights: torchvision's, or a file."""

import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.hub import load_state_dict_from_url

from ltmlc.disk.reading import why_unread
from ltmlc.errors import InputError
from ltmlc.models.backbone import Backbone

IMAGENET = {
    "resnet50": "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    "resnet18": "https://download.pytorch.org/models/resnet18-f37072fd.pth",
}
"""torchvision's IMAGENET1K_V1 weights; the name ends with the first digits of the file's sha256, which is checked."""


WEIGHTS_ADVICE = (
    "write null, imagenet or the path of a file of torchvision's names to tensors, saved by torch.save; get it anew if "
    "it was cut short"
)
NAMED_ADVICE = "write null, timm or the path of a file of timm's names to tensors (.safetensors, or of torch.save)"
LARGEST_WEIGHTS = 4 * 10**9
"""Of a file of weights; the largest torchvision backbones have 0.6 GB."""


class WeightsError(InputError):
    """A file of weights that cannot be used. ``what`` names it and says why, without the advice of the message."""

    def __init__(self, what: str, advice: str = "give the file that was saved by torch.save, whole") -> None:
        self.what = what
        super().__init__(f"{what}; {advice}")


def load_backbone_weights(backbone: Backbone, path_or_name: str | Path) -> None:
    """Load ``imagenet`` (torchvision, V1, downloaded once) or a file of backbone weights with torchvision's names.

    A file is a dictionary of tensors saved by ``torch.save``, read without unpickling code; half precision becomes
    float32, ``fc.*`` is ignored, ``num_batches_tracked`` may be missing.

    Raises:
        InputError: the weights cannot be had or read, or their names or shapes do not fit; names the file and keys.
    """
    name = str(path_or_name)
    state = _download(backbone.architecture) if name == "imagenet" else _read(name)
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    _check(state, backbone.state_dict(), name)
    backbone.load_state_dict(state, strict=False)  # copies into float32


def load_named_weights(network: nn.Module, path: str | Path, *, without: tuple[str, ...] = ()) -> None:
    """Load a file of weights into any network, but for those whose names begin as ``without`` says.

    A file of ``torch.save``, as above, or of safetensors (by its name), whose names are the network's.

    Raises:
        InputError: as above.
    """
    path = Path(path).expanduser()
    try:
        state = _read_safetensors(path) if path.suffix == ".safetensors" else read_tensors(path)
    except WeightsError as error:
        raise WeightsError(f"model.weights: {error.what}", NAMED_ADVICE) from None
    state = {key: value for key, value in state.items() if not key.startswith(without)}
    _check(state, network.state_dict(), str(path))
    network.load_state_dict(state, strict=False)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        if why := why_unread(path, LARGEST_WEIGHTS):
            raise WeightsError(f"{path} {why}")
        return import_module("safetensors.torch").load_file(path)
    except WeightsError:
        raise
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist") from None
    except ImportError:
        raise WeightsError(f"{path} needs the package safetensors, which is not installed") from None
    except Exception:  # of its own, from Rust, and OSError
        raise WeightsError(f"{path} is no file of safetensors, or damaged") from None


def imagenet_address(architecture: str) -> str:
    """Where torchvision's weights of a backbone are; InputError if it has none."""
    if architecture not in IMAGENET:
        raise InputError(
            f"model.weights: imagenet has no weights for backbone {architecture}; they exist for {', '.join(IMAGENET)}"
        )
    return IMAGENET[architecture]


def _download(architecture: str) -> dict[str, Tensor]:
    url = imagenet_address(architecture)
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    try:
        return load_state_dict_from_url(url, map_location="cpu", progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:  # no network, or a hash that does not fit
        raise InputError(
            f"model.weights: imagenet could not be downloaded ({error}); put {url} into {cache}, "
            "or set model.weights to the path of a file"
        ) from error


def _read(name: str) -> dict[str, Tensor]:
    try:
        return read_tensors(Path(name).expanduser())
    except WeightsError as error:
        raise WeightsError(f"model.weights: {error.what}", WEIGHTS_ADVICE) from None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A file of named tensors saved by ``torch.save``, read without running code.

    The kind and size of the file are asked first, and the checksums that torch writes into it are compared: torch
    itself does not.

    Raises:
        WeightsError: it is no such file, damaged, packed so that it would take more memory than its size, or of tensors
            that hold no plain numbers; says which.
    """
    try:
        if why := why_unread(path, LARGEST_WEIGHTS):
            raise WeightsError(f"{path} {why}")
        _check_archive(path)
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror or error})") from None
    except Exception:  # of what is no such file its readers raise anything, and advise to unpickle it
        raise WeightsError(f"{path} is not a file of tensors saved by torch.save") from None
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise WeightsError(f"{path} does not hold one dictionary of names to tensors")
    for name, value in loaded.items():
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_meta or value.is_quantized:
            raise WeightsError(f"{path} does not hold one dictionary of tensors of plain numbers: {name!r} is none")
    return loaded


def _check_archive(path: Path) -> None:
    """torch.save writes a zip archive that is not compressed. Its older format has no checksums."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as file:
        if any(member.compress_type != zipfile.ZIP_STORED for member in file.infolist()):
            raise WeightsError(f"{path} is compressed, which torch.save does not do")
        damaged = file.testzip()
    if damaged is not None:
        raise WeightsError(f"{path} is damaged: its part {damaged!r} does not fit its checksum")


def _check(state: dict[str, Tensor], own: dict[str, Tensor], source: str) -> None:
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    unknown = [key for key in state if key not in own]
    other_shape = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    # Last: of a shape that does not fit, looking at all values could take any memory.
    not_finite = [key for key in own if key in state and not other_shape and not _is_finite(state[key])]
    faults = {
        "lacks": missing,
        "has unknown": unknown,
        "has other shapes:": other_shape,
        "has values that are no finite real numbers in": not_finite,
    }
    for what, keys in faults.items():
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise WeightsError(
                f"model.weights: {source} {what} {', '.join(keys[:3])}{more}",
                f"it must fit the backbone (model.backbone, width, stem): {len(own)} tensors of finite numbers, "
                f"{', '.join(list(own)[:2])}, ... {list(own)[-1]}",
            )


def _is_finite(value: Tensor) -> bool:
    return not value.is_complex() and bool(torch.isfinite(value).all())
