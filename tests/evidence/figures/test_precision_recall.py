"""Precision over recall of the methods: the area is the mAP of the tables, group by group."""

import csv
import io

import numpy as np
import pytest
from evidence.synthetic import split

from ltmlc.evidence.figures.precision_recall import (
    RECALLS,
    draw_precision_recall,
    precision_csv,
    precision_curves,
)
from ltmlc.metrics import average_precision, group_means


def untested_cow():
    """As `split`, with more test images, none of which shows the tail class."""
    found = split()
    generator = np.random.default_rng(0)
    found.test_matrix = (generator.random((50, 3)) < (0.5, 0.3, 0)).astype(np.uint8)
    return found


def logits(seed=0):
    return np.random.default_rng(seed).normal(size=(50, 3))


def test_the_mean_of_a_curve_is_the_map_of_its_group():
    data = untested_cow()
    curves = precision_curves({"LSEP": [logits()]}, data)["LSEP"]
    ap = average_precision(logits(), data.test_matrix, undefined=np.nan)
    means = {name: value for name, value in group_means(ap, data.groups).items() if name in curves}
    assert list(curves) == ["total", "head", "medium"]  # tail has no test image
    assert {name: curve.mean() for name, curve in curves.items()} == pytest.approx(means, abs=0.01)


def test_a_line_is_the_mean_over_seeds_in_a_shade_and_the_legend_its_area():
    curves = precision_curves({"DR": [logits(1), logits(2)]}, untested_cow())
    total, *_, tail = draw_precision_recall(curves, title="x").axes
    np.testing.assert_allclose(total.lines[0].get_ydata(), 100 * curves["DR"]["total"].mean(0))
    assert len(total.collections) == 1
    assert [text.get_text() for text in total.get_legend().get_texts()] == [
        f"DR: {100 * curves['DR']['total'].mean():.1f}"
    ]
    assert not tail.lines and tail.texts[0].get_text() == "no class with a test image"


def test_the_csv_has_every_tenth_point_with_the_spread_of_seeds():
    curves = precision_curves({"LSEP": [logits(1)], "DR": [logits(1), logits(2)]}, untested_cow())
    lines = list(csv.DictReader(io.StringIO(precision_csv(curves))))
    assert len(lines) == 2 * 3 * len(RECALLS) / 10
    assert {line["sd"] for line in lines if line["method"] == "LSEP"} == {""}
    assert float(lines[-1]["precision"]) == pytest.approx(curves["DR"]["medium"][:, 190].mean(), abs=1e-4)


def test_without_predictions_the_figure_says_so():
    assert draw_precision_recall({}, title="x").axes[0].texts[0].get_text().startswith("no predictions")
