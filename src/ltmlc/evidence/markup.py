"""Plain writers for CSV, Markdown and LaTeX tables."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from ltmlc.disk.csv_file import csv_text
from ltmlc.errors import one_line


def records_csv(kind: type, records: Iterable[object]) -> str:
    """One line a record, every field of the dataclass ``kind``: four decimals, four digits of a p-value, yes or no."""
    names = [field.name for field in fields(kind)]
    return csv_text(names, ([_field(name, getattr(record, name)) for name in names] for record in records))


def _field(name: str, value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if name.startswith("p") else f"{value:.4f}"
    return "" if value is None else value


def number(value: float | None, decimals: int = 2, *, sign: str = "", none: str = "") -> str:
    """A number as it is printed; ``none`` where there is none. ``sign``: "+" for differences."""
    return none if value is None or math.isnan(value) else f"{value:{sign}.{decimals}f}"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A Markdown table; the first ``left`` columns are text, the others are aligned right. A bar, a line
    end and the beginning of an HTML tag inside a cell are escaped, whatever it was made of.
    """
    ruler = ["---"] * left + ["---:"] * (len(header) - left)
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in (header, ruler, *rows))


def _cell(value: object) -> str:
    return one_line(str(value)).replace("|", "\\|").replace("<", "&lt;")


def latex_escape(text: str) -> str:
    """A text for LaTeX, on one line: no command, no argument of the one before it (``\\\\`` takes a bracket and a
    star), and letters and signs beyond ASCII as commands of LaTeX itself.
    """
    return re.sub(r"^(\s*)([\[*])", r"\1{\2}", _latex_encoder().unicode_to_latex(one_line(text)))


def latex_comment(text: str) -> str:
    """A text for behind ``%``, which ends with its line."""
    return f"% {one_line(text)}"


@cache
def _latex_encoder() -> Any:
    from pylatexenc import latexencode  # 0.1 s, of LaTeX alone

    own = {"γ": r"$\gamma$", "±": r"$\pm$", "…": r"\dots{}", "✗": r"$\times$", "−": "$-$", "–": "--"}
    rule = latexencode.UnicodeToLatexConversionRule(
        latexencode.RULE_DICT, {ord(sign): text for sign, text in own.items()}
    )
    return latexencode.UnicodeToLatexEncoder(
        conversion_rules=[rule, "defaults"], unknown_char_policy="replace", unknown_char_warning=False
    )


def count_verdicts(names: Iterable[str], judged: Iterable[Any], datasets: Iterable[str]) -> list[tuple[str, int, list]]:
    """Each of the verdicts ``names`` that occurs among what was judged (it has ``verdict`` and ``dataset``), with how
    often, and how often on each data set.
    """
    found = Counter((each.verdict, each.dataset) for each in judged)
    totals = Counter(verdict for verdict, _ in found.elements())
    return [(name, totals[name], [found[name, dataset] for dataset in datasets]) for name in names if totals[name]]


def tally(what: str, names: Iterable[str], judged: Iterable[Any], titles: Mapping[str, str]) -> str:
    """:func:`count_verdicts` as a table; ``what`` heads the column of all, ``titles`` those of the data sets."""
    rows = [[name, count, *each] for name, count, each in count_verdicts(names, judged, titles)]
    return markdown_table(["verdict", what, *titles.values()], rows)


def markdown_page(sections: Iterable[str]) -> str:
    """Sections below each other; an empty one is left out."""
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def named_seeds(seeds: Sequence[int]) -> str:
    """``seed 0``, ``seeds 0, 1``."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def superscript(number: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(number))


def epoch_now(done: float, epochs: float) -> str:
    """``epoch 4 of 30``, counted from 1: the one that a training is in when ``done`` are behind it."""
    return f"epoch {min(done + 1, epochs):g} of {epochs:g}"


def hours(seconds: float) -> str:
    """A duration in the unit a reader plans with."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
