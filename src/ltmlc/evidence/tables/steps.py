"""Table 2's step "+ CW" split in two: it goes from sample-wise, gamma 1, to class-wise, gamma 5, at once; Table 3 has
the corners between. The same for the published numbers and for ours, whose runs are trained anyway.
"""

from collections.abc import Mapping
from statistics import fmean

from ltmlc.evidence.claims.predicates import RowName
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.cells import named_rows
from ltmlc.plan.grid import Grid, Table

# The step as a whole, then by both orders: (before, after).
CORNERS = {
    "whole": (RowName("table2", "LSEP"), RowName("table2", "LSEP + CW")),
    "class-wise first": (RowName("table3", "LSEP (γ = 1)"), RowName("table3", "C-LSEP (γ = 1)")),
    "then gamma": (RowName("table3", "C-LSEP (γ = 1)"), RowName("table3", "C-LSEP (γ = 5)")),
    "gamma first": (RowName("table3", "LSEP (γ = 1)"), RowName("table3", "LSEP (γ = 5)")),
    "then class-wise": (RowName("table3", "LSEP (γ = 5)"), RowName("table3", "C-LSEP (γ = 5)")),
}


def split_step(total: Mapping[RowName, float]) -> dict[str, float] | None:
    """The step and its parts from the rows' totals; None where one is not there."""
    if not all(name in total for pair in CORNERS.values() for name in pair):
        return None
    return {what: total[after] - total[before] for what, (before, after) in CORNERS.items()}


def step_text(step: Mapping[str, float], *, of_table_2: str = "in Table 2") -> str:
    one = f"class-wise {step['class-wise first']:+.2f}, then gamma {step['then gamma']:+.2f}"
    other = f"gamma {step['gamma first']:+.2f}, then class-wise {step['then class-wise']:+.2f}"
    return f"{step['whole']:+.2f} {of_table_2}; by Table 3 {one}; or {other}"


def our_steps(grid: Grid, results: Results, table: Table) -> list[str]:
    """Beneath a table with the step: one sentence a data set whose corners have all a result on one seed; means over
    the seeds that all share.
    """
    if CORNERS["whole"][1].label not in [row.label for row in table.rows]:
        return []
    rows = named_rows(grid)
    names = {name for pair in CORNERS.values() for name in pair}
    if not names <= rows.keys():
        return []
    sentences = []
    for dataset, settings in grid.datasets.items():
        scores = {name: results.scores(dataset, rows[name].run[dataset], "total") for name in names}
        shared = set.intersection(*map(set, scores.values()))
        if shared:
            step = split_step({name: fmean(values[seed] for seed in shared) for name, values in scores.items()})
            sentences.append(f"{settings.get('title', dataset)}: LSEP + CW {step_text(step, of_table_2='as a whole')}")
    return sentences
