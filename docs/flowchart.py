"""A Mermaid flowchart as SVG, drawn when the site is built: the site fetches no script that could draw it."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import mean

import networkx as nx

_ARROW = re.compile(r"^\s*(\w+) --> (\w+)$", flags=re.M)
_LABEL = re.compile(r'^\s*(\w+)\["([\w<>]+)"\]$', flags=re.M)
_LETTER, _LINE = 7.3, 17  # pixels: a letter of 12 px in a fixed pitch, and a line
_PADDING, _BESIDE, _BELOW = 8, 14, 36  # pixels: within a box, to the next one, to the next layer
_SWEEPS = 8
_MARKER = (
    '<marker id="arrowhead" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L8 4L0 8z"/></marker>'
)

Place = str | tuple[str, str, int]  # a box, or where an arrow (from, to) passes a layer
Size = tuple[float, float]  # width and height, pixels


def flowchart(mermaid: str) -> str:
    """The picture, from top to bottom.

    Args:
        mermaid: arrows ``a --> b``, one a line, without a circle; ``a["one<br>two"]`` for a box with other lines than
            its name.
    """
    graph = nx.DiGraph(_ARROW.findall(mermaid))
    lines = {name: [name] for name in graph} | {name: text.split("<br>") for name, text in _LABEL.findall(mermaid)}
    sizes = {
        name: (max(map(len, each)) * _LETTER + 2 * _PADDING, len(each) * _LINE + _PADDING)
        for name, each in lines.items()
    }
    ways = _ways(graph)
    spans, (width, height) = _spans(_layers(ways), sizes)
    arrows = [_arrow([spans[each] for each in way]) for way in ways]
    boxes = [_box(spans[name], sizes[name][0], text) for name, text in lines.items()]
    return (
        f'<svg class="flowchart" role="img" aria-label="Flowchart" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}">{_MARKER}{"".join([*arrows, *boxes])}</svg>'
    )


def _ways(graph: nx.DiGraph) -> list[list[Place]]:
    """Each arrow with the layers that it passes; the layer of a box is its longest way to an end."""
    depth = {name: n for n, each in enumerate(nx.topological_generations(graph.reverse())) for name in each}
    return [[a, *((a, b, n) for n in range(depth[a] - 1, depth[b], -1)), b] for a, b in graph.edges]


def _layers(ways: Sequence[Sequence[Place]]) -> list[list[Place]]:
    """From top to bottom; within its layer each at the mean place of its neighbours, above and below in turn."""
    steps = nx.DiGraph(pair for way in ways for pair in pairwise(way))
    layers = [sorted(each, key=str) for each in nx.topological_generations(steps.reverse())][::-1]
    place = {each: n / len(layer) for layer in layers for n, each in enumerate(layer)}
    for neighbours, order in [(steps.pred, layers), (steps.succ, layers[::-1])] * _SWEEPS:
        for layer in order:
            wish = {each: mean([place[other] for other in neighbours[each]] or [place[each]]) for each in layer}
            layer.sort(key=wish.__getitem__)
            place |= {each: (n + 0.5) / len(layer) for n, each in enumerate(layer)}
    return layers


def _spans(
    layers: Sequence[Sequence[Place]], sizes: Mapping[str, Size]
) -> tuple[dict[Place, tuple[float, float, float]], Size]:
    """The middle, top and bottom of each, with layers one below the other; then the size of the whole."""
    widths = [[sizes.get(each, (0, 0))[0] for each in layer] for layer in layers]
    whole = max(sum(each) + _BESIDE * (len(each) - 1) for each in widths)
    spans: dict[Place, tuple[float, float, float]] = {}
    top = 1.0
    for layer, row in zip(layers, widths, strict=True):
        height = max(sizes.get(each, (0, 0))[1] for each in layer)
        left = 1 + (whole - sum(row) - _BESIDE * (len(row) - 1)) / 2
        for each, width in zip(layer, row, strict=True):
            room = (height - sizes.get(each, (0, height))[1]) / 2
            spans[each] = (left + width / 2, top + room, top + height - room)
            left += width + _BESIDE
        top += height + _BELOW
    return spans, (whole + 2, top - _BELOW + 1)


def _arrow(spans: Sequence[tuple[float, float, float]]) -> str:
    """From the foot of the first box to the head of the last, straight down through the layers between."""
    path = f"M{spans[0][0]:.1f} {spans[0][2]:.1f}"
    for (x, _, foot), (to, head, end) in pairwise(spans):
        middle = (foot + head) / 2
        path += f"C{x:.1f} {middle:.1f} {to:.1f} {middle:.1f} {to:.1f} {head:.1f}"
        path += f"V{end:.1f}" if end < spans[-1][1] else ""
    return f'<path d="{path}" marker-end="url(#arrowhead)"/>'


def _box(span: tuple[float, float, float], width: float, lines: Sequence[str]) -> str:
    x, top, bottom = span
    first = (top + bottom - (len(lines) - 1) * _LINE) / 2
    words = "".join(f'<text x="{x:.1f}" y="{first + n * _LINE:.1f}">{line}</text>' for n, line in enumerate(lines))
    frame = f'x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}"'
    return f'<rect {frame} rx="4"/>{words}'
