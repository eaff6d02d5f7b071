"""Backbone and head as one multi-label classifier, with what a trainer asks of it."""

from typing import Any

import torch
from torch import Tensor, nn

from ltmlc.models.experts import Experts
from ltmlc.models.neck import Dropout


class Classifier(nn.Module):
    """Images (B, 3, S, S) to logits (B, C); with ``Experts`` as head (E, B, C) in training mode.

    All its dropout layers draw from one generator, which lives on the model's device: moving the model to another
    device starts the stream of its seed again.

    Args:
        backbone: images to feature maps (B, D, h, w).
        head: feature maps to logits.
        dropout_seed: where the dropout stream starts; see ``seed_dropout``.
        takes_features: the input is what the backbone would make of images, pooled: (B, D, 1, 1).
    """

    def __init__(
        self, backbone: nn.Module, head: nn.Module, *, dropout_seed: int = 0, takes_features: bool = False
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.takes_features = takes_features
        self.seed_dropout(dropout_seed)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(inputs if self.takes_features else self.backbone(inputs))

    def predict(self, inputs: Tensor) -> Tensor:
        """Logits (B, C) in evaluation mode and without autograd; the mode is put back afterwards."""
        training = self.training
        self.eval()
        try:
            with torch.no_grad():
                return self(inputs)
        finally:
            self.train(training)

    def parameter_groups(self, backbone_lr_factor: float = 1.0) -> list[dict[str, Any]]:
        """Trained parameters for ``build_optimizer_and_schedule``: ``{"params": [...], "lr_factor": ...}``.

        The backbone (the experts' stages are part of it) learns at its own factor of the rate. Frozen parameters are
        left out. With factor 1 there is a single group: fewer kernel launches a step.
        """
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        if backbone_lr_factor == 1:
            return [{"params": trained, "lr_factor": 1.0}]
        stages = [self.head.stages] if isinstance(self.head, Experts) else []
        lower = {id(parameter) for module in (self.backbone, *stages) for parameter in module.parameters()}
        groups = [
            {"params": [p for p in trained if id(p) in lower], "lr_factor": backbone_lr_factor},
            {"params": [p for p in trained if id(p) not in lower], "lr_factor": 1.0},
        ]
        return [group for group in groups if group["params"]]

    def seed_dropout(self, seed: int) -> None:
        """Start the dropout stream anew, on the model's device."""
        # For CUDA graphs: register dropout_generator with CUDAGraph.register_generator_state before the capture.
        self.dropout_generator = torch.Generator(next(self.parameters()).device).manual_seed(seed)
        for module in self.modules():
            if isinstance(module, Dropout):
                module.generator = self.dropout_generator

    def dropout_state(self) -> Tensor:
        """Where the dropout stream stands: a byte tensor for ``load_dropout_state``, of the same kind of device."""
        return self.dropout_generator.get_state()

    def load_dropout_state(self, state: Tensor) -> None:
        self.dropout_generator.set_state(state.cpu())

    def _apply(self, *args: Any, **kwargs: Any) -> "Classifier":
        super()._apply(*args, **kwargs)  # what to(), cuda(), double() go through
        if self.dropout_generator.device != next(self.parameters()).device:
            self.seed_dropout(self.dropout_generator.initial_seed())
        return self
