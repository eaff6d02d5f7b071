import csv
import io
import math

import numpy as np
import pytest

from ltmlc.evidence.figures.gradients import (
    LOSSES_DRAWN,
    POSITIVE_LOGIT,
    READ_AT,
    company_gradients,
    gradient_curves,
)
from ltmlc.evidence.figures.paper import draw_figure3, thresholds_csv, write_figure3
from ltmlc.losses import build_loss


@pytest.fixture(scope="module")
def curves():
    return {(curve.family, curve.gamma): curve for curve in gradient_curves()}


@pytest.mark.parametrize("gamma", [1, 3, 5, 7, 10])
def test_c_lsep_has_the_gradient_of_equation_7(curves, gamma):
    curve = curves["C-LSEP", gamma]
    expected = gamma / (1 + np.exp(-gamma * (curve.x - POSITIVE_LOGIT)))
    assert curve.gradient == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("gamma2", [1, 3, 5, 7, 10])
def test_ngc_has_the_gradient_of_equation_10(curves, gamma2):
    curve = curves["NGC", gamma2]
    pair, single = np.exp(5 * (curve.x - POSITIVE_LOGIT)), np.exp(gamma2 * curve.x)
    assert curve.gradient == pytest.approx((5 * pair + gamma2 * single) / (1 + pair + single), rel=1e-9)


def test_the_thresholds_are_those_of_the_specification(curves):
    """METHODS 1.17: 0.50 and 0.856 for C-LSEP, 0.39 for NGC, where the text says 0.5, 0.85 and 0.5."""
    found = {key: curve.threshold_probability for key, curve in curves.items()}
    assert found["C-LSEP", 1] == pytest.approx(0.50, abs=0.005)
    assert found["C-LSEP", 5] == pytest.approx(0.853, abs=0.005)
    assert found["NGC", 5] == pytest.approx(0.39, abs=0.005)
    assert [curves[key].stated for key in (("C-LSEP", 1), ("C-LSEP", 5), ("NGC", 5), ("NGC", 7))] == [
        0.5,
        0.85,
        0.5,
        None,
    ]


def test_the_threshold_lies_where_the_curve_has_a_tenth_of_its_maximum(curves):
    for (family, gamma), curve in curves.items():
        assert curve.maximum == pytest.approx(gamma if family == "C-LSEP" else max(gamma, 5))
        assert np.interp(curve.threshold, curve.x, curve.gradient) == pytest.approx(0.1 * curve.maximum, rel=1e-6)


def test_sample_wise_an_absent_class_is_measured_against_its_image_s_present_one():
    """Equations 5 and 6 on two images: the mean of sigmoid(absent - present) over images, or over classes."""
    company = company_gradients()
    assert company["LSEP, present class"] == pytest.approx([(1 - present) / 2 for present in READ_AT])
    assert company["C-LSEP, present class"] == pytest.approx([(1 - 0.9) / 2] * len(READ_AT))


def test_every_loss_that_is_drawn_is_one_that_the_rule_watches(monkeypatch):
    called = set()

    def build(terms, stats):
        called.update(term["name"] for term in terms)
        return build_loss(terms, stats)

    monkeypatch.setattr("ltmlc.losses.build_loss", build)
    company_gradients()
    gradient_curves()
    assert sorted(called) == LOSSES_DRAWN


def test_the_text_s_thresholds_stand_beside_ours(curves):
    records = list(csv.DictReader(io.StringIO(thresholds_csv(list(curves.values()), {}))))
    assert len(records) == 10
    assert (records[2]["family"], records[2]["gamma1"], records[2]["stated_probability"]) == ("C-LSEP", "5", "0.85")
    assert float(records[0]["threshold_logit"]) == pytest.approx(0, abs=0.01)
    probability = float(records[2]["threshold_probability"])
    assert math.log(probability / (1 - probability)) == pytest.approx(float(records[2]["threshold_logit"]), abs=1e-3)


def test_the_figure_is_the_same_to_the_byte_and_names_its_thresholds(tmp_path, curves):
    paths = write_figure3(tmp_path / "a")
    assert {path.name for path in paths} == {"fig3.pdf", "fig3.png", "fig3.csv", "fig3_curves.csv"}
    again = write_figure3(tmp_path / "b")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    legend = [text.get_text() for text in draw_figure3(list(curves.values())).axes[0].get_legend().get_texts()]
    assert any("(paper: 0.85)" in text for text in legend)
