"""The rows of the audit and its findings."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ltmlc.evidence.claims.predicates import RowName
from ltmlc.evidence.results.reference import PAPER_GROUPS
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.plan.grid import Grid

SEVERITIES = {
    "contradiction": "printed numbers that cannot all be right",
    "suspicion": "odd, but possible",
    "note": "explained by rounding, or explaining the others",
}
"""What a finding may be, gravest first, and what that means."""


@dataclass(frozen=True)
class Finding:
    """One thing the printed numbers say, with the numbers."""

    kind: str  # same run | copied | total | granularity | two steps | claim
    severity: str
    dataset: str
    rows: str  # "Table 1: LSEP; Table 3: LSEP (γ = 1)"
    numbers: str
    difference: float | None  # percentage points
    sentence: str


@dataclass(frozen=True)
class Printed:
    """One published row on one data set; rows with the same run and the same numbers are one, with several names."""

    names: tuple[RowName, ...]
    titles: tuple[str, ...]  # of the tables, in step with the names
    dataset: str
    run: str
    numbers: tuple[float, ...]  # total, head, medium, tail
    origin: str

    def __getitem__(self, column: str) -> float:
        return self.numbers[COLUMNS.index(column)]

    @property
    def splits(self) -> dict[str, float]:
        return dict(zip(COLUMNS[1:], self.numbers[1:], strict=True))

    @property
    def where(self) -> str:
        pairs = zip(self.titles, self.names, strict=True)
        return "; ".join(f"{title}: {name.label}" for title, name in pairs)

    def __str__(self) -> str:
        return f"{' = '.join(self.titles)} {numbers_text(self.numbers)}"


def printed_rows(grid: Grid) -> list[Printed]:
    """The published rows of the tables (figures print none), on the paper's data sets."""
    merged: dict[tuple, Printed] = {}
    for table in grid.tables.values():
        for row in table.rows if table.kind == "table" else ():
            for dataset in PAPER_GROUPS:
                if dataset in row.run and dataset in row.published:
                    name, numbers = RowName(table.name, row.label), row.published[dataset]
                    key = (dataset, row.run[dataset], numbers)
                    old = merged.get(key) or Printed((), (), dataset, row.run[dataset], numbers, row.origin)
                    merged[key] = replace(old, names=(*old.names, name), titles=(*old.titles, table.title))
    return list(merged.values())


def numbers_text(numbers: Iterable[float]) -> str:
    return " ".join(f"{number:.2f}" for number in numbers)
