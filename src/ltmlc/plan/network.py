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

TIMM_PREFIX = "timm:"
"""What the name of a backbone of the package timm begins with."""

TIMM_WEIGHTS, ALL_STAGES = "timm", "all"
"""Values of ``weights`` and ``frozen_stages`` that timm models alone have: timm's own weights, the whole model."""

NO_FILES = ("imagenet", "pretrained", EMBEDDED_WEIGHTS, TIMM_WEIGHTS)
"""Values of ``weights`` that are no file's path."""

OF_TIMM = {"image_size": None, "frozen_stages": []}
"""What a timm model has where nothing is said: its own image size, filled in when a job starts, and nothing frozen."""


def is_timm(model: dict[str, Any]) -> bool:
    """Whether the backbone is a model of the package timm."""
    return str(model.get("backbone")).startswith(TIMM_PREFIX)


def complete_model(settings: dict[str, Any]) -> dict[str, Any]:
    """All that the network needs: the schema's defaults where nothing is said, and nothing of other heads."""
    model = defaults("model") | (OF_TIMM if is_timm(settings) else {}) | settings
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
    (_check_timm if is_timm(model) else _check_residual)(model)
    if weights == "imagenet" and model["stride_in_1x1"]:
        raise InputError("model.stride_in_1x1 must be false with model.weights imagenet: they were trained in the 3x3")
    if weights == EMBEDDED_WEIGHTS and not cached:
        raise InputError(
            "model.weights: embedded is for data sets of source kind pooled, whose file says model.cached_views; write "
            "null, imagenet or a file's path"
        )
    whole = ALL_STAGES if is_timm(model) else NUM_STAGES
    if cached and frozen != whole:
        raise InputError(
            f"model.cached_views needs a backbone that does not change: set model.frozen_stages to {whole} "
            f"(it is {frozen}), or cached_views to null"
        )
    if cached and weights in (None, "pretrained"):
        known = TIMM_WEIGHTS if is_timm(model) else "imagenet"
        raise InputError(
            f"model.cached_views needs the same backbone for all seeds: set model.weights to {known} or the path "
            f"of a file (it is {weights or 'null'}), or cached_views to null"
        )


def _check_residual(model: dict[str, Any]) -> None:
    """What only timm models can have."""
    if not isinstance(model["frozen_stages"], int):
        raise InputError(
            f"model.frozen_stages is {model['frozen_stages']}, but {model['backbone']} counts its stages: write a "
            f"number from 0 to {NUM_STAGES}"
        )
    if model["image_size"] is None:
        raise InputError("model.image_size is null, which stands for a timm model's own size; write a number of pixels")
    if model["weights"] == TIMM_WEIGHTS:
        raise InputError(
            f"model.weights: timm has weights for timm:NAME, not for {model['backbone']}; write null, imagenet or a "
            "file's path"
        )


def _check_timm(model: dict[str, Any]) -> None:
    """What a timm model cannot have."""
    name, weights = model["backbone"], model["weights"]
    given = [key for key in ("stem", "width", "stride_in_1x1") if model[key] != defaults("model")[key]]
    if given:
        raise InputError(f"model.{given[0]} is of this program's own ResNets, and {name} is timm's: remove it")
    if isinstance(model["frozen_stages"], int):
        raise InputError(
            f"model.frozen_stages is {model['frozen_stages']}, but a timm model's parts have names: write "
            f"{ALL_STAGES}, [] for none, or those to freeze, such as [conv1, bn1, layer1]"
        )
    if weights in ("imagenet", "pretrained"):
        raise InputError(
            f"model.weights: {weights} has no weights for {name}; write {TIMM_WEIGHTS} (timm's own, downloaded), null "
            "or a file's path"
        )
