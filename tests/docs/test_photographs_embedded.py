"""The page on embedded activations says what the committed runs say."""

import re
from pathlib import Path

import numpy as np
from page_prose import missing, prose_of

from ltmlc.evidence.results.reference import read_reference

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "config" / "reference"
ROWS = ("lsep", "c_lsep_gamma-5", "dr_gamma1-5_gamma2-7", "dr_gamma1-5_gamma2-7+db_focal")
COLUMNS = ("total", "head", "medium", "tail")


def steps(name):
    """Of Table 2, mean over five seeds, (step, column)."""
    runs = read_reference(REFERENCE / name)
    scores = np.array(
        [[[runs["voc07-lt-pooled", row][seed][each] for each in COLUMNS] for row in ROWS] for seed in range(5)]
    )
    return np.diff(scores, axis=1).mean(0)


def test_the_pages_steps_are_those_of_the_runs_and_differ_as_little_as_it_says():
    embedded, full = steps("voc07-lt-pooled-measured.csv"), steps("voc07-lt-pooled.csv")
    text = (ROOT / "docs" / "photographs-embedded.md").read_text(encoding="utf-8")
    printed = np.array(re.findall(r"([+-]\d+\.\d\d) / ([+-]\d+\.\d\d)", text), float).reshape(3, 4, 2)
    np.testing.assert_allclose(printed, np.stack([embedded, full], -1), atol=0.0051)
    assert np.abs(embedded - full).max() < 0.06
    assert (np.sign(embedded) == np.sign(full)).all()


def test_how_far_the_rows_of_one_seed_lie_apart():
    embedded, full = (
        read_reference(REFERENCE / name) for name in ("voc07-lt-pooled-measured.csv", "voc07-lt-pooled.csv")
    )
    apart = {
        run: [embedded[dataset, run][0][each] - full[dataset, run][0][each] for each in COLUMNS]
        for dataset, run in embedded.keys() & full
    }
    total = max(abs(points[0]) for points in apart.values())
    ml_gcn = apart.pop("bce_sampler-uniform_recipe-gcn_head-graph")
    group = max(abs(each) for points in apart.values() for each in points)
    assert not missing(
        prose_of("docs/photographs-embedded.md"),
        f"Of the {len(apart) + 1} rows, seed 0, none differs by more than {total:.2f} in the total and {group:.2f}",
        "total {:+.2f}, head {:+.2f}, medium {:+.2f}, tail {:+.2f}.".format(*ml_gcn),
        f"All {sum(map(len, embedded.values()))} runs",
    )
