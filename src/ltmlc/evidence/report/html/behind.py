"""What stands behind a number, line by line, and how numbers are written."""

from ltmlc.errors import counted_noun
from ltmlc.evidence.comparison.verdicts import Comparison
from ltmlc.evidence.markup import number
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.look import Look
from ltmlc.evidence.tables.cells import Cell
from ltmlc.plan.grid import Row

ORIGINS = {"own": "run by the authors", "cited": "cited by them", "retrained": "others' loss, their training"}


def lines_behind(
    evidence: Evidence, row: Row, cell: Cell, column: str, comparison: Comparison | None, look: Look
) -> list[tuple[str, str]]:
    """Term and text; the seeds one by one, then what the number is held against."""
    lines = []
    if cell.status == "finished" and cell.mean[column] is not None:
        sd = "" if cell.sd[column] is None else f" ± {cell.sd[column]:.2f}"
        scores = evidence.results.draws(cell.dataset, cell.run, column)
        lines.append(("ours", f"{cell.mean[column]:.2f}{sd}"))
        lines.append(("seeds", ", ".join(f"{seed}: {value:.2f}" for seed, value in scores.items())))
    elif cell.status == "missing":
        lines.append(("ours", "not run yet"))
    lines += [("failed", f"seed {r.seed}: {r.error}") for r in cell.failed]
    if comparison:
        lines.append(_reference_line(evidence, row, comparison))
    if comparison and comparison.difference is not None:
        shared = "" if comparison.n == cell.n else f", over the {comparison.n} seeds that both have"
        lines.append(("difference", f"{signed(comparison.difference)}{shared}"))
    if comparison and comparison.low is not None:
        lines.append(("expected", f"{comparison.low:.2f} to {comparison.high:.2f} (95 %, df {comparison.df:.1f})"))
    if comparison:
        why = f": {comparison.reason}" if comparison.reason else ""
        lines.append(("verdict", f"{look.sign} {look.word}{why}"))
    return lines


def _reference_line(evidence: Evidence, row: Row, comparison: Comparison) -> tuple[str, str]:
    if evidence.published:
        return "published", f"{comparison.reference:.2f} ({ORIGINS.get(row.origin, row.origin)})"
    seeds = counted_noun(comparison.reference_n, "seed")
    return "reference", f"{comparison.reference:.2f} (mean of {seeds}, {evidence.diff.against})"


def signed(value: float | None) -> str:
    """With a real minus sign, as wide as a plus."""
    return number(value, sign="+").replace("-", "−")
