"""One training job: a specification, a data set and a seed in; metrics.json and predictions.npz out.

The recipe is the released code's (mmcv's EpochBasedRunner with the DR and DB configuration files), written as a plain loop.
Weights, order, augmentation and dropout draw from four separate streams derived from the seed, so two runs on the same data set with the same
sampler, batch size and seed see the same batches, and differ only in what they compare.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ltmlc.data.augment import draw_augmentation, training_batch
from ltmlc.data.pack import Pack
from ltmlc.data.sampler import ClassAwareSampler, UniformSampler
from ltmlc.losses import ClassStats, build_loss
from ltmlc.training.guard import Guard
from ltmlc.training.recipe import build_optimizer_and_schedule, clip_gradients
from ltmlc.training.seeds import derive_seed


@dataclass
class DeviceData:
    """The packed bytes and the labels on the device where the model is; where each image lies and its size on the host."""

    images: torch.Tensor  # flat uint8
    labels: torch.Tensor  # (N, C) float
    offsets: np.ndarray  # (N,) int64
    heights: np.ndarray  # (N,)
    widths: np.ndarray  # (N,)
    num_train: int

    @classmethod
    def from_pack(cls, pack: Pack, device: torch.device, dtype: torch.dtype) -> "DeviceData":
        labels = torch.as_tensor(np.asarray(pack.labels), device=device).to(dtype)
        images = torch.from_numpy(pack.images).to(device)  # on the CPU: the mapped file itself
        return cls(images, labels, pack.offsets, pack.heights, pack.widths, pack.num_train)


class Trainer:
    """The state of a run between two iterations, all that a checkpoint has to hold, and the step from one to the next."""

    def __init__(
        self, spec: dict[str, Any], data: DeviceData, model: nn.Module, *, seed: int, device: torch.device
    ) -> None:
        self.spec, self.data, self.model, self.seed, self.device = spec, data, model, seed, device
        labels = data.labels[: data.num_train]
        recipe = spec["recipe"]
        self.sampler = _sampler(spec["sampler"], labels.cpu().numpy().astype(np.uint8), seed)
        self.iterations_per_epoch = _iterations_per_epoch(self.sampler, spec["batch_size"])
        stats = ClassStats(counts=labels.sum(0).int().tolist(), num_images=len(labels))
        self.loss = build_loss(spec["loss"], stats)
        self.optimizer, self.scheduler = build_optimizer_and_schedule(
            model.parameter_groups(recipe["backbone_lr_factor"]),
            lr=recipe["lr"],
            epochs=recipe["epochs"],
            steps=recipe["steps"],
            iterations_per_epoch=self.iterations_per_epoch,
            warmup_iterations=recipe["warmup_iterations"],
            warmup_ratio=recipe["warmup_ratio"],
            step_factor=recipe["step_factor"],
            momentum=recipe["momentum"],
            weight_decay=recipe["weight_decay"],
        )
        self.guard = Guard(device)
        self.iteration = 0  # over the whole run
        self.order: list[int] = []  # of this epoch
        self.epoch_loss = torch.zeros((), dtype=torch.float64, device=device)
        self.history: list[dict[str, float]] = []
        self.epoch_seconds = 0.0

    @property
    def epoch(self) -> int:
        return self.iteration // self.iterations_per_epoch

    @property
    def total_iterations(self) -> int:
        return self.iterations_per_epoch * self.spec["recipe"]["epochs"]

    def step(self) -> None:
        """One iteration. Raises DivergedError where the loss or the gradient is not finite."""
        started = time.perf_counter()
        position = self.iteration % self.iterations_per_epoch
        if position == 0:
            self._begin_epoch()
        size = self.spec["batch_size"]
        indices = self.order[position * size : (position + 1) * size]
        images, labels = self._batch(indices)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.spec["precision"] == "bf16"):
            logits = self.model(images)  # (M, C), or (E, M, C) of experts
        loss = self.loss(logits, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = clip_gradients(self.model.parameters(), self.spec["recipe"]["clip_norm"])
        self.guard.watch(loss.detach(), norm, logits.detach(), iteration=self.iteration, indices=indices)
        self.optimizer.step()
        self.scheduler.step()
        self.epoch_loss += loss.detach()
        self.iteration += 1
        self.epoch_seconds += time.perf_counter() - started
        if position + 1 == self.iterations_per_epoch:
            self._end_epoch(started)

    def _batch(self, indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented images (M, 3, S, S) and labels (M, C); the draws depend on the seed and the iteration alone."""
        rng = np.random.default_rng([derive_seed(self.seed, "augmentation"), self.iteration])
        data, settings = self.data, self.spec["augmentation"]
        place = [values[indices] for values in (data.offsets, data.heights, data.widths)]
        augmentation = draw_augmentation(rng, *place[1:], settings)
        size = self.spec["model"]["image_size"]
        images = training_batch(data.images, *place, augmentation, image_size=size, settings=settings)
        chosen = torch.as_tensor(indices).to(data.labels.device, non_blocking=True)
        return images.to(data.labels.dtype), data.labels[chosen]

    def _begin_epoch(self) -> None:
        self.model.train()
        self.order = list(self.sampler)
        missing = self.iterations_per_epoch * self.spec["batch_size"] - len(self.order)
        self.order += self.order[: max(missing, 0)]
        self.epoch_loss.zero_()
        self.epoch_seconds = 0.0

    def _end_epoch(self, started: float) -> None:
        self.guard.check()
        loss = self.epoch_loss.item() / self.iterations_per_epoch  # waits for the device, so the time below is complete
        self.epoch_seconds += time.perf_counter() - started
        seen = self.iterations_per_epoch * self.spec["batch_size"]
        self.history.append(
            {
                "epoch": self.epoch,
                "loss": loss,
                "lr": max(group["lr"] for group in self.optimizer.param_groups),
                "images_per_second": seen / self.epoch_seconds,
            }
        )

    def state_dict(self) -> dict[str, Any]:
        """Everything the rest of the run depends on. Augmentation needs nothing: it depends on seed and iteration."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "sampler": self.sampler.state_dict(),
            "dropout": self.model.dropout_state(),
            "iteration": self.iteration,
            "order": self.order,
            "epoch_loss": self.epoch_loss,
            "epoch_seconds": self.epoch_seconds,
            "history": self.history,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.sampler.load_state_dict(state["sampler"])
        self.model.load_dropout_state(state["dropout"])
        self.iteration, self.order = state["iteration"], state["order"]
        self.epoch_loss.copy_(state["epoch_loss"])
        self.epoch_seconds, self.history = state["epoch_seconds"], state["history"]
        self.model.train()


def _sampler(settings: dict[str, Any], labels: np.ndarray, seed: int) -> ClassAwareSampler | UniformSampler:
    # The order's seed is the run's own: for seed 0 it is the released sampler's order.
    if settings["name"] == "uniform":
        return UniformSampler(len(labels), seed=seed)
    return ClassAwareSampler(labels, per_class=settings["per_class"], reduce=settings["reduce"], seed=seed)


def _iterations_per_epoch(sampler: ClassAwareSampler | UniformSampler, batch_size: int) -> int:
    """The class-aware sampler drops an incomplete last batch; the uniform one fills it up, so that every image is seen."""
    whole, rest = divmod(len(sampler), batch_size)
    return max(whole + (isinstance(sampler, UniformSampler) and rest > 0), 1)
