"""Feature maps to logits: neck and linear layer, or ML-GCN's classifier made from a label graph."""

from collections import OrderedDict
from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ltmlc.models.neck import PFC, GlobalMaxPool


def linear_head(in_features: int, num_classes: int, neck_features: int = 256, *, dropout: float = 0.5) -> nn.Module:
    """PFC neck and a linear layer with weights from N(0, 0.01) and bias 0 (METHODS.md 3.2)."""
    neck = PFC(in_features, neck_features, dropout=dropout)
    classifier = nn.Linear(neck_features, num_classes)
    nn.init.normal_(classifier.weight, std=0.01)
    nn.init.zeros_(classifier.bias)
    return nn.Sequential(OrderedDict(neck=neck, classifier=classifier))


def graph_head(
    word_vectors: Tensor,
    adjacency: Tensor,
    in_features: int,
    hidden_features: int = 1024,
    *,
    neck_features: int | None = None,
    dropout: float = 0.5,
) -> nn.Module:
    """ML-GCN: global max pooling, then the classifier made from the label graph (METHODS.md 1.15).

    With ``neck_features`` the linear head's neck stands in place of the pooling, as in the DB-loss code, whose graph
    head expects 512 features.
    """
    if neck_features is None:
        classifier = GraphClassifier(word_vectors, adjacency, in_features, hidden_features)
        return nn.Sequential(OrderedDict(pool=GlobalMaxPool(), classifier=classifier))
    neck = PFC(in_features, neck_features, dropout=dropout)
    classifier = GraphClassifier(word_vectors, adjacency, neck_features, hidden_features)
    return nn.Sequential(OrderedDict(neck=neck, classifier=classifier))


class GraphClassifier(nn.Module):
    """Two graph convolutions over word vectors give the weights of a linear classifier without bias.

    H = leaky_relu(A E W1, slope 0.2), W = A H W2, logits = features W^T
    (Chen et al., CVPR 2019; Megvii-Nanjing/ML-GCN, models.py). A and E are constants.

    Args:
        word_vectors: E, (C, d), one row a class.
        adjacency: A, (C, C), normalised: see ``label_graph``.
        in_features: length D of the features to classify.
        hidden_features: length of the rows of H.
    """

    def __init__(self, word_vectors: Tensor, adjacency: Tensor, in_features: int, hidden_features: int = 1024) -> None:
        super().__init__()
        self.register_buffer("word_vectors", word_vectors.detach().float().clone())
        self.register_buffer("adjacency", adjacency.detach().float().clone())
        self.weight1 = _graph_weight(word_vectors.shape[1], hidden_features)
        self.weight2 = _graph_weight(hidden_features, in_features)

    def forward(self, features: Tensor) -> Tensor:
        hidden = F.leaky_relu(self.adjacency @ (self.word_vectors @ self.weight1), 0.2)  # (C, hidden_features)
        classifier = self.adjacency @ (hidden @ self.weight2)  # (C, D)
        return features @ classifier.T  # (B, C)


def _graph_weight(in_features: int, out_features: int) -> nn.Parameter:
    bound = 1 / sqrt(out_features)
    return nn.Parameter(torch.empty(in_features, out_features).uniform_(-bound, bound))
