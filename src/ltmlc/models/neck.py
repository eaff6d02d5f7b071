"""Between feature map and head: pooling, the PFC neck, and dropout that draws from a generator of its own."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """``nn.Dropout`` with its own ``torch.Generator``, so that the draws of a run can be saved, restored and repeated.

    The generator must live on the features' device (``Classifier`` sees to that). A CUDA graph must be told of it
    before the capture (``torch.cuda.CUDAGraph.register_generator_state``), so that each replay draws anew. Under
    ``torch.compile`` the generator breaks the graph here.
    """

    def __init__(self, probability: float = 0.5) -> None:
        super().__init__()
        self.probability = probability
        self.generator = torch.Generator()

    def forward(self, features: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return features
        keep = 1 - self.probability
        draws = torch.rand(features.shape, generator=self.generator, device=features.device)
        return features * ((draws < keep) / keep)


class PFC(nn.Module):
    """Pooled, fully connected neck: average pool, linear, batch norm, dropout; no ReLU (METHODS.md 3.2).

    The linear layer starts from Kaiming's normal distribution, fan out: standard deviation sqrt(2 / out_features).
    """

    def __init__(self, in_features: int, out_features: int = 256, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.fc = nn.Linear(in_features, out_features)
        nn.init.kaiming_normal_(self.fc.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.fc.bias)
        self.norm = nn.BatchNorm1d(out_features)
        self.dropout = Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        # Cached features are pooled: of 1 x 1 maps nothing is left to be read and written.
        pooled = features.flatten(1) if features.shape[2:] == (1, 1) else features.mean((2, 3))  # (B, in_features)
        return self.dropout(self.norm(self.fc(pooled)))  # (B, out_features)


class GlobalMaxPool(nn.Module):
    """Feature maps (B, D, h, w) to their maxima (B, D): the pooling of ML-GCN."""

    def forward(self, features: Tensor) -> Tensor:
        return features.amax(dim=(2, 3))
