"""The training loop: the state of a run between two iterations, and the step from one to the next.

The recipe is the released code's (mmcv's EpochBasedRunner with the DR and DB configuration files; METHODS.md 3.1-3.3),
written as a plain loop. Initial weights, order, augmentation and dropout draw from four streams derived from the seed,
so two runs on the same data set with the same sampler, batch size and seed see the same batches, and differ only in
what they compare.
"""

import time
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltmlc.data.sampler import ClassAwareSampler, UniformSampler
from ltmlc.disk.own_code import import_losses
from ltmlc.errors import InputError
from ltmlc.losses import ClassStats
from ltmlc.losses.terms import SumOfTerms
from ltmlc.losses.trial import try_loss
from ltmlc.models import Classifier
from ltmlc.training.batches import DeviceData
from ltmlc.training.features import FeatureData
from ltmlc.training.guard import DivergedError, Guard, classes_to_blame, describe
from ltmlc.training.recipe import build_optimizer_and_schedule, clip_gradients
from ltmlc.training.seeds import derive_seed

NOT_OF_THE_OPTIMIZER = ("name", "backbone_lr_factor", "clip_norm")
"""Keys of a recipe that are used elsewhere."""


class Trainer:
    """All that a checkpoint has to hold, and ``step``. Nothing in a step waits for the device.

    Args:
        spec: the run's specification.
        data: on the device that trains.
        model: on the same device, in the dtype that it trains in.
        seed: of the run.
    """

    def __init__(self, spec: dict[str, Any], data: DeviceData | FeatureData, model: Classifier, *, seed: int) -> None:
        self.spec, self.data, self.model, self.seed = spec, data, model, seed
        labels = data.labels[: data.num_train].cpu().numpy()
        recipe = spec["recipe"]
        self.sampler = make_sampler(spec["sampler"], labels, seed=seed)
        self.iterations_per_epoch = iterations_per_epoch(self.sampler, spec["batch_size"])
        self.loss = run_loss(spec, ClassStats(counts=labels.sum(0).tolist(), num_images=len(labels)))
        schedule = {key: value for key, value in recipe.items() if key not in NOT_OF_THE_OPTIMIZER}
        self.optimizer, self.scheduler = build_optimizer_and_schedule(
            model.parameter_groups(recipe["backbone_lr_factor"]),
            iterations_per_epoch=self.iterations_per_epoch,
            **schedule,
        )
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._dtype = self._parameters[0].dtype
        self._augmentation_seed = derive_seed(seed, "augmentation")
        self._guard = Guard(data.device)
        self.iteration = 0  # over the whole run
        self._set_order([])
        self.losses = torch.zeros(self.total_iterations, dtype=torch.float64, device=data.device)
        self.rates: list[float] = []  # the highest of each iteration so far, beside its loss
        self.epoch_seconds = 0.0
        self.history: list[dict[str, float]] = []

    @property
    def epoch(self) -> int:
        """0-based epoch of the next iteration."""
        return self.iteration // self.iterations_per_epoch

    @property
    def total_iterations(self) -> int:
        return self.iterations_per_epoch * self.spec["recipe"]["epochs"]

    def step(self) -> None:
        """One iteration. Raises DivergedError where the loss or the gradient is not finite."""
        started = time.perf_counter()
        if self.iteration % self.iterations_per_epoch == 0:
            self._begin_epoch()
        inputs, labels = self.batch(self.iteration)
        with torch.autocast(self.data.device.type, torch.bfloat16, enabled=self.spec["precision"] == "bf16"):
            logits = self.model(inputs)  # (M, C), or (E, M, C) of experts
        loss = self.loss(logits, labels)
        for parameter in self._parameters:
            parameter.grad = None
        loss.backward()
        norm = clip_gradients(self._parameters, self.spec["recipe"]["clip_norm"])
        if self._guard.watch(self.iteration, loss, norm, logits):
            self.check()
        self.rates.append(max(float(group["lr"]) for group in self.optimizer.param_groups))
        self.optimizer.step()
        self.scheduler.step()
        self.losses[self.iteration] = loss.detach()
        self.iteration += 1
        self.epoch_seconds += time.perf_counter() - started
        if self.iteration % self.iterations_per_epoch == 0:
            self._end_epoch()

    def batch(self, iteration: int) -> tuple[Tensor, Tensor]:
        """Augmented images (M, 3, S, S) or features (M, D, 1, 1), and labels (M, C) bool of an iteration of this epoch.

        The draws depend on the seed and the iteration alone.
        """
        rng = np.random.default_rng([self._augmentation_seed, iteration])
        inputs = self.data.training_inputs(self._indices(iteration), rng, self.spec)
        return inputs.to(self._dtype), self.data.labels[self._device_order[self._positions(iteration)]]

    def check(self) -> None:
        """Look at the iterations since the last look; waits for the device. Raises DivergedError."""
        bad = self._guard.first_bad()
        if bad is None:
            return
        images = self._indices(bad.iteration)  # a look ends every epoch, so it is one of this epoch's
        classes = classes_to_blame(bad.logits, self.data.labels[images], self.loss)
        raise DivergedError(describe(bad), iteration=bad.iteration, images=images, classes=classes)

    def _positions(self, iteration: int) -> slice:
        size, position = self.spec["batch_size"], iteration % self.iterations_per_epoch
        return slice(position * size, (position + 1) * size)

    def _indices(self, iteration: int) -> list[int]:
        return self.order[self._positions(iteration)]

    def _set_order(self, order: list[int]) -> None:
        """This epoch's images, on the host and, in one copy an epoch, on the device."""
        self.order = order
        self._device_order = torch.tensor(order, dtype=torch.int64).to(self.data.device)

    def _begin_epoch(self) -> None:
        self.model.train()
        # An epoch shorter than its batches is filled up with its own first images.
        self._set_order(list(islice(cycle(self.sampler), self.iterations_per_epoch * self.spec["batch_size"])))
        self.epoch_seconds = 0.0

    def _end_epoch(self) -> None:
        started = time.perf_counter()
        self.check()
        of_epoch = self.losses[self.iteration - self.iterations_per_epoch : self.iteration]
        loss = of_epoch.mean().item()  # waits for the device, so the time is complete
        self.epoch_seconds += time.perf_counter() - started
        seen = self.iterations_per_epoch * self.spec["batch_size"]
        self.history.append(
            {"epoch": self.epoch, "loss": loss, "lr": self.rates[-1], "images_per_second": seen / self.epoch_seconds}
        )

    def state_dict(self) -> dict[str, Any]:
        """Everything the rest of the run depends on. Augmentation needs nothing: it depends on seed and iteration.

        The sampler draws a whole epoch at once, so its state is that between this epoch and the next; ``order`` is the
        rest of this one. Raises DivergedError rather than handing out a state that is not finite.
        """
        self.check()
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "sampler": self.sampler.state_dict(),
            "dropout": self.model.dropout_state(),
            "iteration": self.iteration,
            "order": self.order,
            "losses": self.losses,
            "rates": self.rates,
            "epoch_seconds": self.epoch_seconds,
            "history": self.history,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.sampler.load_state_dict(state["sampler"])
        self.model.load_dropout_state(state["dropout"])
        self.iteration = state["iteration"]
        self._set_order(state["order"])
        self.losses.copy_(state["losses"])
        self.rates = state["rates"]
        self.epoch_seconds, self.history = state["epoch_seconds"], state["history"]
        self.model.train()


