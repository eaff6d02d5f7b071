"""From cells to names: how the labels of one cell are parted. What is not certain is asked for."""

import ast
import json
import warnings
from collections.abc import Collection, Mapping

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.names import FORBIDDEN, NOTHING, plain_form

SEPARATORS = (";", "|", ",")
"""What parts labels is looked for among these; any other must be said."""


def part_cells(
    cells: Mapping[str, str], *, separator: str | None, whole: Collection[str] = (), faults: Faults
) -> tuple[dict[str, list[str]], str]:
    """The names in each cell, and how they were parted, for people.

    Args:
        cells: each different text of a cell -> the place where it stands first. Empty ones need not be there.
        separator: what the user says parts labels; without it, it is looked for.
        whole: names that the user has given: a cell that is one of them is not parted.
        faults: takes cells that hold no names, and the question where it is not certain what parts them.
    """
    filled = {text: where for text, where in cells.items() if text}
    lists = {text: names for text in filled if (names := _listed(text)) is not None}
    if lists and len(lists) == len(filled):
        return lists, "each cell of labels is a list in brackets"
    if lists and _from_labelling_tool(filled, lists):
        return {text: lists.get(text, [text]) for text in filled}, "cells of labels are lists, or one label"
    plain = {text: where for text, where in filled.items() if text in whole or not FORBIDDEN.search(text)}
    for text in [text for text in filled if text not in plain]:
        faults.add(
            f"{filled[text]}: {text[:60]!r}",
            mend="brackets, braces, quotation marks and control characters are no part of a class name; write the "
            "names alone, or every cell as a list such as ['cat', 'dog'] (is a quotation mark open?)",
        )
    names = {text: [text] for text in plain if text in whole or plain_form(text) in NOTHING}
    open_cells = {text: where for text, where in plain.items() if text not in names}
    separators = [separator] if separator is not None else _found_separators(open_cells, faults)
    shown = [mark for mark in separators if any(mark in text for text in open_cells)]
    note = f"labels are parted by {' or '.join(map(_called, shown))}" if shown else "each cell is one label"
    return names | {text: _parted(text, *separators) for text in open_cells}, note


def _listed(text: str) -> list[str] | None:
    """The names in a list as JSON, Python or a labelling tool (``{"choices": [...]}``) writes it, or None."""
    if text[0] not in "[{(":
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            with warnings.catch_warnings(action="ignore", category=SyntaxWarning):  # of "[1th]"
                value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None
    if isinstance(value, dict) and set(value) == {"choices"}:
        value = value["choices"]
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        return None
    return [name.strip() for name in value if name.strip()]


def _from_labelling_tool(cells: Mapping[str, str], lists: Mapping[str, list[str]]) -> bool:
    """Whether several labels stand as ``{"choices": [...]}`` and one stands alone, as Label Studio exports them."""
    single = [text for text in cells if text not in lists]
    named = {name for names in lists.values() for name in names}
    return all(text[0] == "{" for text in lists) and all(
        text in named or not (FORBIDDEN.search(text) or any(mark in text for mark in SEPARATORS)) for text in single
    )


def _parted(text: str, separator: str, *others: str) -> list[str]:
    for other in others:
        text = text.replace(other, separator)
    parts = text.split(separator) if separator.strip() else text.split()
    return [part.strip() for part in parts if part.strip()]


def _called(separator: str) -> str:
    return repr(separator) if separator.strip() else "spaces"


def _found_separators(cells: Mapping[str, str], faults: Faults) -> list[str]:
    """The one that the cells show; where they show two, or a name may be two labels, a question is put to the user."""
    having = {mark: [text for text in cells if mark in text] for mark in SEPARATORS}
    present = [mark for mark in SEPARATORS if having[mark]]
    if len(present) > 1:
        seen = ", ".join(f"{mark!r} in {cells[having[mark][0]]}: {having[mark][0][:60]!r}" for mark in present)
        faults.add(
            f"it is not certain what parts labels: there is {seen}",
            mend="part all of them by one sign; where another is part of a name, say which one parts them, such as "
            f"source.separator: {present[0]!r}",
        )
        return present  # so that only what is wrong in any case is named beside the question
    mark = present[0] if present else ";"
    if mark == "," and not _recurring(cells, mark):
        faults.add(
            _example(having[mark], cells, "one label or several"), mend="say source.separator: ',', or ';' for one"
        )
    return [_settle_spaces(cells, mark, faults)]


def _recurring(cells: Mapping[str, str], mark: str) -> bool:
    """Whether a part of some cell is found in another one, too: a list of labels, rather than a name with a comma."""
    holding: dict[str, int] = {}
    for text in cells:
        for part in set(_parted(text, mark)):
            holding[part] = holding.get(part, 0) + 1
    return any(holding[part] > 1 for text in cells if mark in text for part in _parted(text, mark))


def _settle_spaces(cells: Mapping[str, str], mark: str, faults: Faults) -> str:
    """Whether ``dog person``, alone in its cell, is a name or two.

    Two, if nothing else parts labels and each word is a cell by itself. A name, if something else does and no word of
    it is a name. Between these the user is asked.
    """
    parted_elsewhere = any(mark in text for text in cells)
    alone = {text for text in cells if mark not in text}
    beside = {name for text in cells if mark in text for name in _parted(text, mark)}
    doubtful = [text for text in alone if " " in text and text not in beside]
    if not parted_elsewhere and doubtful and all(word in alone for text in doubtful for word in text.split()):
        return " "
    names = alone | beside
    asked = [text for text in doubtful if not parted_elsewhere or any(word in names for word in text.split())]
    if asked:
        faults.add(
            _example(asked, cells, "one label or several"),
            mend=f"say source.separator: {mark!r} if it is one, or source.separator: ' ' if spaces part labels",
        )
    return mark


def _example(texts: list[str], cells: Mapping[str, str], question: str) -> str:
    more = f" (and {len(texts) - 1} such cells more)" if len(texts) > 1 else ""
    return f"it is not certain whether {texts[0][:60]!r} in {cells[texts[0]]} is {question}{more}"
