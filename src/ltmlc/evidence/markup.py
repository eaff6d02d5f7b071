"""Plain writers for CSV, Markdown and LaTeX tables."""

import csv
import io
from collections.abc import Iterable, Sequence

_LATEX = str.maketrans(
    {
        **{character: "\\" + character for character in "&%$#_{}"},
        **{"γ": r"$\gamma$", "±": r"$\pm$", "…": r"\dots{}", "✗": r"$\times$", "−": "$-$", "–": "--"},
        **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    }
)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A Markdown table; the first ``left`` columns are text, the others are aligned right. A bar inside a cell is
    escaped.
    """
    ruler = ["---"] * left + ["---:"] * (len(header) - left)
    return "".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in (header, ruler, *rows)
    )


def latex_escape(text: str) -> str:
    return text.translate(_LATEX)


def superscript(number: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(number))


def hours(seconds: float) -> str:
    """A duration in the unit a reader plans with."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
