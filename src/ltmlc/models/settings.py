"""The ``model`` part of a run's specification: its keys, defaults and checks."""

from dataclasses import dataclass, fields
from typing import Any

from ltmlc.errors import InputError
from ltmlc.models.backbone import BACKBONES, NUM_STAGES, STEMS

BACKBONE_KEYS = ("backbone", "image_size", "frozen_stages", "norm_eval", "stride_in_1x1", "stem", "width")
"""What a backbone is, but for its weights; the other keys are the head's."""

HEADS = ("linear", "graph", "experts")


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What ``build_model`` needs; the defaults are the network of the paper (METHODS.md 3.2).

    Attributes:
        backbone: a name in ``BACKBONES``.
        head: ``linear`` (neck and linear layer), ``graph`` (ML-GCN) or ``experts`` (BalPoE).
        image_size: side of the square input, pixels.
        frozen_stages: 0 trains everything; k freezes the stem and the first k of the four stages.
        cached_views: null, or K with all four stages frozen: what the fixed backbone makes of K augmented versions of
            every training image is computed once (``ltmlc features``), and the head trains on that.
        norm_eval: the backbone's batch-norm layers always use their running statistics and never update them.
        weights: null (random), ``imagenet`` (torchvision's V1 weights) or the path of a file of backbone weights.
        stride_in_1x1: a stage's stride sits in the 1x1 convolution of its first bottleneck (He et al.'s original
            weights), not in the 3x3 (torchvision's).
        stem: ``imagenet`` (7x7 stride 2, max pooling), ``stride2`` (3x3 stride 2) or ``small`` (3x3 stride 1);
            null takes the backbone's own.
        width: channels of the first stage, doubled in each later one; null takes the backbone's own.
        neck_features: width of the neck between pooled features and the linear layer.
        dropout: probability in the neck.
        num_experts: for ``experts``.
        graph_features: width between the two graph convolutions of ``graph``.
        graph_neck: of ``graph``: null pools the maxima, as ML-GCN does; a width puts the linear head's neck there.
        adjacency_threshold, adjacency_weight, word_vectors, word_vector_order: of ``graph``; used by the caller, who
            passes adjacency and vectors in.
    """

    backbone: str = "resnet50"
    head: str = "linear"
    image_size: int = 224
    frozen_stages: int = 1
    cached_views: int | None = None
    norm_eval: bool = True
    weights: str | None = None
    stride_in_1x1: bool = False
    stem: str | None = None
    width: int | None = None
    neck_features: int = 256
    dropout: float = 0.5
    num_experts: int = 3
    graph_features: int = 1024
    graph_neck: int | None = None
    adjacency_threshold: float = 0.4
    adjacency_weight: float = 0.25
    word_vectors: str | None = None
    word_vector_order: str = "classes"

    def __post_init__(self) -> None:
        _one_of("backbone", self.backbone, tuple(BACKBONES))
        _one_of("head", self.head, HEADS)
        if self.stem is not None:
            _one_of("stem", self.stem, tuple(STEMS))
        for key in ("image_size", "neck_features", "num_experts", "graph_features"):
            _integer(key, getattr(self, key), minimum=1)
        for key in ("width", "graph_neck"):
            if getattr(self, key) is not None:
                _integer(key, getattr(self, key), minimum=1)
        _integer("frozen_stages", self.frozen_stages, minimum=0, maximum=NUM_STAGES)
        if self.cached_views is not None:
            self._check_cached_views()
        for key in ("norm_eval", "stride_in_1x1"):
            if not isinstance(getattr(self, key), bool):
                raise InputError(f"model.{key} is {getattr(self, key)!r}; write true or false")
        if isinstance(self.dropout, bool) or not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise InputError(f"model.dropout is {self.dropout!r}; write a probability from 0 to below 1")
        if not (self.weights is None or (isinstance(self.weights, str) and self.weights)):
            raise InputError(f'model.weights is {self.weights!r}; write null, "imagenet" or the path of a file')

    def _check_cached_views(self) -> None:
        _integer("cached_views", self.cached_views, minimum=1)
        if self.frozen_stages < NUM_STAGES:
            raise InputError(
                f"model.cached_views needs a backbone that does not change: set model.frozen_stages to {NUM_STAGES} "
                f"(it is {self.frozen_stages}), or cached_views to null"
            )
        if self.weights in (None, "pretrained"):
            raise InputError(
                "model.cached_views needs the same backbone for all seeds: set model.weights to imagenet or the path "
                f"of a file (it is {self.weights or 'null'}), or cached_views to null"
            )


def read_settings(settings: dict[str, Any]) -> ModelSettings:
    """Check the ``model`` part of a specification; keys left out take their defaults.

    Raises:
        InputError: an unknown key or a value out of range; names the key and what is valid.
    """
    valid = [field.name for field in fields(ModelSettings)]
    unknown = sorted(set(settings) - set(valid))
    if unknown:
        raise InputError(f"model.{unknown[0]} is not a known key; valid are {', '.join(valid)}")
    return ModelSettings(**settings)


def _one_of(key: str, value: Any, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise InputError(f"model.{key} is {value!r}; choose one of {', '.join(valid)}")


def _integer(key: str, value: Any, *, minimum: int, maximum: int | None = None) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= minimum
    if not good or (maximum is not None and value > maximum):
        limits = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise InputError(f"model.{key} is {value!r}; write a whole number {limits}")
