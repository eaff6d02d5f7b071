"""The checks of the audit that look at numbers alone (METHODS.md 5)."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

from ltmlc.evidence.audit.rows import Finding, Printed, numbers_text
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.results.reference import PAPER_GROUPS, PRINTED, on_whole_percent_grid
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.tables.steps import split_step, step_text
from ltmlc.evidence.uncertainty.noise import chance_among
from ltmlc.plan.grid import Table

ROUNDING = 2 * PRINTED + 1e-4  # of a total, and of a mean of three numbers, each printed with two decimals


def same_run(rows: Sequence[Printed]) -> list[Finding]:
    """One specification, several numbers. A cited row was trained by others, so it may differ."""
    findings = []
    for group in grouped(rows, lambda row: (row.dataset, row.run)).values():
        if len(group) == 1:
            continue
        cited = any(row.origin == "cited" for row in group)
        severity, sentence = "contradiction", "one run, printed with different numbers"
        if cited:
            severity = "note"
            sentence = "one method, cited from another paper and trained again: how far two trainings of it differ"
        if swapped := _swapped_digits(group):
            sentence += f"; {swapped}"
        where, numbers = ("; ".join(texts) for texts in ((row.where for row in group), map(str, group)))
        spread = max(row["total"] for row in group) - min(row["total"] for row in group)
        findings.append(Finding("same run", severity, group[0].dataset, where, numbers, spread, sentence))
    return findings


def _swapped_digits(group: Sequence[Printed]) -> str:
    for first, second in combinations(group, 2):
        for column in COLUMNS:
            a, b = f"{first[column]:.2f}", f"{second[column]:.2f}"
            if a != b and sorted(a) == sorted(b):
                return f"{a} and {b} ({column}) have the same digits in another order"
    return ""


def totals(rows: Sequence[Printed]) -> list[Finding]:
    """Totals against the class-weighted means of their splits, where rounding does not explain the difference.

    The splits of the authors' own rows are means of APs in whole percent, so their weighted mean over C classes has a
    rounding error of standard deviation sqrt(1/12/C): 0.065 on VOC-LT, 0.032 on COCO-LT. To rows whose three splits
    are such means as many of these are granted as chance gives among so many rows (5 % over all of them).
    """
    findings = []
    whole_rows = [row for row in rows if row.origin != "cited" and not off_grid(row)]
    granted = chance_among(len(whole_rows))
    among = f"among {len(whole_rows)} such rows chance gives up to {granted:.1f}"
    for row in rows:
        implied = implied_total(row)
        difference = row["total"] - implied
        if abs(difference) <= ROUNDING:
            continue
        sd = math.sqrt(1 / 12 / sum(PAPER_GROUPS[row.dataset].values()))
        severity = "contradiction"
        sentence = "not explained by rounding: its splits are no means of APs in whole percent"
        if row in whole_rows:
            explained = abs(difference) <= granted * sd
            severity = "note" if explained else "contradiction"
            how = "explained by" if explained else "too far even for"
            off = f"{abs(difference) / sd:.2f} sd; {among}"
            sentence = f"{how} splits that average APs in whole percent ({off})"
        numbers = f"total {row['total']:.2f}, from its splits {implied:.2f} ({numbers_text(row.numbers[1:])})"
        findings.append(Finding("total", severity, row.dataset, row.where, numbers, difference, sentence))
    return findings


def implied_total(row: Printed) -> float:
    classes = PAPER_GROUPS[row.dataset]
    return sum(number * classes[group] for group, number in row.splits.items()) / sum(classes.values())


def off_grid(row: Printed) -> list[str]:
    """The splits that are no means of APs in whole percent."""
    classes = PAPER_GROUPS[row.dataset]
    return [group for group, number in row.splits.items() if not on_whole_percent_grid(number, classes[group])]


def granularity(rows: Sequence[Printed]) -> list[Finding]:
    """Where the authors' own splits are multiples of 1 / classes, and where they are not."""
    findings = []
    for dataset, group in grouped((row for row in rows if row.origin != "cited"), lambda row: row.dataset).items():
        classes = PAPER_GROUPS[dataset]
        outside = [row for row in group if off_grid(row)]
        steps = ", ".join(f"1/{number}" for number in classes.values())
        rows_text = f"{len(group)} distinct rows trained by the authors"
        numbers = f"{len(group) - len(outside)} of {len(group)} rows on the grid {steps}"
        sentence = "their head, medium and tail are means of class APs that were rounded to whole percent first"
        findings.append(Finding("granularity", "note", dataset, rows_text, numbers, None, sentence))
        findings += [_off_grid(row) for row in outside]
        findings += [finding for row in group if not off_grid(row) for finding in _cut_off(row, classes)]
    return findings


def _off_grid(row: Printed) -> Finding:
    sentence = "splits off the grid of the authors' other rows"
    if abs(row["total"] - implied_total(row)) <= ROUNDING:
        sentence += ", and in agreement with the total: probably taken from another paper"
    numbers = ", ".join(f"{group} {row[group]:.2f}" for group in off_grid(row))
    return Finding("granularity", "suspicion", row.dataset, row.where, numbers, None, sentence)


def _cut_off(row: Printed, classes: dict[str, int]) -> list[Finding]:
    """Splits that are on the grid only if their last digit was cut off, not rounded."""
    findings, sentence = [], "on the grid only if the last digit was cut off instead of rounded"
    for group, number in row.splits.items():
        nearest = round(number * classes[group])
        off = number - nearest / classes[group]
        if abs(off) > PRINTED + 1e-9:
            numbers = f"{group} {number:.2f}; {nearest}/{classes[group]} = {nearest / classes[group]:.4f}"
            findings.append(Finding("granularity", "note", row.dataset, row.where, numbers, off, sentence))
    return findings


def two_steps(rows: Sequence[Printed], tables: Mapping[str, Table]) -> list[Finding]:
    """Steps that change two things at once, split by another table's rows in both orders (``split_step``)."""
    findings = []
    for table in (each for each in tables.values() if each.split and each.split.table in tables):
        split, other = table.split, tables[table.split.table]
        for dataset, group in grouped(rows, lambda row: row.dataset).items():
            totals = [
                {name.label: row["total"] for row in group for name in row.names if name.table == each}
                for each in (table.name, other.name)
            ]
            step = split_step(split, *totals)
            if step is None:
                continue
            first, second = split.changes
            where = f"{table.title}: {split.step[1]}; {other.title}: {', '.join(split.rows)}"
            numbers = step_text(step, split, other.title, where=f"in {table.title}")
            rest = step["whole"] - step[f"{first} first"] - step[f"then {second}"]
            sentence = f"the step changes {first} and {second} at once; {other.title} has the two apart"
            findings.append(Finding("two steps", "note", dataset, where, numbers, rest, sentence))
    return findings
