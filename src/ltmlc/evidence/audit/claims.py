"""The text against the tables: the claims, evaluated on the published numbers as they stand."""

from collections.abc import Mapping, Sequence
from itertools import product

from ltmlc.evidence.audit.rows import Finding, Printed
from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.claims.predicates import TWINS, Part, RowName
from ltmlc.evidence.results.reference import PAPER_GROUPS, PRINTED

# A difference of two printed numbers is off by up to two halves of their last digit.
_SLACK = 2 * PRINTED + 1e-9


def claims_against_tables(rows: Sequence[Printed], claims: Sequence[Claim]) -> list[Finding]:
    """Claims that the rows they name contradict, and claims that hold by one printed number of a run but not by
    another.

    Comparisons of which a side is not published (most points of Fig. 4) are passed over.
    """
    findings = []
    printed = {
        dataset: {name: row for row in rows if row.dataset == dataset for name in row.names} for dataset in PAPER_GROUPS
    }
    for dataset, named in printed.items():
        for claim in claims:
            parts = [part for part in claim.parts.get(dataset, ()) if all(row in named for row in part.rows)]
            findings += _judge(claim, parts, dataset, named, rows)
    return findings + [each for claim in claims if "gains" in claim.facts for each in _smaller_gains(claim, printed)]


def _smaller_gains(claim: Claim, printed: Mapping[str, Mapping[RowName, Printed]]) -> list[Finding]:
    """Gains that the text says are larger on the one data set than on the other, and that are not."""
    findings = []
    for pair in zip(*claim.facts["gains"].values(), strict=True):
        sides = list(zip(pair, (printed[dataset] for dataset in claim.facts["gains"]), strict=True))
        if not all(row in named for part, named in sides for row in part.rows):
            continue
        few, many = (_value(part, named) for part, named in sides)
        if many <= few + 1e-9:
            text = ", against ".join(_numbers(part, named) for part, named in reversed(sides))
            findings.append(_finding(claim, "contradiction", TWINS[1], text, many - few))
    return findings


def _value(part: Part, numbers: Mapping[RowName, Printed]) -> float:
    return part.value(lambda row, column: numbers[row][column])


def _judge(
    claim: Claim, parts: Sequence[Part], dataset: str, named: Mapping[RowName, Printed], rows: Sequence[Printed]
) -> list[Finding]:
    amount = claim.amount.get(dataset)
    wrong = [part for part in parts if not _true(part, named, amount)]
    fits, breaks = [], []  # other readings: the numbers that another table prints for the same run
    for part in parts:
        for reading in _readings(part, named, rows):
            (fits if _true(part, reading, amount) else breaks).append((part, reading))
    if wrong:
        rescued = next(((part, reading) for part, reading in fits if part in wrong), None) if len(wrong) == 1 else None
        text = "; ".join(_numbers(part, named) for part in wrong)
        more = f" It says {claim.stated[dataset]}." if amount else ""
        if rescued:
            more += f" With another table's numbers for the same runs it is true: {_numbers(*rescued)}."
        return [_finding(claim, "contradiction", dataset, text, _value(wrong[0], named), more)]
    if breaks:
        part, reading = breaks[0]
        more = " By another table's numbers for the same runs it would not be so."
        text = f"{_numbers(part, named)}, but {_numbers(part, reading)}"
        return [_finding(claim, "note", dataset, text, _value(part, named), more)]
    return []


def _true(part: Part, numbers: Mapping[RowName, Printed], amount: tuple[float, float] | None) -> bool:
    value = _value(part, numbers)
    if amount is not None:
        return amount[0] - _SLACK <= value <= amount[1] + _SLACK
    return value > part.bound + (-1e-9 if part.bound else 1e-9)  # a claim of no gain allows a gain up to its margin


def _readings(part: Part, named: Mapping[RowName, Printed], rows: Sequence[Printed]) -> list[dict[RowName, Printed]]:
    """Every other combination of numbers that are printed for the part's runs; cited rows are other trainings."""
    choices = []
    for name in part.rows:
        own = named[name]
        same = [
            r for r in rows if (r.dataset, r.run) == (own.dataset, own.run) and "cited" not in (r.origin, own.origin)
        ]
        choices.append([own, *(row for row in same if row != own)])
    return [dict(zip(part.rows, reading, strict=True)) for reading in product(*choices)][1:]


def _numbers(part: Part, numbers: Mapping[RowName, Printed]) -> str:
    terms = [f"{numbers[row][part.column]:.2f} ({_place(row, numbers[row])})" for row in part.rows]
    value = _value(part, numbers)
    return f"{part.column} {' against '.join(terms)}: {value:+.2f}"


def _place(row: RowName, printed: Printed) -> str:
    """Where a number was read: in the row the claim names, if that prints it, else in the first that does."""
    index = printed.names.index(row) if row in printed.names else 0
    return f"{printed.titles[index]}: {printed.names[index].label}"


def _finding(claim: Claim, severity: str, dataset: str, numbers: str, difference: float, more: str = "") -> Finding:
    sentence = f"the text says: {claim.statement}{more}"
    return Finding("claim", severity, dataset, f"{claim.section}: {claim.id}", numbers, difference, sentence)
