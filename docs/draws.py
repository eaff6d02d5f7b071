"""docs/draws.md: Table 2 on other draws of the training subset, beside the first one, which all other pages are about.

`python docs/draws.py` writes the tables anew from config/reference alone, for as many draws as have runs there; a test
holds the page to them.
"""

from pathlib import Path
from statistics import fmean, stdev

from other_images import KEPT, measured, paper
from page_parts.marked import page_with

from ltmlc.evidence.claims.measure import measure
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.results import COLUMNS, load_results
from ltmlc.evidence.tables.cells import named_rows
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.plan.grid import Grid, load_grid

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "draws.md"
DRAWS = ROOT / "config" / "reference" / "voc07-lt-frozen-draws"
SEEDS = 2  # of each draw


def drawn() -> tuple[Grid, list[str]]:
    """The configuration of the draws, and those of which runs are committed."""
    grid = load_grid(ROOT / "config" / "voc07-draws.yaml", ROOT)
    return grid, [dataset for dataset in grid.datasets if (DRAWS / "runs" / dataset).is_dir()]


def _line(first: float, others: list[float], by_seeds: float) -> list[str]:
    """The first subset, each draw, their mean and sd, and how many lie further off than seeds would bring them."""
    beyond = sum(abs(each - first) > by_seeds for each in others)
    together = f"{fmean(others):.2f} ± {stdev(others):.2f}"
    each_draw = (f"{each:.2f}" for each in others)
    return [f"{first:.2f}", *each_draw, together, f"± {by_seeds:.2f}", f"{beyond} of {len(others)}"]


def scores() -> str:
    """Every row and column of Table 2."""
    grid, draws = drawn()
    committed, made = load_results(paper(), KEPT), load_results(grid, DRAWS)
    rows, (dataset,) = grid.tables["table2"].rows, paper().datasets
    lines = []
    for column in COLUMNS:
        first = [committed.draws(dataset, row.run[draws[0]], column) for row in rows]
        for row, numbers, spread in zip(rows, first, moderate(first), strict=True):
            others = [fmean(made.draws(draw, row.run[draw], column).values()) for draw in draws]
            width = spread.half_width(len(numbers), SEEDS)
            lines.append([row.label, column, *_line(fmean(numbers.values()), others, width)])
    return _table(["row", "column"], lines, draws)


def differences() -> str:
    """Every comparison of the sentences about Table 2; a draw's spread between seeds is taken for that of the first
    subset, which five seeds measure.
    """
    grid, draws = drawn()
    made = load_results(grid, DRAWS)
    rows = named_rows(grid)
    lines = []
    for claim, each in measured(paper(), load_results(paper(), KEPT)):
        if all(row in rows for row in each.part.rows):
            others = [measure(each.part, draw, rows, made).mean for draw in draws]
            width = each.spread.half_width(len(each.draws), SEEDS)
            lines.append([claim.statement, str(each.part), *_line(each.mean, others, width)])
    return _table(["sentence", "comparison"], lines, draws)


def _table(named: list[str], lines: list[list[str]], draws: list[str]) -> str:
    names = [draw.rpartition("-draw")[2] for draw in draws]
    header = [*named, "first subset", *(f"draw {name}" for name in names), "draws", "seeds alone", "beyond seeds"]
    return markdown_table(header, lines, left=2).strip()


def text() -> str:
    return f"{differences()}\n\n{scores()}"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE, "draws", text()), encoding="utf-8")
