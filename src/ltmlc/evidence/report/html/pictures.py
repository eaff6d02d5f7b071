"""The figures of the page, as data URIs: small, and with a text for those who do not see them."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from markupsafe import Markup, escape

from ltmlc.evidence.figures import PHOTOGRAPHS, made_by_code
from ltmlc.evidence.report.gather import Evidence
from ltmlc.plan.grid import Table
from ltmlc.plan.lookup import files_of, own_or_shipped

_SMALL = 120_000  # bytes; drawings stay below it without loss, sheets of images do not
_LOSSLESS, _LOSSY = 101, 80  # OpenCV's quality of WebP
_PICTURE_TITLES = {
    "fig3": "Figure 3: gradients",
    "images": "Images and their labels",
    "augmentation": "Augmentation",
    "classes": "Class sizes",
    "cooccurrence": "Co-occurrence",
    "cardinality": "Labels an image",
    "totals": "All methods",
    "absent": "What is said of absent classes",
    "ap": "Average precision against class size",
    "gain": "Gain of the last method over the first, class by class",
    "precision-recall": "Precision over recall",
    "calibration": "Calibration",
    "changes": "Images with the largest change",
}
_ALTERNATIVES = {
    "fig3": "Two panels of curves: the gradient on one negative logit over its value, for several gamma1 (C-LSEP) and "
    "several gamma2 (NGC). Each falls to a tenth of its largest value at a threshold; fig3.csv lists them.",
    "images": "A sheet of training and test images, each with the names of its classes.",
    "augmentation": "A sheet of training images, each beside what augmentation makes of it.",
    "classes": "Bars: training images of each class from large to small, marked by head, medium and tail.",
    "cooccurrence": "Two heat maps: how often the column class appears with the row class, in training and in the test "
    "set.",
    "cardinality": "Bars: how many labels an image carries, in training and in the test set.",
    "totals": "Points: total mAP of every method of the tables, best first, with the spread of its seeds and the "
    "published number.",
    "absent": "Points: for each method, the mean predicted probability of classes that are not on the image.",
    "ap": "Points: average precision of each class against its training images, the methods overlaid.",
    "gain": "Bars: average precision of the last method less that of the first, for each class.",
    "precision-recall": "Four panels of curves, total, head, medium, tail: precision over recall by method.",
    "calibration": "Two panels: the share of labels that are there over the predicted probability, and how many "
    "predictions have each probability.",
    "changes": "A sheet of the test images on which the methods differ most, each with what they predict.",
}
_CAPTIONS = {"absent": "methods", "ap": "methods", "gain": "methods"}  # figures that share one
# What is sure to show no image of the data set; every other kind is taken for one that may.
_DRAWINGS = _PICTURE_TITLES.keys() - set(PHOTOGRAPHS)


@dataclass(frozen=True)
class Picture:
    """``uri`` is empty where there is nothing to show, and ``reason`` says why."""

    name: str
    title: str
    caption: Markup
    alternative: str
    uri: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""


def sweep_picture(evidence: Evidence, table: Table, folder: Path) -> Picture:
    """The figure behind a table of kind "figure", with its best points as the alternative text."""
    return _picture(evidence, table.name, table.title, "fig4", _best_points(evidence, table), folder)


def other_pictures(evidence: Evidence, folder: Path) -> list[Picture]:
    """Fig. 3, then for each data set those of its data, and whatever else was drawn of it."""
    pictures = [_picture(evidence, "fig3", _PICTURE_TITLES["fig3"], "fig3", _ALTERNATIVES["fig3"], folder)]
    for name, kind, dataset in _of_datasets(evidence):
        title = f"{_PICTURE_TITLES.get(kind, kind.replace('_', ' ').capitalize())}, {evidence.titles[dataset]}"
        alternative = _ALTERNATIVES.get(kind, f"{title}; its caption says what it shows.")
        settings = evidence.grid.datasets[dataset]
        if kind in _DRAWINGS or made_by_code(settings):
            pictures.append(_picture(evidence, name, title, kind, alternative, folder))
            continue
        reason = "without photographs: the data set says `pictures: false`"
        if settings.get("pictures", True):
            reason = (
                f"not shown here, because the photographs are other people's and this page may be passed on; it is "
                f"{(evidence.figures / f'{name}.png').as_posix()}"
            )
        pictures.append(Picture(name, title, _caption(evidence.root, kind), alternative, reason=reason))
    return pictures


def curve_pictures(evidence: Evidence, folder: Path) -> list[Picture]:
    """The training curves of every table."""
    return [
        _picture(evidence, f"curves_{table.name}", f"Curves of {table.title}", "curves", _panels(table), folder)
        for table in evidence.grid.tables.values()
    ]


def _panels(table: Table) -> str:
    return (
        f"{len(table.rows)} panels of curves, one for each row of {table.title}: the loss over the epochs as a share "
        "of that of the first epoch, before the learning rate."
    )


def _of_datasets(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """(file name, kind, data set) of every figure of a data set that exists, the known kinds first."""
    for dataset in evidence.grid.datasets:
        others = tuple(f"_{name}" for name in files_of("datasets", evidence.root) if name.endswith(f"_{dataset}"))
        found = {path.stem for path in evidence.figures.glob(f"*_{dataset}.png")}
        kinds = sorted(stem.removesuffix(f"_{dataset}") for stem in found if not stem.endswith(others))
        known = [kind for kind in _PICTURE_TITLES if kind in kinds]
        for kind in dict.fromkeys([*known, *kinds]):
            yield f"{kind}_{dataset}", kind, dataset


def _picture(evidence: Evidence, name: str, title: str, kind: str, alternative: str, folder: Path) -> Picture:
    caption = _caption(evidence.root, kind)
    path = next((p for p in (folder / f"{name}.png", evidence.figures / f"{name}.png") if p.exists()), None)
    if path is None:
        reason = f"not drawn yet: {(evidence.figures / f'{name}.png').as_posix()} is not there"
        return Picture(name, title, caption, alternative, reason=reason)
    try:
        return Picture(name, title, caption, alternative, *data_uri(path))
    except ValueError as error:
        return Picture(name, title, caption, alternative, reason=f"not readable: {path.as_posix()} ({error})")


def data_uri(path: Path) -> tuple[str, int, int]:
    """An image file as a WebP data URI with its size in pixels: without loss where that is small, else nearly so.

    Raises ValueError where the file is no image.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError("no image")
    encoded = _webp(picture, _LOSSLESS)
    if len(encoded) > _SMALL:
        encoded = min(encoded, _webp(picture, _LOSSY), key=len)
    height, width = picture.shape[:2]
    return f"data:image/webp;base64,{base64.b64encode(encoded).decode()}", width, height


