"""What can be known to be wrong before the first training: a loss's parameters, the network, weights and word vectors.

Each run settles the same when it starts. Here all runs are asked at once, so that a mistake in the last row of a table
does not wait for the trainings of the rows above.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ltmlc.data.split import Split
from ltmlc.disk.files import canonical_json
from ltmlc.errors import InputError
from ltmlc.losses import ClassStats, build_loss
from ltmlc.models import build_model, digit_word_vectors, load_word_vectors
from ltmlc.models.settings import BACKBONE_KEYS, read_settings
from ltmlc.models.weights import IMAGENET
from ltmlc.plan.grid import Grid


def check_grid(grid: Grid, splits: Mapping[str, Split]) -> None:
    """Ask every run of a grid whether it could start.

    Args:
        grid: the declared runs.
        splits: by data set, where there are any yet: word vectors are compared with their class names.

    Raises:
        InputError: for the first run that could not; names the file and row, or the data set, and the key.
    """
    for dataset, runs in grid.runs.items():
        for run, spec in runs.items():
            check_loss(spec, where=row_of(grid, dataset, run))
        settings = grid.datasets[dataset]
        models = _distinct(spec["model"] for spec in runs.values())
        with _named(dataset):
            for model in models:
                read_settings(model)
                if model["head"] == "graph":
                    check_word_vectors(model, settings, splits.get(dataset), root=grid.config["data"]["root"])
            for backbone in _distinct(map(_backbone_of, models)):
                check_backbone(backbone, embedded=settings["source"]["kind"] == "digits")


def row_of(grid: Grid, dataset: str, run: str) -> str:
    """The first row that declares a run, as messages name it."""
    return next(
        f"config/tables/{table.name}.yaml, row {number} ({row.label})"
        for table in grid.tables.values()
        for number, row in enumerate(table.rows, 1)
        if row.run.get(dataset) == run
    )


def check_loss(spec: dict[str, Any], *, where: str) -> None:
    """Planning knows names and kinds of a loss's parameters; their limits, and what fits the head, the loss knows."""
    experts = [spec["model"]["num_experts"]] if spec["model"]["head"] == "experts" else []
    try:
        loss = build_loss(spec["loss"], ClassStats(counts=[1, 1], num_images=2))
        loss(torch.zeros(*experts, 2, 2), torch.eye(2))
    except ValueError as error:
        raise InputError(f"{where}: run.loss: {error} (head {spec['model']['head']})") from None


def check_backbone(settings: dict[str, Any], *, embedded: bool) -> None:
    """Build the backbone, and load its starting weights where they are a file. Downloads nothing."""
    weights = settings["weights"]
    if weights == "imagenet" and settings["backbone"] not in IMAGENET:
        raise InputError(
            f"model.weights: imagenet has no weights for backbone {settings['backbone']}; they exist for "
            f"{', '.join(IMAGENET)}"
        )
    if weights == "imagenet" and settings["stride_in_1x1"]:
        raise InputError("model.stride_in_1x1 must be false with model.weights imagenet: they were trained in the 3x3")
    if weights == "pretrained" and not embedded:
        raise InputError("model.weights: pretrained is for the embedded digits; write null, imagenet or a file's path")
    made = weights in ("imagenet", "pretrained")
    build_model({**settings, "weights": None if made else weights}, 2, generator_seed=0)


def check_word_vectors(model: dict[str, Any], dataset: dict[str, Any], split: Split | None, *, root: str) -> None:
    """Read the word vectors of the graph head if they and the classes are there; refuse them if they cannot come."""
    path = model["word_vectors"]
    if path is None:
        raise InputError(
            "model.word_vectors is null, but head graph (ML-GCN) needs word vectors of the class names: give their file"
        )
    if path == "digits":
        if split is not None:
            digit_word_vectors(split.classes)
        return
    found = Path(path) if Path(path).exists() else Path(root, path)
    comes = any(each["kind"] == "word_vectors" and each["file"] == path for each in dataset.get("downloads", []))
    if split is not None and found.exists():
        load_word_vectors(found, split.classes, model["word_vector_order"])
    elif not found.exists() and not comes:
        raise InputError(
            f"model.word_vectors: {path} is neither here nor under data.root; give a .npy, .pkl or .txt file"
        )


def _distinct(mappings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({canonical_json(mapping): mapping for mapping in mappings}.values())


def _backbone_of(model: dict[str, Any]) -> dict[str, Any]:
    settings = {key: model[key] for key in (*BACKBONE_KEYS, "weights") if key in model}
    return {"backbone": "resnet50", "stride_in_1x1": False, **settings}


@contextmanager
def _named(dataset: str) -> Iterator[None]:
    """Put the data set in front of what is wrong with its network."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{dataset}: {error}") from None
