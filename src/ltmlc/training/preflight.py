"""What can be known to be wrong before the first training: a loss's parameters, the network, weights and word vectors.

Each run settles the same when it starts. Here all runs are asked at once, so that a mistake in the last row of a table
does not wait for the trainings of the rows above.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ltmlc.data.split import Split
from ltmlc.disk.files import canonical_json
from ltmlc.errors import InputError
from ltmlc.losses import ClassStats
from ltmlc.models import build_model
from ltmlc.models.from_timm import configuration
from ltmlc.models.weights import imagenet_address
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import word_vector_file
from ltmlc.plan.network import BACKBONE_KEYS, EMBEDDED_WEIGHTS, MADE_VECTORS, TIMM_WEIGHTS, complete_model
from ltmlc.training.loop import run_loss
from ltmlc.training.network import word_vectors


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
            run_loss(spec, ClassStats(counts=[1, 1], num_images=2), where=row_of(grid, dataset, run))
        settings = grid.datasets[dataset]
        models = _distinct(spec["model"] for spec in runs.values())
        with _named(dataset):
            for model in models:
                if model["head"] == "graph":
                    check_word_vectors(model, settings, splits.get(dataset), root=grid.config["data"]["root"])
            for backbone in _distinct(map(_backbone_of, models)):
                check_backbone(backbone, kind=settings["source"]["kind"])


def row_of(grid: Grid, dataset: str, run: str) -> str:
    """The first row that declares a run, as messages name it."""
    return next(
        f"config/tables/{table.name}.yaml, row {number} ({row.label})"
        for table in grid.tables.values()
        for number, row in enumerate(table.rows, 1)
        if row.run.get(dataset) == run
    )


def check_backbone(settings: dict[str, Any], *, kind: str) -> None:
    """Build the backbone, and load its starting weights where they are a file. Downloads nothing."""
    weights = settings["weights"]
    if weights == "imagenet":
        imagenet_address(settings["backbone"])
    if weights == "pretrained" and kind != "digits":
        raise InputError("model.weights: pretrained is for the embedded digits; write null, imagenet or a file's path")
    if (weights == EMBEDDED_WEIGHTS) != (kind == "pooled"):
        raise InputError(
            f"model.weights: {weights}, but the source is of kind {kind}; embedded belongs to kind pooled alone"
        )
    if weights == TIMM_WEIGHTS and not configuration(settings["backbone"]).has_weights:
        raise InputError(f"model.weights: timm has no weights for {settings['backbone']}; write null or a file's path")
    made = weights in ("imagenet", "pretrained", TIMM_WEIGHTS)
    build_model({**settings, "weights": None if made else weights}, 2, generator_seed=0, planned=True)


def check_word_vectors(model: dict[str, Any], dataset: dict[str, Any], split: Split | None, *, root: str) -> None:
    """Read the word vectors of the graph head if they and the classes are there; refuse them if they cannot come."""
    path = model["word_vectors"]
    there = path in MADE_VECTORS or word_vector_file(model, root).exists()
    comes = any(each["kind"] == "word_vectors" and each["file"] == path for each in dataset.get("downloads", []))
    if split is not None and there:
        word_vectors(model, split.classes, root=root)
    elif not there and not comes:
        raise InputError(
            f"model.word_vectors: {path} is neither here nor under data.root; give a .npy, .pkl or .txt file"
        )


def _distinct(mappings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({canonical_json(mapping): mapping for mapping in mappings}.values())


def _backbone_of(model: dict[str, Any]) -> dict[str, Any]:
    return complete_model({key: model[key] for key in (*BACKBONE_KEYS, "weights")})


@contextmanager
def _named(dataset: str) -> Iterator[None]:
    """Put the data set in front of what is wrong with its network."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{dataset}: {error}") from None
