"""The images on which the last method changes most of what the first says about an absent class, with photographs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ltmlc.data.pack.pack import Pack
from ltmlc.evidence.figures.absent import MethodLogits
from ltmlc.evidence.figures.probes import Probe, probabilities
from ltmlc.evidence.figures.style import looks_of, plain

CHANGES_PER_ROW = 4
CHANGES_SHOWN = 8
SIDE = 160  # pixels of a shown image's longer side: enough to see what is on it, small enough for a report


@dataclass(frozen=True)
class Change:
    """One test image (row index) and what each method says of an absent class there, mean over seeds."""

    image: int
    probe: Probe
    probability: Mapping[str, float]

    @property
    def size(self) -> float:
        """From the first method that is there to the last."""
        values = list(self.probability.values())
        return values[-1] - values[0]


def largest_changes(probes: Sequence[Probe], predictions: MethodLogits) -> list[Change]:
    """The images of the probes with the largest change, up or down, each once; none for fewer than two methods."""
    means = {
        method: np.mean([probabilities(logits) for logits in predictions[method]], axis=0) for method in predictions
    }
    if len(means) < 2:
        return []
    changes = [
        Change(row, probe, {method: float(mean[row, probe.absent]) for method, mean in means.items()})
        for probe in probes
        for row in probe.images
    ]
    changes.sort(key=lambda change: -abs(change.size))
    first = {change.image: change for change in reversed(changes)}  # each image with its largest
    return [change for change in changes if first[change.image] is change][:CHANGES_SHOWN]


def draw_changes(
    changes: Sequence[Change], pack: Pack | None, classes: Sequence[str], ids: Sequence[str], *, title: str
) -> Figure:
    """Image above, the methods' probability of the absent class below.

    ``pack``: for the photographs; None where they may not be shown: then the image's id stands in their place.
    """
    rows = max(1, -(-len(changes) // CHANGES_PER_ROW))
    heights = [3.0, 1.25] if pack is not None else [0.4, 1.25]
    figure = Figure(figsize=(7.6, 0.5 + 0.65 * rows * sum(heights)), layout="constrained")
    title = f"{title}: largest change of an absent class's probability"
    if not changes:
        figure.suptitle(f"{title}, first method to last", fontsize=9)
        figure.text(0.5, 0.45, "no predictions of two methods yet, or no such images", ha="center")
        return figure
    first, *_, last = changes[0].probability
    figure.suptitle(f"{title}, {plain(f'{first} to {last}')}", fontsize=9)
    grid = figure.subplots(2 * rows, CHANGES_PER_ROW, height_ratios=heights * rows, squeeze=False)
    for place in range(rows * CHANGES_PER_ROW):
        row, column = divmod(place, CHANGES_PER_ROW)
        above, below = grid[2 * row][column], grid[2 * row + 1][column]
        above.set_axis_off()
        if place >= len(changes):
            below.set_axis_off()
            continue
        change = changes[place]
        above.set_title("shows " + " + ".join(classes[k] for k in change.probe.present), fontsize=8)
        if pack is None:
            above.text(0.5, 0.5, ids[change.image], ha="center", va="center", fontsize=7)
        else:
            above.imshow(thumbnail(pack, change.image), interpolation="nearest")
        _bars(below, change, classes[change.probe.absent])
    return figure


def _bars(axes: Axes, change: Change, absent: str) -> None:
    methods = list(change.probability)
    places = range(len(methods), 0, -1)
    looks = looks_of(methods)
    axes.barh(places, change.probability.values(), color=[looks[method][0] for method in methods], height=0.75)
    for place, value in zip(places, change.probability.values(), strict=True):
        inside = value > 0.7
        look = {"ha": "right" if inside else "left", "color": "white" if inside else "black", "fontsize": 7}
        axes.text(value + (-0.02 if inside else 0.02), place, f"{value:.2f}", va="center", **look)
    axes.set(xlim=(0, 1), xticks=[], title=f"probability of {absent}")
    axes.title.set_fontsize(7.5)
    axes.set_yticks(list(places), list(map(plain, methods)), fontsize=7)
    axes.tick_params(length=0)
    axes.grid(visible=False)


def thumbnail(pack: Pack, test_row: int) -> np.ndarray:
    """One test image, uint8 RGB, its longer side at most ``SIDE`` pixels."""
    pixels = pack.image(pack.num_train + test_row)
    height, width, _ = pixels.shape
    scale = SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
