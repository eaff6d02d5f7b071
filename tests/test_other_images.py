"""docs/other-images.md against the committed scores and runs."""

from pathlib import Path

import numpy as np
import pytest
from markdown_tables import rows_of
from page_prose import missing, prose_of
from scripts import load_script

from ltmlc.metrics import average_precision

ROOT = Path(__file__).parents[1]
PAIR = ("c_lsep_gamma-5", "pgc_gamma1-5_gamma3-7")


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/other_images.py")


@pytest.fixture(scope="module")
def results(maker):
    return maker.load_results(maker.paper(), maker.KEPT)


def test_the_committed_scores_give_the_committed_metrics(maker, results):
    """Up to what float16 rounds: ranks of nearly equal scores, less than 0.03 points of mAP."""
    labels, scores = maker.read_scores(maker.runs_of(maker.paper(), "voc07-lt-frozen"), (0, 4))
    for (run, seed), logits in scores.items():
        total = results.scores("voc07-lt-frozen", run, "total")[seed]
        assert 100 * np.mean(average_precision(logits, labels)) == pytest.approx(total, abs=0.03)


def test_the_page_is_what_scores_and_runs_say(maker, results, monkeypatch):
    """All differences and their spread between seeds; both intervals for one pair, whose draws are those of all."""
    page = maker.PAGE.read_text(encoding="utf-8")
    found = list(maker.measured(maker.paper(), results))
    for claim, each in found:
        assert f"| {claim.statement} | {each.part} | {each.mean:+.2f} | ± {each.width():.2f} |" in page
    assert page.count("\n| ") == len(found) + 2
    groups = maker.read_splits(maker.KEPT, ["voc07-lt-frozen"])["voc07-lt-frozen"].groups
    draws = maker.resampled(PAIR, range(5), groups)
    for _, each in found:
        if {run for run, _ in each.contrast[0]} == set(PAIR):
            images = maker.over_images(each, draws)
            both = maker.together(each, images)
            widths = f"± {each.width():.2f} | ± {1.96 * images:.2f} | ± {both:.2f}"
            assert f"| {each.part} | {each.mean:+.2f} | {widths} | " in page


def test_both_uncertainties_are_at_least_each_of_them(maker, results):
    (_, each), *_ = maker.measured(maker.paper(), results)
    assert maker.together(each, 0.0) == pytest.approx(each.width())
    assert maker.together(each, 3.0) > max(each.width(), 1.96 * 3.0)


def test_what_is_said_above_the_table_is_in_it(maker, results):
    rows = {(row["sentence"], row["comparison"]): row for row in rows_of(maker.PAGE.read_text(encoding="utf-8"))}
    found = {(claim.statement, str(each.part)): each for claim, each in maker.measured(maker.paper(), results)}
    by_seeds = {at for at, each in found.items() if each.excess > each.width()}
    assert {part for at in by_seeds if rows[at]["bound excluded"] == "no" for part in at[1:]} == {
        "LSEP + CW + NGC against LSEP + CW (tail, less medium)"
    }
    of = {part: row for (_, part), row in rows.items()}
    lead = of["LSEP + CW + NGC against LSEP (total)"]
    parts = ("LSEP + CW + NGC + DB Focal against LSEP + CW + NGC (total)", "C-LSEP against C-LSEP + PGC (total)")
    (hardly,) = {of[part]["other images"] for part in parts}
    runs = maker.runs_of(maker.paper(), "voc07-lt-frozen")
    assert not missing(
        prose_of("docs/other-images.md"),
        f"of DR's lead over LSEP ({lead['difference'][1:]}) the seeds leave {lead['other seeds']} open, the images "
        f"{lead['other images']}. Where the seeds alone exclude the bound, both do, but for one",
        f"for DB Focal added to DR, and for PGC, images add {hardly}.",
        f"The {5 * len(runs)} runs were trained again",
    )
