"""docs/demo.md: its numbers are those of config/reference/demo.csv."""

from math import sqrt
from pathlib import Path
from statistics import fmean, stdev, variance

import pytest
from markdown_tables import cells_of
from page_prose import prose_of

from ltmlc.data.sources.open import open_source
from ltmlc.data.split import make_split
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.plan.grid import Grid, load_grid

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
PROSE = prose_of("docs/demo.md")
STEPS = ("LSEP (Table 2)", "+ class-wise, gamma 5", "+ negative gradient constraint (DR)", "+ DB Focal")
DATASETS = {"digits20-lt": "digits20-LT", "digits80-lt": "digits80-LT"}


@pytest.fixture(scope="module")
def grid() -> Grid:
    return load_grid(ROOT / "config" / "demo.yaml", ROOT)


@pytest.fixture(scope="module")
def totals() -> dict[str, dict[str, dict[int, float]]]:
    """Percent by data set, run and seed."""
    runs = read_reference(ROOT / "config" / "reference" / "demo.csv")
    return {
        dataset: {
            run: {seed: each["total"] for seed, each in seeds.items()}
            for (name, run), seeds in runs.items()
            if name == dataset
        }
        for dataset in DATASETS
    }


def differences(totals, run: str, over: str) -> list[float]:
    """Points of a run above another one, seed by seed."""
    return [totals[run][seed] - totals[over][seed] for seed in (0, 1)]


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_table(dataset, grid, totals):
    own, settings = totals[dataset], grid.datasets[dataset]
    runs = dict(zip(STEPS, (row.run[dataset] for row in grid.tables["table2"].rows), strict=True))
    expected = {label: fmean(own[run].values()) for label, run in runs.items()}
    expected["BCE, class-aware sampler (RS)"] = fmean(own["bce_recipe-db"].values())
    split = make_split(dataset, open_source(settings, "unused"), settings)
    expected["chance"] = split_controls(split)["chance"]["total"]
    expected[f"spread between the {len(own)} methods (sd)"] = stdev(fmean(each.values()) for each in own.values())
    pooled = sqrt(fmean(variance(each.values()) for each in own.values()))
    expected["spread between seeds (pooled sd)"] = pooled
    printed = {label: cell for (label, head), cell in cells_of(PAGE).items() if head == DATASETS[dataset]}
    assert printed == {label: f"{value:.1f}" for label, value in expected.items()}


def test_class_wise_beside_sample_wise(totals):
    gammas = ("", "_gamma-3", "_gamma-5")
    few, many = ([differences(totals[name], f"c_lsep{gamma}", f"lsep{gamma}") for gamma in gammas] for name in DATASETS)
    first, second, third = (f"{fmean(each):.1f}" for each in few)
    assert f"on digits20-LT at each gamma and with both seeds (by {first}, {second} and {third})" in PROSE
    assert min(map(min, few)) > 0
    loss, tie, gain = map(fmean, many)
    assert f"On digits80-LT it loses by {-loss:.1f} at gamma 1 (with both seeds" in PROSE and max(many[0]) < 0
    assert f"ties at 3 and gains {gain:.1f} at 5" in PROSE and abs(tie) < 0.05


def test_the_constraint_and_the_seeds(grid, totals):
    gains = []
    for dataset in DATASETS:
        _, before, after, _ = (row.run[dataset] for row in grid.tables["table2"].rows)
        gains.append(differences(totals[dataset], after, before))
    few, many = (f"{fmean(each):.1f}" for each in gains)
    assert f"helps on both with both seeds ({few}; {many})" in PROSE and min(map(min, gains)) > 0
    between = fmean(each[1] - each[0] for each in totals["digits20-lt"].values())
    assert f"seed 1 lies {between:.1f} above seed 0 on digits20-LT" in PROSE


def test_every_number_of_the_other_processor_is_counted(grid):
    """That run is not kept: its verdicts have to be those of all cells."""
    cells = sum(len(row.run) for table in grid.tables.values() for row in table.rows) * len(COLUMNS)
    assert f"{cells - 10} of {cells} are within noise, ten inconclusive, none above or below" in PROSE
