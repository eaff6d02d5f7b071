"""What a run costs on a GPU by arithmetic, for as long as none has been measured: operations, time, memory.

Assumptions, each of them rough (the time may be off by a factor of two or three, either way):

* A multiply-add is two operations. ResNet-50 has 4.1 billion multiply-adds an image of 224 px; they grow with the
  square of the side and of the width. Backward is twice forward, and only in stages that are trained: with the stem and
  the first stage fixed, an image costs 21 billion operations (benchmarks/trainer.py counts the same).
* A run shows the network epochs x iterations x batch images. Before the split exists, the largest class is taken to
  have ``subset.maximum`` images. Evaluation, a few percent, is left out.
* A GPU keeps up ``GPU_OPERATIONS`` operations a second: in TF32 an eighth of an A100's data-sheet peak (156 TFLOP/s),
  for memory traffic, not arithmetic, is what a residual network waits for. ``START_SECONDS`` are spent on each run
  beside that.
* Memory: the outputs of trained convolutions, twice (before and behind batch norm), in float32; weights, gradients and
  momentum; ``CONTEXT_BYTES`` for CUDA. The images on the GPU come on top, where there is room for them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ltmlc.data.longtail import pareto_sizes

GPU_OPERATIONS = {"tf32": 20e12, "bf16": 40e12, "float32": 10e12, "float64": 5e12}
"""Operations a second that one GPU keeps up, by precision."""
START_SECONDS = 15
CONTEXT_BYTES = 1 << 30
CLASS_COUNTS = {"voc": 20, "coco": 80}
"""Of the sources that are not read before they are downloaded."""


class Network(NamedTuple):
    """One image of ``side`` px at the architecture's own width: stem, then the four stages."""

    side: int
    width: int
    multiply_adds: tuple[float, ...]  # 1e9
    outputs: tuple[float, ...]  # of the convolutions, 1e6
    parameters: float  # 1e6


NETWORKS = {
    "resnet50": Network(224, 64, (0.118, 0.668, 1.028, 1.464, 0.809), (0.803, 4.415, 3.111, 2.158, 0.627), 23.5),
    "resnet18": Network(224, 64, (0.118, 0.462, 0.411, 0.411, 0.411), (0.803, 0.803, 0.502, 0.251, 0.125), 11.2),
    "resnet10": Network(224, 64, (0.118, 0.231, 0.180, 0.180, 0.180), (0.803, 0.401, 0.301, 0.151, 0.075), 4.9),
    "small": Network(32, 24, (0.0002, 0.0027, 0.0021, 0.0021, 0.0021), (0.006, 0.012, 0.009, 0.005, 0.002), 0.7),
}
"""Counted with hooks on the networks themselves; a test counts them again."""


def operations(model: Mapping[str, Any]) -> float:
    """Floating-point operations of one training image; 0 where the fixed backbone is computed once for all runs."""
    if model.get("cached_views"):
        return 0.0
    fixed, stages = _stages(model, "multiply_adds")
    return 2e9 * (sum(stages) + 2 * sum(stages[fixed:]))


def seconds(spec: Mapping[str, Any], images: int) -> float:
    """Time of one run that sees ``images`` training images, alone on one GPU."""
    return START_SECONDS + images * operations(spec["model"]) / GPU_OPERATIONS[spec["precision"]]


def memory(spec: Mapping[str, Any]) -> int:
    """Bytes that one training takes of a GPU, beside the images that are kept there."""
    model, network = spec["model"], NETWORKS[spec["model"].get("backbone", "resnet50")]
    fixed, outputs = _stages(model, "outputs")
    kept = 0 if model.get("cached_views") else 2 * 4e6 * sum(outputs[fixed:])
    parameters = network.parameters * (_width(model, network) / network.width) ** 2
    return int(CONTEXT_BYTES + spec["batch_size"] * kept + 3 * 4e6 * parameters)


def _stages(model: Mapping[str, Any], what: str) -> tuple[int, list[float]]:
    """How many parts from the stem on are fixed, and each part's size at the model's image size and width."""
    network, experts = NETWORKS[model.get("backbone", "resnet50")], model.get("num_experts", 1)
    power = 2 if what == "multiply_adds" else 1
    wider = (_width(model, network) / network.width) ** power
    parts = [part * wider * (model["image_size"] / network.side) ** 2 for part in getattr(network, what)]
    frozen = model.get("frozen_stages", 1)
    if model.get("head") == "experts" and frozen < len(parts) - 1:
        parts[-1] *= experts  # each has a last stage of its own
    return (frozen + 1 if frozen else 0), parts


def _width(model: Mapping[str, Any], network: Network) -> int:
    return model.get("width") or network.width


def expected_counts(settings: Mapping[str, Any]) -> tuple[list[int], int] | None:
    """Class counts and training images of a data set whose split does not exist yet; None where nothing says it.

    The construction's target sizes stand for the class counts. An image has two classes or three, so that there are
    about 2.5 times fewer images than the classes' sum.
    """
    kind, subset = settings["source"]["kind"], settings.get("subset") or {}
    listed = settings["source"].get("classes")
    classes = len(listed) if listed else CLASS_COUNTS.get(kind)
    if classes is None or "maximum" not in subset:
        return None
    sizes = pareto_sizes(classes, subset.get("alpha", 6), subset["maximum"], subset.get("minimum", 1))
    return sizes, max(int(sum(sizes) / 2.5), subset["maximum"])
