"""How figures look: palette (Okabe-Ito), markers, line styles, sizes; and bytes that do not depend on the day."""

import io
import itertools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from ltmlc.disk.files import write_atomically
from ltmlc.errors import one_line

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
COLOURS = (BLUE, RED, GREEN, PURPLE, BLACK, ORANGE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "<", ">")
METHOD_LOOKS = {"LSEP": (RED, "s"), "C-LSEP": (BLUE, "o"), "DR": (GREEN, "D")}  # the same in every figure
OTHER_LOOKS = ((PURPLE, "^"), (ORANGE, "v"), (SKY, "<"), (BLACK, ">"), *METHOD_LOOKS.values())
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
_GROUPS = {"head": (BLUE, ""), "medium": (ORANGE, "///"), "tail": (GREEN, "...")}
GROUP_BARS = {
    group: {"color": colour, "hatch": hatch, "edgecolor": "white"} for group, (colour, hatch) in _GROUPS.items()
}

STYLE: Mapping[str, object] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "ltmlc",
}


def style():
    """Context in which figures are drawn: matplotlib's defaults and ``STYLE``, whatever the user's own settings."""
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "agg", **STYLE})


def looks_of(methods: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each method: LSEP, C-LSEP and DR keep theirs whatever stands beside them."""
    methods = list(methods)
    others = [method for method in methods if method not in METHOD_LOOKS]
    return METHOD_LOOKS | dict(zip(others, itertools.cycle(OTHER_LOOKS), strict=False))


def nothing(figure: Figure, axes: Axes, text: str) -> Figure:
    """What is drawn where there is nothing to draw: why."""
    axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes)
    axes.set_axis_off()
    return figure


def plain(text: str) -> str:
    """A title or the name of a class, for a figure: one line, in which ``$`` begins no formula."""
    return one_line(text).replace("$", r"\$")


def draw_all(drawings: Mapping[str, Callable[[], Figure]], directory: str | Path) -> list[Path]:
    """Draw each, in the project's style, into the files of its name; returns their paths."""
    with style():
        return [path for name, draw in drawings.items() for path in save(draw(), Path(directory) / name)]


def shared_legend(figure: Figure, panels: Iterable[Axes], **look: Any) -> None:
    """One legend below all panels, each name once; none where nothing has a name."""
    handles = {name: handle for axes in panels for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", **look)


def save(figure: Figure, stem: str | Path) -> list[Path]:
    """Write ``{stem}.pdf`` and ``{stem}.png``; the same figure gives the same bytes. Returns the paths."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once is enough for both files
    paths = []
    for suffix, canvas, options in (
        (".pdf", FigureCanvasPdf, {"metadata": {"CreationDate": None}}),
        (".png", FigureCanvasAgg, {"dpi": 200, "metadata": {"Software": None}}),
    ):
        buffer = io.BytesIO()
        canvas(figure).print_figure(buffer, format=suffix[1:], **options)
        paths.append(Path(f"{stem}{suffix}"))
        write_atomically(paths[-1], buffer.getvalue())
    return paths
