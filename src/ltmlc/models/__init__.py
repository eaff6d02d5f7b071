"""Networks: a residual backbone with a linear, graph (ML-GCN) or experts (BalPoE) head."""

from ltmlc.models.backbone import BACKBONES, Backbone
from ltmlc.models.build import build_model
from ltmlc.models.classifier import Classifier
from ltmlc.models.graph import label_graph
from ltmlc.models.weights import load_backbone_weights
from ltmlc.models.word_vectors import digit_word_vectors, load_word_vectors, name_word_vectors

__all__ = [
    "BACKBONES",
    "Backbone",
    "Classifier",
    "build_model",
    "digit_word_vectors",
    "label_graph",
    "load_backbone_weights",
    "load_word_vectors",
    "name_word_vectors",
]
