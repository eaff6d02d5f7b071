"""docs/specifications.md against the committed runs that its table and figure are made from."""

from pathlib import Path

import pytest
from scripts import load_script

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/specifications.py")


def test_the_page_is_what_the_committed_runs_say(maker):
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page_with(maker.PAGE, "specifications", maker.table())


def test_sums_and_chosen_rates_stand_for_the_rows_that_they_are_of(maker):
    _, sums, chosen, *_ = maker.specifications()
    assert sums.runs["lsep"] == "32xlsep" and sums.runs["c_lsep_gamma-5"] == "20xc_lsep_gamma-5"
    assert sums.runs["dr_gamma1-5_gamma2-7+db_focal"] == "20xdr_gamma1-5_gamma2-7+640xdb_focal"
    assert (
        chosen.runs["lsep"] == "lsep_recipe-dr_lr-0.09" and chosen.runs["lsep_bs-16"] == "lsep_bs-16_recipe-dr_lr-0.09"
    )
    assert sums.other_axis["lsep_gamma-5"] == "c_lsep_gamma-5" and sums.other_axis["c_lsep"] == "lsep"


def test_every_sentence_of_tables_2_and_3_and_fig_4_a_and_b_is_judged_under_both_readings(maker):
    judged = [line for line in maker.lines() if line.kind.startswith(("Table 2", "Table 3", "Fig. 4 a"))]
    assert len(judged) > 12
    assert [line.name for line in judged if not all(line.verdicts[:3])] == []


def test_the_figure_has_a_point_for_every_verdict(maker):
    (axes,) = maker.draw().axes
    points = sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("None", None, ""))
    assert points == sum(verdict is not None for line in maker.lines() for verdict in line.verdicts)
    assert maker.PICTURE.with_suffix(".png").exists()
