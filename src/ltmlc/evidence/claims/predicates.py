"""What a sentence of the paper says about its tables, as inequalities between rows.

A claim holds where each of its parts does. A part is a weighted sum of rows in one column that must exceed a bound:
"A beats B in head and tail" is two parts, A - B > 0 in each column; "best at gamma1 = 5" is one part for every other
gamma. The same parts are evaluated on our runs (:mod:`ltmlc.evidence.claims.judge`) and on the published numbers
(:mod:`ltmlc.evidence.audit.audit`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import permutations
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
    """sum of weight * mAP(row) in one column > bound, in percentage points; ``less``: a column to be taken off it."""

    weights: tuple[tuple[RowName, float], ...]
    column: str = "total"
    bound: float = 0.0
    less: str = ""

    @property
    def rows(self) -> tuple[RowName, ...]:
        return tuple(row for row, _ in self.weights)

    def value(self, number: Callable[[RowName, str], float]) -> float:
        """The left side, with ``number(row, column)`` in percent."""
        total = sum(weight * number(row, self.column) for row, weight in self.weights)
        return total - sum(weight * number(row, self.less) for row, weight in self.weights) if self.less else total

    def __str__(self) -> str:
        where = f"({self.column}, less {self.less})" if self.less else f"({self.column})"
        if len(self.weights) == 2:
            return f"{self.rows[0].label} against {self.rows[1].label} {where}"
        sides = [[row.label for row, weight in self.weights if sign * weight > 0] for sign in (1, -1)]
        if len(sides[1]) == 1 and len(sides[0]) > 2:
            return f"mean of {len(sides[0])} rows against {sides[1][0]} {where}"
        return f"{' and '.join(sides[0])} against {' and '.join(sides[1])} {where}"


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
    parts = PREDICATES[claim["kind"]](claim, _Finder(tables, twin, where))
    return tuple(replace(part, column=column) for column in claim.get("columns", ["total"]) for part in parts)


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


def _difference(first: RowName, second: RowName, bound: float = 0.0) -> Part:
    return Part(((first, 1.0), (second, -1.0)), bound=bound)


def _greater(claim: Mapping, find: _Finder) -> list[Part]:
    """``better`` is above ``worse``."""
    return [_difference(find.row(claim["better"]), find.row(claim["worse"]))]


def _not_greater(claim: Mapping, find: _Finder) -> list[Part]:
    """``row`` gains less than ``margin`` over ``over``: equality cannot be shown, a bound can."""
    return [_difference(find.row(claim["over"]), find.row(claim["gains_not"]), -claim["margin"])]


def _best_at(claim: Mapping, find: _Finder) -> list[Part]:
    """``at`` is above every other row of ``among``."""
    at = find.row(claim["at"])
    return [_difference(at, row) for row in find.rows(claim["among"]) if row != at]


def _below_average(claim: Mapping, find: _Finder) -> list[Part]:
    """``at`` is below the mean of the other rows of ``among``."""
    at = find.row(claim["at"])
    others = [row for row in find.rows(claim["among"]) if row != at]
    return [Part((*((row, 1 / len(others)) for row in others), (at, -1.0)))]


def _between(claim: Mapping, find: _Finder) -> list[Part]:
    """``at`` is above ``worse`` and below ``better``."""
    at, better, worse = (find.row(claim[key]) for key in ("at", "better", "worse"))
    return [_difference(better, at), _difference(at, worse)]


def _equal(claim: Mapping, find: _Finder) -> list[Part]:
    """``at`` and ``as`` differ by less than ``margin``: two one-sided tests."""
    first, second = find.row(claim["at"]), find.row(claim["as"])
    return [_difference(*pair, -claim["margin"]) for pair in ((first, second), (second, first))]


def _gains_more(claim: Mapping, find: _Finder) -> list[Part]:
    """``better`` is further above ``worse`` than in each column of ``than``."""
    (pair,) = _greater(claim, find)
    return [replace(pair, less=other) for other in claim["than"]]


def _gains(claim: Mapping, find: _Finder) -> list[list[tuple[RowName, float]]]:
    """The gain of each pair of ``pairs``, in order."""
    return [[(find.row(pair["better"]), 1.0), (find.row(pair["worse"]), -1.0)] for pair in claim["pairs"]]


def _stable(claim: Mapping, find: _Finder) -> list[Part]:
    """The gains of all ``pairs`` differ by less than ``margin``."""
    pairs = permutations(_gains(claim, find), 2)
    return [Part(_merged([(1.0, first), (-1.0, second)]), bound=-claim["margin"]) for first, second in pairs]


def _growing(claim: Mapping, find: _Finder) -> list[Part]:
    """The straight line through the gains of ``pairs``, in order, rises."""
    gains = _gains(claim, find)
    return [Part(_merged(zip(_slope(len(gains)), gains, strict=True)))]


def _merged(terms: Iterable[tuple[float, list[tuple[RowName, float]]]]) -> tuple[tuple[RowName, float], ...]:
    weights: dict[RowName, float] = {}
    for factor, gain in terms:
        for row, weight in gain:
            weights[row] = weights.get(row, 0.0) + factor * weight
    return tuple((row, weight) for row, weight in weights.items() if weight)


def _slope(count: int) -> list[float]:
    """Weights that give the rise of the least-squares line from the first to the last of ``count`` numbers."""
    centred = [index - (count - 1) / 2 for index in range(count)]
    return [x * (count - 1) / sum(x * x for x in centred) for x in centred]


def _trend(claim: Mapping, find: _Finder) -> list[Part]:
    """The least-squares line through the rows of ``among``, in order, rises; its value is the whole rise."""
    rows = find.rows(claim["among"])
    if len(rows) < 2:
        raise InputError(f"{find.where}: a trend needs two rows or more, `among` has {len(rows)}")
    return [Part(tuple(zip(rows, _slope(len(rows)), strict=True)))]


PREDICATES: dict[str, Callable[[Mapping, _Finder], list[Part]]] = {
    "greater": _greater,
    "not_greater": _not_greater,
    "best_at": _best_at,
    "below_average": _below_average,
    "between": _between,
    "equal": _equal,
    "gains_more": _gains_more,
    "trend": _trend,
    "stable": _stable,
    "growing": _growing,
}
"""Kind of claim -> its parts in one column; it says them of each of its ``columns``."""
