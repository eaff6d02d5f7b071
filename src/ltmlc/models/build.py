"""From the ``model`` part of a run's specification to a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ltmlc.models.backbone import Backbone
from ltmlc.models.classifier import Classifier
from ltmlc.models.experts import Experts
from ltmlc.models.from_timm import TimmBackbone, timm_backbone
from ltmlc.models.heads import graph_head, linear_head
from ltmlc.models.weights import load_backbone_weights
from ltmlc.plan.network import EMBEDDED_WEIGHTS, NUM_STAGES, checked_model, is_timm


def build_model(
    settings: dict[str, Any],
    num_classes: int,
    *,
    generator_seed: int,
    word_vectors: Tensor | None = None,
    adjacency: Tensor | None = None,
    planned: bool = False,
) -> Classifier:
    """Build a network on the CPU; the same settings and seed give the same initial weights.

    The backbone draws first: networks of one seed start from the same backbone, whatever their heads.
    The global random state is neither read nor changed.

    Args:
        settings: the ``model`` dictionary of a run; keys and defaults: ``workflow/schemas/model.schema.yaml``.
        num_classes: C.
        generator_seed: seed of the initial weights, and of dropout until ``model.seed_dropout`` is called.
        word_vectors: (C, d), for head ``graph``.
        adjacency: (C, C) from ``label_graph``, for head ``graph``.
        planned: the settings are complete and were checked before, as those of a planned run are.

    Returns:
        A module: images (B, 3, S, S) to logits (B, C); head ``experts`` gives (E, B, C) in training mode. With
        ``cached_views`` it takes the backbone's pooled features (B, D, 1, 1) in the place of images.

    Raises:
        InputError: an unknown key or bad value in ``settings``, or weights that do not load.
        ValueError: head ``graph`` without word vectors and adjacency of C rows.
    """
    model = settings if planned else checked_model(settings)
    if model["head"] == "graph":
        _check_graph(word_vectors, adjacency, num_classes)
    with _seeded(generator_seed):
        backbone = _build_backbone(model)
        if model["head"] == "experts":
            head = _build_experts(model, backbone, num_classes)
        elif model["head"] == "graph":
            head = graph_head(
                word_vectors,
                adjacency,
                backbone.out_channels,
                model["graph_features"],
                neck_features=model["graph_neck"],
                dropout=model["dropout"],
            )
        else:
            head = _build_linear(model, backbone.out_channels, num_classes)
    takes_features = model["cached_views"] is not None
    return Classifier(backbone, head, dropout_seed=generator_seed, takes_features=takes_features)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator for the layers' constructors, and put its state back."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)  # torch.manual_seed would also seed every GPU
        yield


def _build_backbone(model: dict[str, Any]) -> Backbone | TimmBackbone:
    if is_timm(model):
        return timm_backbone(model)
    keys = ("stem", "width", "frozen_stages", "norm_eval", "stride_in_1x1")
    backbone = Backbone(model["backbone"], **{key: model[key] for key in keys})
    if model["weights"] not in (None, EMBEDDED_WEIGHTS):
        load_backbone_weights(backbone, model["weights"])
    return backbone


def _build_linear(model: dict[str, Any], in_features: int, num_classes: int) -> nn.Module:
    return linear_head(in_features, num_classes, model["neck_features"], dropout=model["dropout"])


def _build_experts(model: dict[str, Any], backbone: Backbone | TimmBackbone, num_classes: int) -> Experts:
    """Each expert draws its own last stage (or loads it); the first one takes the shared backbone's.

    Where all stages are frozen there is nothing of its own in a last stage: the experts share it and differ in heads.
    """
    if model["frozen_stages"] == NUM_STAGES:
        stages: list[nn.Module] = [nn.Identity() for _ in range(model["num_experts"])]
    else:
        stages = [backbone.detach_last_stage()]
        stages += [_build_backbone(model).detach_last_stage() for _ in range(model["num_experts"] - 1)]
    return Experts(stages, [_build_linear(model, backbone.out_channels, num_classes) for _ in stages])


def _check_graph(word_vectors: Tensor | None, adjacency: Tensor | None, num_classes: int) -> None:
    if word_vectors is None or adjacency is None:
        raise ValueError('head "graph" needs word_vectors (load_word_vectors) and adjacency (label_graph)')
    if word_vectors.ndim != 2 or len(word_vectors) != num_classes or adjacency.shape != (num_classes, num_classes):
        raise ValueError(
            f"for {num_classes} classes word_vectors must be ({num_classes}, d) and adjacency "
            f"({num_classes}, {num_classes}); they are {tuple(word_vectors.shape)} and {tuple(adjacency.shape)}"
        )
