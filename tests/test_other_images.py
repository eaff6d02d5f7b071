"""docs/other-images.md against the committed scores and runs."""

from pathlib import Path

import numpy as np
import pytest
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
