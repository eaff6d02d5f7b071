"""Our training step and a plain torchvision one in turn, on the same batch, with the same threads; and a product.

A pair is one step of each, beside each other in time, so that what else the machine does falls on both. The plain step
is what one would write with torchvision: its ResNet, batch norm in evaluation mode, the first stage frozen, the same
precision, memory order, loss, clipping and SGD of torch, one linear layer as its head.
"""

import time
from collections.abc import Callable
from statistics import median, quantiles

import torch
import torchvision
from floor import floor
from torch import Tensor, nn

from ltmlc.losses import build_loss
from ltmlc.models import build_model
from ltmlc.training.loop import Trainer

PRODUCT = 4096


def plain_step(spec: dict, images: Tensor, labels: Tensor, *, classes: int) -> Callable[[], None]:
    network = getattr(torchvision.models, spec["model"]["backbone"])(num_classes=classes)
    network = network.to(images.device, memory_format=torch.channels_last).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    for module in (network.conv1, network.bn1, network.layer1):
        module.requires_grad_(False)
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=1e-6, momentum=0.9, weight_decay=1e-4)
    loss_of = build_loss(spec["loss"])

    def step() -> None:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=spec["precision"] == "bf16"):
            logits = network(images)
        loss = loss_of(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, spec["recipe"]["clip_norm"])
        optimizer.step()
        loss.item()  # ours looks at the loss, too

    return step


class OneBatch(Trainer):
    """A trainer that is given its batch."""

    given: tuple[Tensor, Tensor]

    def batch(self, iteration: int) -> tuple[Tensor, Tensor]:
        return self.given


def measure(spec: dict, data: object, device: torch.device, *, classes: int, pairs: int) -> str:
    """A Markdown table of ``pairs`` measured pairs, after two that are not counted; medians."""
    size, count = spec["model"]["image_size"], spec["batch_size"]
    draw = torch.Generator().manual_seed(0)
    images = torch.randn(count, 3, size, size, generator=draw).to(device, memory_format=torch.channels_last)
    labels = (torch.rand(count, classes, generator=draw) < 0.1).to(device)
    model = build_model(spec["model"], classes, generator_seed=0).to(device, memory_format=torch.channels_last)
    slow = {**spec, "recipe": {**spec["recipe"], "lr": 1e-6}}  # noise teaches nothing: no weight may overflow
    trainer = OneBatch(slow, data, model, seed=0)
    trainer.given = images, labels
    dtype = torch.bfloat16 if spec["precision"] == "bf16" else torch.float32
    left, right = (torch.randn(PRODUCT, PRODUCT, device=device, dtype=dtype) for _ in range(2))
    ways = {
        "plain": plain_step(spec, images, labels, classes=classes),
        "ours": lambda: (trainer.step(), trainer.check()),
        "product": lambda: (left @ right)[0, 0].item(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for pair in range(pairs + 2):
        order = list(ways) if pair % 2 else list(reversed(ways))
        for name in order:
            started = time.perf_counter()
            ways[name]()
            seconds[name].append(time.perf_counter() - started)
    return table(spec, {name: values[2:] for name, values in seconds.items()})


def table(spec: dict, seconds: dict[str, list[float]]) -> str:
    ratios = [plain / ours for plain, ours in zip(seconds["plain"], seconds["ours"], strict=True)]
    low, middle, high = quantiles(ratios, n=4)
    plain, ours, product = (median(seconds[name]) for name in ("plain", "ours", "product"))
    least = floor(spec)
    work = spec["batch_size"] * (least["frozen GFLOP"] + least["trained GFLOP"])
    rate = 2 * PRODUCT**3 / 1e9 / product
    return "\n".join([
        f"The step alone, {len(ratios)} pairs: torchvision's {1000 * plain:.0f} ms, ours {1000 * ours:.0f} ms "
        f"({spec['batch_size'] / ours:.1f} images/s); **ratio {middle:.2f}** "
        f"(quartiles {low:.2f} to {high:.2f}, median of pairs).",
        f"Floor: {work:.0f} GFLOP a step, at the {rate:.0f} GFLOP/s of a product of {PRODUCT} x {PRODUCT} matrices in "
        f"the same run {1000 * work / rate:.0f} ms: ours takes {ours * rate / work:.2f} times that.",
    ])  # fmt: skip
