"""docs/other-images.md: what is said of Tables 2 and 4, for other seeds and other test images at once.

`python docs/other_images.py` writes the table anew from config/reference alone; a test holds the page to it. `python
docs/other_images.py RESULTS` first packs the scores of these rows from the results of config/voc07-frozen.yaml, if
their metrics are those that are committed.
"""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from page_parts.marked import page_with

from ltmlc.evidence.claims.file import Claim, load_claims
from ltmlc.evidence.claims.measure import Measured, measure, spreads_of
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.archive import read_splits
from ltmlc.evidence.results.results import COLUMNS, Results, load_results
from ltmlc.evidence.tables.cells import named_rows
from ltmlc.evidence.uncertainty.bootstrap import read_predictions, weighted_average_precision
from ltmlc.evidence.uncertainty.moderated import added
from ltmlc.evidence.uncertainty.noise import Spread
from ltmlc.plan.grid import Grid, load_grid

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "other-images.md"
KEPT = ROOT / "config" / "reference" / "voc07-lt-frozen"
SCORES = ROOT / "config" / "reference" / "voc07-lt-frozen-scores.npz"
RESAMPLES = 400
SECTIONS = ("4.3", "4.3, Table 4")  # Tables 2 and 4


def paper() -> Grid:
    return load_grid(ROOT / "config" / "voc07-frozen-evidence.yaml", ROOT)


def claims() -> list[Claim]:
    return [claim for claim in load_claims(root=ROOT) if claim.section in SECTIONS and claim.parts_for("voc-lt")]


def runs_of(grid: Grid, dataset: str) -> list[str]:
    """The runs behind the rows of Tables 2 and 4, each once."""
    return sorted({row.run[dataset] for name in ("table2", "table4") for row in grid.tables[name].rows})


def pack(folder: str | Path) -> None:
    """Write ``SCORES``: logits in float16 by run and seed, labels as bits. A run that is not the committed one to the
    last bit is refused.
    """
    grid = paper()
    (dataset,) = grid.datasets
    committed, made = load_results(grid, KEPT), load_results(grid, folder)
    arrays = {}
    for run in runs_of(grid, dataset):
        for ours, theirs in zip(committed.of(dataset, run), made.of(dataset, run), strict=True):
            if ours.metrics["ap_per_class"] != theirs.metrics.get("ap_per_class"):
                sys.exit(f"{theirs.name} is not the run that is committed")
            logits, labels, _ = read_predictions(theirs.directory / "predictions.npz")
            arrays[f"{run}/{ours.seed}"] = logits.astype(np.float16)
    np.savez_compressed(SCORES, labels=np.packbits(labels), shape=np.array(labels.shape), **arrays)


def read_scores(runs: Sequence[str], seeds: Sequence[int]) -> tuple[np.ndarray, dict[tuple[str, int], np.ndarray]]:
    """Labels (N, C), and logits (N, C) by run and seed."""
    with np.load(SCORES, allow_pickle=False) as file:
        shape = tuple(file["shape"])
        labels = np.unpackbits(file["labels"], count=int(np.prod(shape))).reshape(shape)
        return labels, {(run, seed): file[f"{run}/{seed}"].astype(np.float32) for run in runs for seed in seeds}


def resampled(
    runs: Sequence[str], seeds: Sequence[int], groups: Mapping[str, Sequence[int]]
) -> dict[str, dict[str, np.ndarray]]:
    """mAP in percent by run and column, mean over the seeds, on ``RESAMPLES`` draws of as many test images; the same
    draws for all.
    """
    labels, scores = read_scores(runs, seeds)
    images = len(labels)
    weights = np.random.default_rng(0).multinomial(images, np.full(images, 1 / images), RESAMPLES).T.astype(np.float32)
    members = {"total": list(range(labels.shape[1])), **{name: list(groups[name]) for name in COLUMNS[1:]}}
    found = {}
    for run in runs:
        precision = 100 * np.mean([weighted_average_precision(scores[run, k], labels, weights) for k in seeds], axis=0)
        found[run] = {name: np.nanmean(precision[:, each], axis=1) for name, each in members.items()}
    return found


def measured(grid: Grid, results: Results) -> Iterator[tuple[Claim, Measured]]:
    """Every comparison of these sentences; spreads between seeds are shrunk as `ltmlc claims` does."""
    (dataset,) = grid.datasets
    rows = named_rows(grid)
    everything = [claim for claim in load_claims(root=ROOT) if claim.parts_for("voc-lt")]
    found = [
        (claim, measure(part, dataset, rows, results)) for claim in everything for part in claim.parts_for("voc-lt")
    ]
    spreads = spreads_of([each for _, each in found if each])
    wanted = [claim.id for claim in claims()]
    for claim, each in found:
        if each and claim.id in wanted:
            yield claim, Measured(each.part, each.contrast, each.draws, spreads[each.contrast])


def over_images(each: Measured, draws: Mapping[str, Mapping[str, np.ndarray]]) -> float:
    """Standard deviation of a comparison between draws of test images."""
    weights, column, less = each.contrast
    values = sum(weight * (draws[run][column] - (draws[run][less] if less else 0.0)) for run, weight in weights)
    return float(np.std(values, ddof=1))


def together(each: Measured, images: float) -> float:
    """Half the 95 % interval for other seeds and other images: both variances added, degrees of freedom by
    Satterthwaite; that of the images is taken as known.
    """
    seeds = Spread(each.spread.variance / len(each.draws), each.spread.df)
    return added([seeds, Spread(images**2, math.inf)]).half_width(1)


@cache
def table() -> str:
    grid = paper()
    (dataset,) = grid.datasets
    results = load_results(grid, KEPT)
    draws = resampled(runs_of(grid, dataset), grid.seeds, read_splits(KEPT, grid.datasets)[dataset].groups)
    lines = []
    for claim, each in measured(grid, results):
        images = over_images(each, draws)
        half = together(each, images)
        excluded = "yes" if each.excess > half else "no, the other way" if each.excess < -half else "no"
        numbers = [f"{each.mean:+.2f}", *(f"± {width:.2f}" for width in (each.width(), 1.96 * images, half))]
        lines.append([claim.statement, str(each.part), *numbers, excluded])
    header = ["sentence", "comparison", "difference", "other seeds", "other images", "both", "bound excluded"]
    return markdown_table(header, lines, left=2).strip()


if __name__ == "__main__":
    for results_folder in sys.argv[1:]:
        pack(results_folder)
    PAGE.write_text(page_with(PAGE, "other images", table()), encoding="utf-8")
