"""The prose of a page of the documentation, to look phrases up in."""

import re
from collections.abc import Collection
from pathlib import Path
from statistics import fmean

from ltmlc.evidence.uncertainty.moderated import moderate

ROOT = Path(__file__).parents[1]
WORDS = (
    *("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
)
"""A number as a page writes it out."""


def prose_of(page: str) -> str:
    """A page below the repository in one line, without tables, bold, and where links lead."""
    text = re.sub(r"(?m)^\|.*\n", "", (ROOT / page).read_text(encoding="utf-8"))
    return " ".join(re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("**", "").split())


def missing(prose: str, *phrases: str) -> list[str]:
    """The phrases that do not stand there, capitals aside."""
    return [phrase for phrase in phrases if phrase.lower() not in prose.lower()]


def interval(differences: Collection[float], digits: int = 2) -> str:
    """Mean ± the 95 % interval by these seeds alone, as a page prints it."""
    (own,) = moderate([dict(enumerate(differences))])
    return f"{fmean(differences):.{digits}f} ± {own.half_width(len(differences)):.{digits}f}"
