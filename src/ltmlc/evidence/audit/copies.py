"""Rows of different runs that the paper prints with the same numbers, and which of the two is the copy."""

from collections.abc import Sequence
from itertools import combinations

from ltmlc.evidence.audit.rows import Finding, Printed
from ltmlc.evidence.claims.predicates import RowName
from ltmlc.evidence.results.results import COLUMNS


def copies(rows: Sequence[Printed]) -> list[Finding]:
    """Different runs that share three numbers or four: one was copied."""
    findings = []
    for first, second in _equal_pairs(rows):
        equal = [column for column in COLUMNS if first[column] == second[column]]
        what = "all four numbers" if len(equal) == 4 else ", ".join(equal)
        sentence = f"two different runs agree in {what}: one row is a copy{_sentence(first, second, rows)}"
        where, numbers, gap = f"{first.where}; {second.where}", f"{first}; {second}", first["total"] - second["total"]
        findings.append(Finding("copied", "contradiction", first.dataset, where, numbers, gap, sentence))
    return findings


def copied_rows(rows: Sequence[Printed]) -> set[tuple[str, RowName]]:
    """(data set, row) of every copy; both rows of a pair of which nothing tells the copy."""
    found = set()
    for first, second in _equal_pairs(rows):
        told = _the_copy(first, second, rows)
        for row in [told[1]] if told else [first, second]:
            found |= {(row.dataset, name) for name in row.names}
    return found


def _equal_pairs(rows: Sequence[Printed]) -> list[tuple[Printed, Printed]]:
    return [
        (first, second)
        for first, second in combinations(rows, 2)
        if first.dataset == second.dataset
        and first.run != second.run
        and sum(first[column] == second[column] for column in COLUMNS) >= 3
    ]


def _the_copy(
    first: Printed, second: Printed, rows: Sequence[Printed]
) -> tuple[Printed, Printed, dict[Printed, float]] | None:
    """The original, the copy, and how far off each is printed elsewhere: the copy is the one whose run stands elsewhere
    with numbers that lie further away.

    None where not both runs are printed a second time, be it as cited by another paper.
    """
    distance = {}
    for row in (first, second):
        others = [r for r in rows if (r.dataset, r.run) == (row.dataset, row.run) and r.numbers != row.numbers]
        gaps = [max(abs(a - b) for a, b in zip(r.numbers, row.numbers, strict=True)) for r in others]
        gaps += [0.0] * (len(row.names) - 1)  # other tables that print the same
        if not gaps:
            return None
        distance[row] = min(gaps)
    original, copy = sorted((first, second), key=distance.__getitem__)
    return original, copy, distance


def _sentence(first: Printed, second: Printed, rows: Sequence[Printed]) -> str:
    told = _the_copy(first, second, rows)
    if told is None:
        return ""
    original, copy, distance = told
    return (
        f", probably {copy.where}: other tables print the run of {original.where} within {distance[original]:.2f}, "
        f"that of the copy only {distance[copy]:.2f} away"
    )
