"""What a sentence of the paper says about its tables, as inequalities between rows.

A claim holds where each of its parts does. A part is a weighted sum of rows in one column that must exceed a bound:
"A beats B in head and tail" is two parts, A - B > 0 in each column; "best at gamma1 = 5" is one part for every other
gamma. The same parts are evaluated on our runs (:mod:`ltmlc.evidence.claims.judge`) and on the published numbers
(:mod:`ltmlc.evidence.audit.audit`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ltmlc.errors import InputError

TWINS = ("voc-lt", "coco-lt")


class RowName(NamedTuple):
    """A row, by the name of its table's file and its label."""

    table: str
    label: str

    def __str__(self) -> str:
        return f"{self.table}: {self.label}"


@dataclass(frozen=True)
class Part:
    """sum of weight * mAP(row) in one column > bound, in percentage points."""

    weights: tuple[tuple[RowName, float], ...]
    column: str = "total"
    bound: float = 0.0

    @property
    def rows(self) -> tuple[RowName, ...]:
        return tuple(row for row, _ in self.weights)

    def value(self, number: Callable[[RowName, str], float]) -> float:
        """The left side, with ``number(row, column)`` in percent."""
        return sum(weight * number(row, self.column) for row, weight in self.weights)

    def __str__(self) -> str:
        if len(self.weights) != 2:
            return f"rise from {self.rows[0].label} to {self.rows[-1].label} ({self.column})"
        return f"{self.rows[0].label} against {self.rows[1].label} ({self.column})"


def build_parts(claim: Mapping[str, Any], twin: str, tables: Mapping[str, Mapping], where: str) -> tuple[Part, ...]:
    """The inequalities of one declared claim, for one of the paper's data sets.

    Args:
        claim: an entry of ``config/claims.yaml``.
        twin: ``voc-lt`` or ``coco-lt``; some claims name other rows for each.
        tables: the declared tables by name, as read from ``config/tables``.
        where: file and claim, for error messages.

    Raises:
        InputError: for a table, row or panel that does not exist, naming those that do.
    """
    return tuple(KINDS[claim["kind"]](claim, _Finder(tables, twin, where), claim.get("columns", ["total"])))


@dataclass(frozen=True)
class _Finder:
    """Looks rows up, and says what is valid where there is none."""

    tables: Mapping[str, Mapping]
    twin: str
    where: str

    def row(self, reference: Mapping[str, Any]) -> RowName:
        label = reference["row"]
        if isinstance(label, Mapping):
            if self.twin not in label:
                raise InputError(f"{self.where}: row names no row for {self.twin}; give one, or limit `about`")
            label = label[self.twin]
        return self._named(reference["table"], label)

    def rows(self, reference: Mapping[str, Any]) -> list[RowName]:
        """The listed rows; else those of the panel, up to ``until`` where that is given; else the whole table."""
        name = reference["table"]
        if "rows" in reference:
            return [self._named(name, label) for label in reference["rows"]]
        rows = self._table(name)["rows"]
        if "panel" in reference:
            panels = list(dict.fromkeys(row.get("panel") for row in rows if row.get("panel")))
            if reference["panel"] not in panels:
                raise InputError(
                    f"{self.where}: {name} has no panel {reference['panel']!r}; valid: {', '.join(panels) or 'none'}"
                )
            until = reference.get("until", {}).get(self.twin, float("inf"))
            rows = [row for row in rows if row.get("panel") == reference["panel"] and row["x"] <= until]
        return [RowName(name, row["label"]) for row in rows]

    def _table(self, name: str) -> Mapping:
        if name not in self.tables:
            raise InputError(f"{self.where}: unknown table {name!r}; valid: {', '.join(sorted(self.tables))}")
        return self.tables[name]

    def _named(self, table: str, label: str) -> RowName:
        labels = [row["label"] for row in self._table(table)["rows"]]
        if label not in labels:
            raise InputError(f"{self.where}: {table} has no row {label!r}; valid: {', '.join(labels)}")
        return RowName(table, label)


def _difference(first: RowName, second: RowName, column: str, bound: float = 0.0) -> Part:
    return Part(((first, 1.0), (second, -1.0)), column, bound)


def _greater(claim: Mapping, find: _Finder, columns: Sequence[str]) -> list[Part]:
    """``better`` is above ``worse`` in every column."""
    better, worse = find.row(claim["better"]), find.row(claim["worse"])
    return [_difference(better, worse, column) for column in columns]


def _not_greater(claim: Mapping, find: _Finder, columns: Sequence[str]) -> list[Part]:
    """``row`` gains less than ``margin`` over ``over``: equality cannot be shown, a bound can."""
    row, over = find.row(claim["gains_not"]), find.row(claim["over"])
    return [_difference(over, row, column, -claim["margin"]) for column in columns]


def _best_at(claim: Mapping, find: _Finder, columns: Sequence[str]) -> list[Part]:
    """``at`` is above every other row of ``among``."""
    at = find.row(claim["at"])
    return [_difference(at, row, column) for column in columns for row in find.rows(claim["among"]) if row != at]


def _worst_at(claim: Mapping, find: _Finder, columns: Sequence[str]) -> list[Part]:
    """``at`` is below every other row of ``among``."""
    at = find.row(claim["at"])
    return [_difference(row, at, column) for column in columns for row in find.rows(claim["among"]) if row != at]


def _monotone(claim: Mapping, find: _Finder, columns: Sequence[str]) -> list[Part]:
    """Each row of ``among`` is above the one before it."""
    rows = find.rows(claim["among"])
    return [_difference(after, before, column) for column in columns for before, after in pairwise(rows)]


def _trend(claim: Mapping, find: _Finder, columns: Sequence[str]) -> list[Part]:
    """The least-squares line through the rows of ``among``, in order, rises; its value is the rise from first to
    last.
    """
    rows = find.rows(claim["among"])
    if len(rows) < 2:
        raise InputError(f"{find.where}: a trend needs two rows or more, `among` has {len(rows)}")
    centred = [index - (len(rows) - 1) / 2 for index in range(len(rows))]
    scale = (len(rows) - 1) / sum(x * x for x in centred)
    return [Part(tuple((row, x * scale) for row, x in zip(rows, centred, strict=True)), c) for c in columns]


KINDS: dict[str, Callable[[Mapping, _Finder, Sequence[str]], list[Part]]] = {
    "greater": _greater,
    "not_greater": _not_greater,
    "best_at": _best_at,
    "worst_at": _worst_at,
    "monotone": _monotone,
    "trend": _trend,
}
