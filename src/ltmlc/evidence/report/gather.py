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
from ltmlc.evidence.claims.judge import judge_claims
from ltmlc.evidence.claims.report import ABOUT_NONE, counted
from ltmlc.evidence.claims.verdict import Verdict
from ltmlc.evidence.comparison.compare import Diff, compare
from ltmlc.evidence.comparison.verdicts import Comparison
from ltmlc.evidence.labels.measure import LabelRow, label_rows, label_scores
from ltmlc.evidence.results.reference import Reference, read_reference
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import Cell, table_cells
from ltmlc.plan.grid import Grid, Row


@dataclass(frozen=True)
class Evidence:
    """A grid, its results and every judgement of them, each made when it is first asked for.

    What is missing is said to be missing, never an error.
    """

    grid: Grid
    results: Results
    splits: Mapping[str, Split] = field(default_factory=dict)
    root: Path = Path()  # with config/ and CITATION.cff; what it lacks is taken from this project

    @cached_property
    def reference(self) -> Reference | None:
        """Earlier runs to compare with, None for the published numbers. Raises InputError where they are not there."""
        return None if self.published else read_reference(self.against)

    @cached_property
    def problem(self) -> str:
        """In words, why there is no reference; empty where there is one."""
        try:
            _ = self.reference
        except InputError as error:
            return f"No reference to compare with yet: {error}."
        return ""

    @cached_property
    def diff(self) -> Diff:
        reference = {} if self.problem else self.reference
        return compare(self.grid, self.results, reference=reference, against=self.against)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        return load_claims(root=self.root)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Of the claims."""
        curves = read_thresholds(self.figures / "fig3.csv")
        return judge_claims(self.grid, self.results, self.claims, splits=self.splits, curves=curves)

    @property
    def counted(self) -> list[Verdict]:
        """Of the verdicts, those that are a test of their own."""
        return counted(self.verdicts)

    @cached_property
    def findings(self) -> list[Finding]:
        """Of the audit."""
        return audit(paper_grid(self.root), self.claims)

    @cached_property
    def labels(self) -> tuple[list[LabelRow], list[str]]:
        """Precision, recall and F1 of the rows of the tables; a message for each file of predictions that is no use."""
        scores, messages = label_scores(self.results, self.splits)
        return label_rows(self.grid, self.results, scores), messages

    @property
    def titles(self) -> dict[str, str]:
        """Data set -> what it is called."""
        return self.grid.titles

    @property
    def subjects(self) -> dict[str, str]:
        """What a verdict is about, a data set or (empty) none alone -> how that is called."""
        return {**self.titles, "": ABOUT_NONE}

    @property
    def published(self) -> bool:
        """Whether the numbers compared with are the paper's, not earlier ones of our own."""
        return self.against == "published"

    @property
    def against(self) -> str:
        return self.grid.config.get("reference", "published")

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
