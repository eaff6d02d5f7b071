"""All that is to be said of a grid's results, worked out once for every page that says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ltmlc.data.split import Split
from ltmlc.errors import InputError
from ltmlc.evidence.audit.audit import audit, paper_grid
from ltmlc.evidence.audit.rows import Finding
from ltmlc.evidence.claims.facts import read_thresholds
from ltmlc.evidence.claims.file import Claim, load_claims
from ltmlc.evidence.claims.judge import Verdict, judge_claims
from ltmlc.evidence.comparison.compare import Diff, compare
from ltmlc.evidence.comparison.verdicts import Comparison
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import Cell, table_cells
from ltmlc.plan.grid import Grid, Row


@dataclass(frozen=True)
class Evidence:
    """A grid, its results and every judgement of them."""

    grid: Grid
    results: Results
    splits: Mapping[str, Split]
    root: Path  # the folder with config/, workflow/report/ and CITATION.cff
    diff: Diff
    problem: str  # in words, why there is no reference; empty where there is one
    claims: tuple[Claim, ...]
    verdicts: list[Verdict] = field(repr=False)
    findings: list[Finding] = field(repr=False)  # of the audit

    @property
    def titles(self) -> dict[str, str]:
        """Data set -> what it is called."""
        return {name: settings.get("title", name) for name, settings in self.grid.datasets.items()}

    @property
    def published(self) -> bool:
        """Whether the numbers compared with are the paper's, not earlier ones of our own."""
        return self.diff.against == "published"

    @property
    def figures(self) -> Path:
        return Path(self.grid.config.get("figures", "figures"))

    @cached_property
    def rows(self) -> dict[str, list[tuple[Row, dict[str, Cell]]]]:
        """Table -> its rows with their cells by data set."""
        return {name: table_cells(table, self.results) for name, table in self.grid.tables.items()}

    @cached_property
    def comparisons(self) -> dict[tuple[str, str, str, str, str], Comparison]:
        """(table, row, run, data set, column) -> the comparison of that cell, where there is one."""
        return {(cell.table, cell.row, cell.run, cell.dataset, cell.column): cell for cell in self.diff.cells}


def gather(
    grid: Grid, results: Results, *, splits: Mapping[str, Split] | None = None, root: str | Path = "."
) -> Evidence:
    """Compare, judge and audit whatever is finished; what is missing is said to be missing, never an error.

    Args:
        grid: the declared tables.
        results: from :func:`ltmlc.evidence.results.results.load_results`.
        splits: :class:`ltmlc.data.split.Split` by data set, where they exist.
        root: the folder with ``config/`` and ``CITATION.cff``; what it lacks is taken from this project.
    """
    root, splits = Path(root), splits or {}
    curves = read_thresholds(Path(grid.config.get("figures", "figures")) / "fig3.csv")
    claims = load_claims(root=root)
    diff, problem = _compare(grid, results)
    return Evidence(
        *(grid, results, splits, root, diff, problem, claims),
        verdicts=judge_claims(grid, results, claims, splits=splits, curves=curves),
        findings=audit(paper_grid(root), claims),
    )


def _compare(grid: Grid, results: Results) -> tuple[Diff, str]:
    """The comparison, and in words why there is no reference."""
    against = grid.config.get("reference", "published")
    try:
        reference = None if against == "published" else read_reference(against)
    except InputError as error:
        return compare(grid, results, reference={}, against=against), f"No reference to compare with yet: {error}."
    return compare(grid, results, reference=reference, against=against), ""
