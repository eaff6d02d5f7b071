"""The published numbers against themselves, before any training.

Four questions that need no run: does a total equal the class-weighted mean of its splits; does the paper print one
number for one run; do different runs have the same numbers; does the text say what the tables say. The answers decide
how exactly a reproduction can be asked to agree (:func:`ltmlc.evidence.results.reference.rounding_tolerance`).
"""

from collections.abc import Sequence
from pathlib import Path

from ltmlc.evidence.audit.checks import granularity, same_run, totals, two_steps
from ltmlc.evidence.audit.claims import claims_against_tables
from ltmlc.evidence.audit.copies import copies
from ltmlc.evidence.audit.rows import SEVERITIES, Finding, printed_rows
from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.claims.predicates import TWINS
from ltmlc.plan.grid import Grid, load_grid


def paper_grid(root: str | Path = ".") -> Grid:
    """All tables of the paper on its own two data sets, whatever a configuration asks for."""
    return load_grid({"datasets": list(TWINS)}, root)


def audit(grid: Grid, claims: Sequence[Claim] = ()) -> list[Finding]:
    """Everything the published numbers say against each other, and the ``claims`` against the tables, gravest first.

    ``grid``: best :func:`paper_grid`; data sets without published numbers are passed over.
    """
    rows = printed_rows(grid)
    findings = [
        *(finding for check in (same_run, copies, totals, granularity) for finding in check(rows)),
        *two_steps(rows, grid.tables),
        *claims_against_tables(rows, claims),
    ]
    return sorted(findings, key=lambda finding: list(SEVERITIES).index(finding.severity))
