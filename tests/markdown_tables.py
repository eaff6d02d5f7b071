"""The tables of a page, read back from it."""

import re


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of the first Markdown table of a text, each by head of the column."""
    (first, *_) = re.findall(r"(?:^\|.*\n?)+", text, flags=re.M)
    header, _, *rows = (re.split(r"\s*\|\s*", line)[1:-1] for line in first.splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]


def cells_of(text: str) -> dict[tuple[str, str], str]:
    """The cells of that table, by label of the row and head of the column."""
    found = {}
    for row in rows_of(text):
        (_, label), *cells = row.items()
        found |= {(label, head): cell for head, cell in cells}
    return found
