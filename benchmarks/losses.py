"""Time of forward and backward of every loss against torch's binary cross-entropy, and of DR against the released form.

    python benchmarks/losses.py [--threads 2] [--device cpu] [--repeats 15]

Prints a Markdown table a size. The losses take turns, so that a busy machine slows all of them alike; figures are
medians, and the ratio to binary_cross_entropy_with_logits is the median over the rounds of the ratio in one round.
"""

import argparse
import inspect
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ltmlc.losses import LOSSES, ClassStats
from ltmlc.losses.terms import hyper_parameters

SIZES = [(32, 80), (4096, 1000)]  # (M, C)
POSITIVE_SHARE = 0.03
BASELINE = "torch bce"


def released_dr(logits: Tensor, labels: Tensor, gamma1: float = 5.0, gamma2: float = 7.0) -> Tensor:
    """Eq. 8 the way the released code computes it, with products of exponentials (METHODS 1.3); overflows."""
    excluded = 1e12
    positive = torch.logsumexp(-gamma1 * (logits + (1 - labels) * excluded), 0)
    negative = torch.logsumexp(gamma1 * (logits - labels * excluded), 0)
    constraint = torch.logsumexp(gamma2 * (logits - labels * excluded), 0)
    return torch.log(1 + positive.exp() * negative.exp() + constraint.exp()).mean()


def candidates(num_classes: int) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """Everything to be timed, by name, as functions of (logits, labels)."""
    stats = ClassStats([1 + k for k in range(num_classes)], num_images=10 * num_classes)
    timed = {BASELINE: F.binary_cross_entropy_with_logits, "dr, released form": released_dr}
    for name, function in LOSSES.items():
        settings = {key: 7.0 for key, p in hyper_parameters(function).items() if p.default is p.empty}
        if "stats" in inspect.signature(function).parameters:
            settings["stats"] = stats
        timed[name] = lambda logits, labels, f=function, s=settings: f(logits, labels, **s)
    return timed


def seconds(loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, labels: Tensor, calls: int) -> float:
    """Time of one forward and backward, the mean over `calls`."""
    logits = logits.clone().requires_grad_()
    _wait(logits)
    start = time.perf_counter()
    for _ in range(calls):
        logits.grad = None
        loss(logits, labels).backward()
    _wait(logits)
    return (time.perf_counter() - start) / calls


def _wait(tensor: Tensor) -> None:
    if tensor.is_cuda:
        torch.cuda.synchronize()


def measure(rows: int, columns: int, device: str, repeats: int) -> dict[str, list[float]]:
    """Seconds of every candidate in each round, after one round that is not counted."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(rows, columns, generator=generator).to(device)
    labels = (torch.rand(rows, columns, generator=generator) < POSITIVE_SHARE).float().to(device)
    calls = 50 if rows * columns < 100_000 else 1
    timed = candidates(columns)
    times = {name: [] for name in timed}
    for round_ in range(repeats + 1):
        for name, loss in timed.items():
            inputs = logits.expand(3, -1, -1) if name == "balpoe" else logits
            taken = seconds(loss, inputs, labels, calls)
            if round_ > 0:
                times[name].append(taken)
    return times


def print_table(times: dict[str, list[float]]) -> None:
    """A Markdown table of the medians; ratios are taken within a round."""
    print("| loss | ms | against torch bce |\n|---|---|---|")
    for name, taken in times.items():
        ratio = statistics.median(t / b for t, b in zip(taken, times[BASELINE], strict=True))
        print(f"| {name} | {1000 * statistics.median(taken):.3g} | {ratio:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (default 2)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default cpu)")
    parser.add_argument("--repeats", type=int, default=15, help="rounds that count (default 15)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"torch {torch.__version__}, {arguments.device}, {arguments.threads} threads, float32, forward + backward")
    for rows, columns in SIZES:
        print(f"\n### {rows} x {columns}\n")
        print_table(measure(rows, columns, arguments.device, arguments.repeats))


if __name__ == "__main__":
    main()
