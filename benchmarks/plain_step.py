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
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for pair in range(pairs + 2):
        order = list(ways) if pair % 2 else list(reversed(ways))
        for name in order:
            started = time.perf_counter(), time.process_time()
            ways[name]()
            seconds[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return table(spec, {name: values[2:] for name, values in seconds.items()})


def table(spec: dict, seconds: dict[str, list[tuple[float, float]]]) -> str:
    least = floor(spec)
    work = spec["batch_size"] * (least["frozen GFLOP"] + least["trained GFLOP"])
    lines = ["| the step alone | torchvision, ms | ours, ms | ratio of a pair (quartiles) | floor, ms | ours / floor |"]
    lines.append("|---|---|---|---|---|---|")
    for kind, clock in enumerate(("by the clock", "of the processor")):
        plain, ours, product = ([both[kind] for both in seconds[name]] for name in ("plain", "ours", "product"))
        low, middle, high = quantiles([theirs / own for theirs, own in zip(plain, ours, strict=True)], n=4)
        least_seconds = work * 1e9 / (2 * PRODUCT**3) * median(product)
        lines.append(
            f"| {clock} | {1000 * median(plain):.0f} | {1000 * median(ours):.0f} "
            f"| **{middle:.2f}** ({low:.2f} to {high:.2f}) "
            f"| {1000 * least_seconds:.0f} | {median(ours) / least_seconds:.2f} |"
        )
    lines.append(
        f"\nMedians of {len(seconds['ours'])} pairs. Floor: {work:.0f} GFLOP at the speed that a product of "
        f"{PRODUCT} x {PRODUCT} matrices has in the same run."
    )
    return "\n".join(lines)
