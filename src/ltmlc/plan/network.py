"""The key ``model`` of a specification. Its keys and defaults stand in ``workflow/schemas/model.schema.yaml``."""

from typing import Any

from ltmlc.errors import InputError
from ltmlc.plan.reading.schema import check, defaults

HEADS = {
    "linear": (),
    "graph": (
        "adjacency_threshold",
        "adjacency_weight",
        "graph_features",
        "graph_neck",
        "word_vectors",
        "word_vector_order",
    ),
    "experts": ("num_experts",),
}
"""Head -> the keys that it alone has; all others are of every network."""

BACKBONE_KEYS = ("backbone", "image_size", "frozen_stages", "norm_eval", "stride_in_1x1", "stem", "width")
"""What a backbone is, but for its weights."""

EMBEDDED_WEIGHTS = "embedded"
"""Value of ``weights`` where the data set holds what the backbone made of its images, and the backbone is not here."""

MADE_VECTORS = ("digits", "names")
"""Values of ``word_vectors`` that are no file: made from the names of the classes."""

NUM_STAGES = 4
"""Of a residual backbone, behind its stem."""


def complete_model(settings: dict[str, Any]) -> dict[str, Any]:
    """All that the network needs: the schema's defaults where nothing is said, and nothing of other heads."""
    model = defaults("model") | settings
    others = {key for head, keys in HEADS.items() if head != model["head"] for key in keys}
    return {key: value for key, value in model.items() if key not in others}


def checked_model(settings: dict[str, Any]) -> dict[str, Any]:
    """The same of settings that nobody has checked. Raises InputError for an unknown key or a value out of range."""
    check(settings, schema="model", where="model")
    model = complete_model(settings)
    check_fit(model)
    return model


def check_fit(model: dict[str, Any]) -> None:
    """Raise InputError for values that are valid one by one, and cannot stand together."""
    weights, frozen, cached = model["weights"], model["frozen_stages"], model["cached_views"] is not None
    if weights == "imagenet" and model["stride_in_1x1"]:
        raise InputError("model.stride_in_1x1 must be false with model.weights imagenet: they were trained in the 3x3")
    if weights == EMBEDDED_WEIGHTS and not cached:
        raise InputError(
            "model.weights: embedded is for data sets of source kind pooled, whose file says model.cached_views; write "
            "null, imagenet or a file's path"
        )
    if cached and frozen < NUM_STAGES:
        raise InputError(
            f"model.cached_views needs a backbone that does not change: set model.frozen_stages to {NUM_STAGES} "
            f"(it is {frozen}), or cached_views to null"
        )
    if cached and weights in (None, "pretrained"):
        raise InputError(
            "model.cached_views needs the same backbone for all seeds: set model.weights to imagenet or the path "
            f"of a file (it is {weights or 'null'}), or cached_views to null"
        )
