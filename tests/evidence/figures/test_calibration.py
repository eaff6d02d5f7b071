"""Calibration of the methods: probabilities, not logits; seeds pooled; the error beside each."""

import csv
import io
from statistics import fmean, stdev

import numpy as np
import pytest

from ltmlc.evidence.figures.calibration import calibration, calibration_csv, draw_calibration, pooled
from ltmlc.metrics import reliability

LABELS = np.array([[1, 0], [0, 1], [1, 0], [0, 0]], np.uint8)


def right(sure: float) -> np.ndarray:
    """Logits that are right about every label."""
    return np.where(LABELS, sure, -sure).astype(np.float32)


def test_logits_become_probabilities_and_seeds_are_pooled_in_the_same_bins():
    found = calibration({"LSEP": [right(2.0), right(3.0)]}, LABELS)["LSEP"]
    probability = 1 / (1 + np.exp(-np.array([2.0, 3.0])))
    assert [seed.ece for seed in found] == pytest.approx(1 - probability)
    both = np.stack([np.where(LABELS, p, 1 - p) for p in probability])
    expected = reliability(both, np.stack([LABELS, LABELS]))
    for mine, theirs in zip(pooled(found), expected, strict=True):
        np.testing.assert_allclose(mine, theirs)


def test_the_csv_and_the_legend_have_the_error_with_its_spread():
    found = calibration({"C-LSEP": [right(2.0)], "DR": [right(2.0), right(3.0)]}, LABELS)
    lines = list(csv.DictReader(io.StringIO(calibration_csv(found))))
    assert len(lines) == 20 and lines[0]["ece_sd"] == "" and lines[4]["probability"] == ""
    errors = [seed.ece for seed in found["DR"]]
    last = lines[-1]
    assert (last["ece"], last["ece_sd"]) == (f"{fmean(errors):.4f}", f"{stdev(errors):.4f}")
    assert (last["from"], last["to"], last["frequency"], last["predictions"]) == ("0.90", "1.00", "1.0000", "3")
    figure = draw_calibration(found, title="x")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[1:] == ["C-LSEP: ECE 0.119", f"DR: ECE {fmean(errors):.3f} ± {stdev(errors):.3f}"]
    assert figure.axes[0].lines[2].get_xdata().tolist() == pytest.approx(
        [x for x in pooled(found["DR"]).probability if not np.isnan(x)]
    )


def test_without_predictions_the_figure_says_so():
    assert draw_calibration({}, title="x").axes[0].texts[0].get_text().startswith("no predictions")
