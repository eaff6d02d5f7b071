"""Which boxes of an annotation file count as a label of their image, and what is said of those that do not."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ltmlc.data.sources.faults import Faults
from ltmlc.errors import few

# Why a box does not count:
AREA = "of area 0 or less"
TOO_SMALL = "less than 1 pixel wide or high"
SHARES = "given in shares of the image, not in pixels"
IGNORED = "marked ignore"

CATEGORIES_NAMED = 3
"""Annotations that a note names of each reason."""


IMAGE_LABELS = "for labels of whole images leave bbox out of every annotation"


class Boxes:
    """Decides annotation by annotation, and remembers those left out.

    As published (DB coco.py:71-95): boxes with area <= 0, or width or height < 1, do not count. Where no annotation of
    the file has the key ``bbox``, all count.
    """

    def __init__(self, annotations: Sequence[Any], faults: Faults) -> None:
        self._total = len(annotations)
        self._without = not any(isinstance(each, dict) and "bbox" in each for each in annotations)
        self._faults = faults
        self._left_out: dict[str, list[str]] = {}
        self._boxes = self._below_one = 0

    def count(self, annotation: Mapping[str, Any], name: str) -> bool:
        """Whether this annotation is a label of its image; ``name`` is what messages call it."""
        reason = IGNORED if annotation.get("ignore", False) else None
        if not self._without:
            measures = self._measures(annotation, name)
            if measures is None:
                return False
            reason = reason or self._degenerate(*measures)
        if reason is not None:
            self._left_out.setdefault(reason, []).append(name)
        return reason is None

    def refuse_shares(self) -> None:
        """Add a fault where all boxes of the file are in shares of the image: then none of them would count."""
        if self._left_out.get(SHARES) and self._below_one == self._boxes:
            self._faults.add(
                f"all {self._boxes} boxes are {SHARES}",
                mend=f"multiply x and width by the image's width, y and height by its height; {IMAGE_LABELS}",
            )

    def notes(self) -> list[str]:
        """What was left out, with number and reason; and that there are no boxes, where there are none."""
        if self._without and self._total:
            taken = [f"no annotation has a box: {self._total} labels of whole images"]
        else:
            taken = []
        if not self._left_out:
            return taken
        number = sum(map(len, self._left_out.values()))
        reasons = "; ".join(
            f"{len(names)} {reason} ({few(names, CATEGORIES_NAMED)})" for reason, names in self._left_out.items()
        )
        return [*taken, f"{number} of {self._total} annotations do not count: {reasons}"]

    def _measures(self, annotation: Mapping[str, Any], name: str) -> tuple[Sequence[float], float] | None:
        box = annotation.get("bbox")
        mend = f"write [x, y, width, height] in pixels, and an area that is a number or none; {IMAGE_LABELS}"
        if "bbox" not in annotation:
            self._faults.add(f"{name} has no bbox", mend=mend)
            return None
        if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
            self._faults.add(f"{name}: bbox is {box!r:.60}", mend=mend)
            return None
        area = annotation.get("area", box[2] * box[3])
        if not _is_number(area):
            self._faults.add(f"{name}: area is {area!r:.60}", mend=mend)
            return None
        return box, area

    def _degenerate(self, box: Sequence[float], area: float) -> str | None:
        self._boxes += 1
        shares = all(0 <= value <= 1 for value in box)
        self._below_one += shares
        if area <= 0:
            return AREA
        if box[2] < 1 or box[3] < 1:
            return SHARES if shares else TOO_SMALL
        return None


def _is_number(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 1e18
    return isinstance(value, float) and math.isfinite(value)