def run_loss(spec: dict[str, Any], stats: ClassStats, *, where: str = "the row in config/tables") -> SumOfTerms:
    """The loss of a run, tried on two images (:mod:`ltmlc.losses.trial`); of one's own the file runs here.

    Raises:
        InputError: what the loss says of its parameters, or of the shape of the head's logits.
    """
    model = spec["model"]
    import_losses(term["name"] for term in spec["loss"])
    try:
        return try_loss(spec["loss"], stats, experts=model["num_experts"] if model["head"] == "experts" else None)
    except ValueError as error:
        raise InputError(f"{where}: run.loss: {error} (head {model['head']})") from None


def make_sampler(settings: dict[str, Any], labels: np.ndarray, *, seed: int) -> ClassAwareSampler | UniformSampler:
    """The order of training images with labels (N, C); for seed 0 class-aware sampling is the released code's order."""
    order_seed = derive_seed(seed, "order")
    if settings["name"] == "uniform":
        return UniformSampler(len(labels), seed=order_seed)
    return ClassAwareSampler(labels, per_class=settings["per_class"], reduce=settings["reduce"], seed=order_seed)


def iterations_per_epoch(sampler: ClassAwareSampler | UniformSampler, batch_size: int) -> int:
    """The class-aware sampler drops an incomplete last batch (METHODS.md 2); the uniform one fills it up."""
    whole, rest = divmod(len(sampler), batch_size)
    return max(whole + (isinstance(sampler, UniformSampler) and rest > 0), 1)
