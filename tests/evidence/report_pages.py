"""Small pages for the tests of the report, and a reader of HTML."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
from evidence.synthetic import grid, row, split, table, write

from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.grid import Grid

ROOT = Path(__file__).parents[2]
VOID = {"meta", "link", "img", "input", "br"}
COMMAND = "python -m ltmlc train voc-lt {run} --seed {seed} --out results/runs/voc-lt/{run}/seed{seed}"


def small_grid(*, label: str = "LSEP", note: str = "a remark", title: str = "VOC-LT", seeds=(0, 1)) -> Grid:
    """One table of four rows and one figure of two points on one data set; published numbers on the table's rows."""
    asked = grid(
        table(
            "table1",
            row(label, "lsep", [51.0, 50, 52, 51], note=note),
            row("DR", "dr", [50.0] * 4, delta=True),
            row("Failed", "asl", [40.0] * 4),
            row("Not run", "bce", [45.0] * 4),
        ),
        table("fig4", *(row(f"gamma1 {x}", f"c{x}", panel="gamma1", x=x) for x in (1, 5)), kind="figure"),
        seeds=seeds,
    )
    asked.datasets["voc-lt"]["title"] = title
    return asked


def small_results(folder: Path, *, error: str = "the loss is not finite") -> None:
    """Two finished runs, one that failed, one missing; one point of the figure."""
    for run, values in {"lsep": [51.5, 52.5], "dr": [61.0, 61.4], "c1": [50.0, 50.4]}.items():
        for seed, value in enumerate(values):
            write(folder, "voc-lt", run, seed, value, command=COMMAND.format(run=run, seed=seed))
    for seed in (0, 1):
        write(folder, "voc-lt", "asl", seed, None, error=error)


def small_evidence(folder: Path, *, asked: Grid | None = None, root: Path = ROOT) -> Evidence:
    asked = asked or small_grid()
    asked.config["figures"] = str(folder / "figures")
    return Evidence(asked, load_results(asked, folder), {"voc-lt": split()}, root)


def small_page(folder: Path, **options) -> str:
    return report_html(small_evidence(folder, **options), folder=folder)


def draw(path: Path, *, width: int = 60, height: int = 40) -> None:
    """A white picture."""
    cv2.imwrite(str(path), np.full((height, width, 3), 255, np.uint8))


class Page(HTMLParser):
    """Every element with its attributes, the text of each, and whether all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: list[tuple[int, str]] = []  # index of the innermost open element, text
        self.open: list[int] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {[self.elements[i] for i in self.open]}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self.open[-1]][0] == tag, f"</{tag}> closes {self.elements[self.open[-1]]}"
        self.open.pop()

    def handle_data(self, data):
        for index in self.open:
            self.texts.append((index, data))

    def all(self, tag: str) -> list[Mapping[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, index: int) -> str:
        return re.sub(r"\s+", " ", "".join(text for at, text in self.texts if at == index)).strip()

    def texts_of(self, tag: str, **wanted: str) -> list[str]:
        """The text of each such element, white space collapsed."""
        return [
            self.text_of(index)
            for index, (name, attributes) in enumerate(self.elements)
            if name == tag and all(attributes.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]
