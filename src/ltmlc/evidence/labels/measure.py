"""CP, CR, CF1, OP, OR, OF1 and macro F1 of runs, from the test logits beside their metrics files."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from ltmlc.data.split import Split
from ltmlc.errors import InputError
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.uncertainty.noise import sample_sd
from ltmlc.evidence.uncertainty.pairs import logits_of
from ltmlc.metrics import LABEL_METRICS, above, label_metrics, top
from ltmlc.plan.grid import Grid, Row, Table
from ltmlc.plan.lookup import PREDICTIONS

DECISIONS = {"": above, "top3_": top}
"""Beginning of a column's name -> how logits become labels: those above 0, or the three largest of each image."""
LABEL_COLUMNS = tuple(f"{begin}{name}" for begin in DECISIONS for name in LABEL_METRICS)

LabelScores = Mapping[tuple[str, str, int], Mapping[str, float]]
"""(data set, run, seed) -> column -> percent."""


@dataclass(frozen=True)
class LabelRow:
    """One row of a table on one data set, in percent; ``sd`` is empty for fewer than two seeds, both for none."""

    table: Table
    row: Row
    dataset: str
    n: int  # seeds with predictions, copies of one counted once
    mean: Mapping[str, float]
    sd: Mapping[str, float]


def label_scores(
    results: Results, splits: Mapping[str, Split]
) -> tuple[dict[tuple[str, str, int], dict[str, float]], list[str]]:
    """Of every finished run that has predictions (evidence may be kept without) and a split, and a message for each
    file of them that cannot be used.
    """
    scores, messages = {}, []
    for result in results.with_status("finished"):
        split = splits.get(result.dataset)
        if split is None or not (result.directory / PREDICTIONS).exists():
            continue
        try:
            logits = logits_of(result, split)
        except InputError as error:
            messages.append(str(error))
            continue
        scores[result.dataset, result.run, result.seed] = {
            f"{begin}{name}": 100 * value
            for begin, decide in DECISIONS.items()
            for name, value in label_metrics(decide(logits), split.test_matrix).items()
        }
    return scores, messages


def label_rows(grid: Grid, results: Results, scores: LabelScores) -> list[LabelRow]:
    """Every row of the tables on every data set, as printed from top to bottom; points of figures are left out."""
    return [
        _label_row(table, row, dataset, _draws(results, dataset, row.run[dataset], scores))
        for table in grid.tables.values()
        if table.kind == "table"
        for dataset in grid.datasets
        for row in table.rows
    ]


def _draws(results: Results, dataset: str, run: str, scores: LabelScores) -> list[Mapping[str, float]]:
    """Of one run; copies of a seed once."""
    measured = [seed for seed in results.seeds if (dataset, run, seed) in scores]
    return [scores[dataset, run, seed] for seed in results.distinct(dataset, [run], measured)]


def _label_row(table: Table, row: Row, dataset: str, seeds: list[Mapping[str, float]]) -> LabelRow:
    values = {column: [seed[column] for seed in seeds] for column in LABEL_COLUMNS}
    mean = {column: fmean(each) for column, each in values.items() if each}
    sd = {column: sd for column, each in values.items() if (sd := sample_sd(each)) is not None}
    return LabelRow(table, row, dataset, len(seeds), mean, sd)
