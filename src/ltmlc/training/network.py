"""The network of a run, from its specification, data set and seed."""

import hashlib
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from ltmlc.data.split import Split
from ltmlc.errors import InputError
from ltmlc.models import Classifier, build_model, digit_word_vectors, label_graph, load_word_vectors, name_word_vectors
from ltmlc.models.weights import WeightsError
from ltmlc.plan.environment import data_root
from ltmlc.plan.lookup import word_vector_file
from ltmlc.plan.network import EMBEDDED_WEIGHTS, MADE_VECTORS, complete_model
from ltmlc.training.seeds import derive_seed


def build_network(spec: dict[str, Any], split: Split, data: Path, *, seed: int) -> Classifier:
    """The network with its initial weights, on the CPU, in the dtype of the run's precision.

    Args:
        data: the data set's folder, where ``ltmlc pretrain`` leaves the starting weights of each seed
            (``model.weights: pretrained``).
    """
    settings = complete_model(spec["model"])
    pretrained = settings["weights"] == "pretrained"
    if pretrained:
        settings["weights"] = str(data / f"backbone-seed{seed}.pt")
    extra = {}
    if settings["head"] == "graph":
        extra["word_vectors"] = word_vectors(settings, split.classes, root=data_root() or ".")
        extra["adjacency"] = label_graph(
            split.class_counts,
            split.together(),
            threshold=settings["adjacency_threshold"],
            weight=settings["adjacency_weight"],
        )
    try:
        start = derive_seed(seed, "weights")
        model = build_model(settings, len(split.classes), generator_seed=start, planned=True, **extra)
    except WeightsError as error:
        if not pretrained:
            raise
        raise InputError(f"{error.what}; delete the file and run the same again: it is made anew") from None
    model.seed_dropout(derive_seed(seed, "dropout"))
    return model.to(dtype=torch.float64 if spec["precision"] == "float64" else torch.float32)


def backbone_sha256(spec: dict[str, Any], model: Classifier) -> str:
    """Of the backbone in float32, whatever the run's precision; a word where the data set holds what it made."""
    embedded = spec["model"]["weights"] == EMBEDDED_WEIGHTS
    return EMBEDDED_WEIGHTS if embedded else weights_sha256(deepcopy(model.backbone).float())


def weights_sha256(model: Classifier) -> str:
    """Hash of all parameters and buffers, with their names; independent of device and memory order."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def word_vectors(settings: dict[str, Any], classes: list[str], *, root: str | Path) -> torch.Tensor:
    """Of the classes, (C, d), for the head ``graph``. Raises InputError where there are none."""
    if settings["word_vectors"] in MADE_VECTORS:
        return {"digits": digit_word_vectors, "names": name_word_vectors}[settings["word_vectors"]](classes)
    return load_word_vectors(word_vector_file(settings, root), classes, settings["word_vector_order"])