def _webp(picture: np.ndarray, quality: int) -> bytes:
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def _caption(root: Path, kind: str) -> Markup:
    """The caption Snakemake's own report shows, from ``workflow/report``; empty where there is none."""
    path = own_or_shipped(f"workflow/report/{_CAPTIONS.get(kind, kind)}.rst", root)
    return inline(path.read_text(encoding="utf-8").strip()) if path.exists() else Markup()


def inline(text: str) -> Markup:
    """Inline reStructuredText or Markdown (code, strong, emphasis) as HTML, everything else escaped."""
    html = str(escape(text))
    html = re.sub(r"``?([^`]+)``?", r"<code>\1</code>", html)
    html = re.sub(r"\*\*([^*<>]+)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"(?<![\w*])\*([^*<>\s][^*<>]*)\*(?![\w*])", r"<em>\1</em>", html)
    return Markup(html)  # nosec B704 # escaped above


def _best_points(evidence: Evidence, table: Table) -> str:
    """What the eye reads first: each panel's best point."""
    panels: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row, cells in evidence.rows[table.name]:
        for dataset, cell in cells.items():
            if cell.status == "finished":
                panels.setdefault((str(row.panel), dataset), []).append((cell.mean["total"], row.x))
    parts = []
    for (panel, dataset), points in panels.items():
        value, place = max(points)
        parts.append(f"{panel} on {evidence.titles[dataset]}: best {value:.2f} at {place:g} of {len(points)} points")
    return "Total mAP over a parameter of the loss. " + ("; ".join(parts) or "No point has a result yet") + "."
