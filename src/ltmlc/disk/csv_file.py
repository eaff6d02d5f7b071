"""CSV that others open: one line a row whatever its texts hold, and no cell that a spreadsheet would compute."""

import csv
import io
from collections.abc import Iterable

from ltmlc.errors import one_line

_FORMULA = ("=", "+", "-", "@")


def csv_text(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """Each cell as :func:`csv_cell` has it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(csv_cell, header))
    writer.writerows(map(csv_cell, row) for row in rows)
    return buffer.getvalue()


def csv_cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show."""
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        return bool(float(text) or True)
    except ValueError:
        return False
