"""A step of a table that changes two things at once, split by another table's runs (``split_step`` of its file). The
same for the published numbers and for ours.
"""

from collections.abc import Mapping
from statistics import fmean

from ltmlc.evidence.results.results import Results
from ltmlc.plan.grid import Grid, StepSplit, Table


def split_step(split: StepSplit, here: Mapping[str, float], there: Mapping[str, float]) -> dict[str, float] | None:
    """The whole step and its parts in both orders, by what they are called; None where a row has no total.

    ``here``: label -> total, of the table with the step; ``there``: of the other table.
    """
    if not (here.keys() >= set(split.step) and there.keys() >= set(split.rows)):
        return None
    neither, one, other, both = (there[label] for label in split.rows)
    first, second = split.changes
    before, after = (here[label] for label in split.step)
    orders = {f"{first} first": one - neither, f"then {second}": both - one}
    orders |= {f"{second} first": other - neither, f"then {first}": both - other}
    return {"whole": after - before, **orders}


def step_text(step: Mapping[str, float], split: StepSplit, by: str, *, where: str = "as a whole") -> str:
    """The parts in words; ``by``: the title of the other table."""
    orders = [
        f"{one} {step[f'{one} first']:+.2f}, then {other} {step[f'then {other}']:+.2f}"
        for one, other in (split.changes, split.changes[::-1])
    ]
    return f"{step['whole']:+.2f} {where}; by {by} {'; or '.join(orders)}"


def our_steps(grid: Grid, results: Results, table: Table) -> list[str]:
    """One sentence a data set whose rows share a seed with results; means over the seeds that all share."""
    split = table.split
    if split is None or split.table not in grid.tables:
        return []
    other = grid.tables[split.table]
    sentences = []
    for dataset, title in grid.titles.items():
        scores = [
            {row.label: results.draws(dataset, row.run[dataset], "total") for row in each.rows if row.label in labels}
            for each, labels in ((table, split.step), (other, split.rows))
        ]
        shared = set.intersection(*(set(values) for side in scores for values in side.values()))
        if shared:
            means = [{label: fmean(v[seed] for seed in shared) for label, v in side.items()} for side in scores]
            text = step_text(split_step(split, *means), split, other.title)
            sentences.append(f"{title}: {split.step[1]} {text}")
    return sentences
