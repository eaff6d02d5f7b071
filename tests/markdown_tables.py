"""The tables of a page, read back from it."""

import re


def cells_of(text: str) -> dict[tuple[str, str], str]:
    """The cells of the Markdown table of a text, by label of the row and head of the column."""
    lines = [re.split(r"\s*\|\s*", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    header, _, *rows = lines
    return {(row[0], head): cell for row in rows for head, cell in zip(header[1:], row[1:], strict=True)}
