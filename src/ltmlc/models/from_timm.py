"""Backbones of the package timm (pytorch-image-models): what they say of their input, how they are built and frozen.

timm is optional, and takes seconds to import: what is asked of it imports it.
"""

import importlib
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ltmlc.errors import InputError
from ltmlc.models.weights import load_named_weights
from ltmlc.plan.network import ALL_STAGES, NO_FILES, TIMM_PREFIX, TIMM_WEIGHTS, is_timm


class TimmBackbone(nn.Module):
    """Images (B, 3, S, S) to a model's own pooled features, as maps of one pixel: (B, out_channels, 1, 1).

    Frozen parts run in evaluation mode and are not trained; with ``norm_eval`` every batch norm keeps its statistics.

    Args:
        network: a timm model without its classifier.
        out_channels: of its pooled features.
        frozen: the parts of it that stay as they are.
        norm_eval: whether every batch norm is fixed.
    """

    def __init__(self, network: nn.Module, out_channels: int, *, frozen: list[nn.Module], norm_eval: bool) -> None:
        super().__init__()
        self.network, self.out_channels = network, out_channels
        norms = [each for each in network.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
        self._fixed = [*frozen, *(norms if norm_eval else [])]
        for module in frozen:
            module.requires_grad_(False)
        self.train()

    def detach_last_stage(self) -> nn.Module:
        """Nothing: which part of a model is its last stage, timm does not say. So BalPoE's experts share all of it."""
        return nn.Identity()

    def train(self, mode: bool = True) -> "TimmBackbone":
        super().train(mode)
        for module in self._fixed:
            module.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)[:, :, None, None]  # (B, out_channels, 1, 1)


def timm_backbone(model: dict[str, Any]) -> TimmBackbone:
    """The backbone of ``model``, whose keys are complete and checked; ``image_size`` may be null. Draws from torch.

    Raises:
        InputError: timm or the model is not there, it does not take such images, has no such parts, or its weights
            cannot be had or are another's.
    """
    backbone, own = model["backbone"], configuration(model["backbone"])
    size = model["image_size"] or own_size(model["backbone"])
    network = _create(model, own, size)
    for module in network.modules():
        _without_drops(module)
    if model["weights"] not in (None, *NO_FILES):
        classifier = (own.classifier,) if isinstance(own.classifier, str) else own.classifier or ()
        load_named_weights(network, model["weights"], without=tuple(f"{name}." for name in classifier))
    features = _features(network, backbone, size)
    frozen = _parts(network, model["frozen_stages"], backbone)
    return TimmBackbone(network, features.shape[1], frozen=frozen, norm_eval=model["norm_eval"])


def settled(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification with image size, mean and std (levels of 255) of a timm model where it states none.

    ``from_backbone`` lists which: planned again, they are null again. Other specifications are returned as they are.
    """
    if not is_timm(model := spec["model"]):
        return spec
    augmentation = spec["augmentation"]
    taken = [key for key in ("mean", "std") if augmentation.get(key) is None]
    taken = ["image_size"] * (model["image_size"] is None) + taken
    if not taken:
        return spec
    own = configuration(model["backbone"])
    numbers = {"image_size": own_size(model["backbone"])} if "image_size" in taken else {}
    levels = {key: [round(255 * value, 6) for value in getattr(own, key)] for key in taken if key != "image_size"}
    settings = {"model": {**model, **numbers}, "augmentation": {**augmentation, **levels}}
    return {**spec, **settings, "from_backbone": taken}


def own_size(backbone: str) -> int:
    """The side in pixels that a model was made for. Raises InputError where it takes no square RGB images."""
    channels, height, width = configuration(backbone).input_size
    if channels != 3 or height != width:
        raise InputError(
            f"model.backbone: {backbone} is made for {channels} channels of {height} x {width} pixels; choose a model "
            "of square RGB images"
        )
    return height


def configuration(backbone: str) -> Any:
    """timm's own configuration of a model (``pretrained_cfg``). Raises InputError for a name that it does not have."""
    timm, name = package(backbone), backbone.removeprefix(TIMM_PREFIX)
    try:
        if timm.is_model(name):
            return timm.get_pretrained_cfg(name)
    except RuntimeError:  # of the model's weights there are none of this name
        pass
    close = get_close_matches(name, [*timm.list_models(), *timm.list_pretrained()])
    raise InputError(
        f"model.backbone: timm has no model {name}; "
        + (f"close to it: {', '.join(close)}" if close else "timm.list_models() has their names")
    )


def package(backbone: str) -> ModuleType:
    """timm. Raises InputError where it is not installed."""
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise InputError(
            f"model.backbone: {backbone} needs the package timm ({error}): pip install 'ltmlc[timm]', or pip install "
            "timm"
        ) from None


def _create(model: dict[str, Any], own: Any, size: int) -> nn.Module:
    backbone, pretrained = model["backbone"], model["weights"] == TIMM_WEIGHTS
    resized = {"img_size": size} if own.fixed_input_size and size != own_size(backbone) else {}
    options = {"pretrained": pretrained, "num_classes": 0, **resized}
    try:
        return package(backbone).create_model(backbone.removeprefix(TIMM_PREFIX), **options)
    except Exception as error:  # of models and of the Hub, anything
        why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        if pretrained:
            raise InputError(
                f"model.weights: timm's weights of {backbone} could not be loaded ({why}); give the path of a file"
            ) from None
        raise InputError(f"model.backbone: {backbone} cannot be built for images of {size} px ({why})") from None


def _without_drops(module: nn.Module) -> None:
    """Random draws of a model's own are no run's: what was interrupted would go on with others."""
    for name in ("drop_rate", "drop_prob", *(["p"] if isinstance(module, nn.modules.dropout._DropoutNd) else [])):
        if isinstance(getattr(module, name, None), float):
            setattr(module, name, 0.0)


def _features(network: nn.Module, backbone: str, size: int) -> Tensor:
    """Pooled features (1, D) of a blank image; InputError where the model gives none."""
    try:
        with torch.no_grad():
            features = network.eval()(torch.zeros(1, 3, size, size))
    except Exception as error:  # shapes that do not fit, said in many ways
        why = str(error).strip().partition("\n")[0]
        raise InputError(
            f"model.image_size: {backbone} takes no images of {size} px ({why}); write null for its own, "
            f"{own_size(backbone)}"
        ) from None
    if not isinstance(features, Tensor) or features.ndim != 2:
        raise InputError(f"model.backbone: {backbone} gives no pooled features; choose a model of single images")
    return features


def _parts(network: nn.Module, names: list[str] | str, backbone: str) -> list[nn.Module]:
    """The named children, those within children by dots (``stages.0``). Raises InputError with the names there are."""
    if names == ALL_STAGES:
        return [network]
    return [_part(network, name, backbone) for name in names]


def _part(network: nn.Module, name: str, backbone: str) -> nn.Module:
    part, before = network, ""
    for each in name.split("."):
        children = dict(part.named_children())
        if each not in children:
            there = [before + child for child, module in children.items() if any(True for _ in module.parameters())]
            raise InputError(
                f"model.frozen_stages: {backbone} has no part {name}; it has {', '.join(there) or 'none'}"
                + (f" in {before.removesuffix('.')}" if before else "")
            )
        part, before = children[each], f"{before}{each}."
    return part
