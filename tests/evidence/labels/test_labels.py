"""Precision, recall and F1 of runs: from which files, in which tables, and what is said where there is none."""

import csv
import io

import numpy as np
import pytest
from evidence.synthetic import grid, row, split, table, write, write_predictions

from ltmlc.evidence.export.tidy import run_table
from ltmlc.evidence.labels.measure import LABEL_COLUMNS, label_rows, label_scores
from ltmlc.evidence.labels.report import ARBITRARY, label_csv, label_markdown
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.report.markdown import evidence_markdown
from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.tables.tables import tabulate

RIGHT = 4 * split().test_matrix - 2.0  # logits that are right about every label


@pytest.fixture
def asked():
    figure = table("fig", row("point", "b", panel="p", x=1), kind="figure")
    return grid(table("t", row("A", "a"), row("B", "b"), row("again", "a")), figure, seeds=(0, 1))


@pytest.fixture
def results(asked, tmp_path):
    """Run a: right in seed 0, everything predicted in seed 1. Run b: finished, without predictions."""
    for seed, logits in enumerate((RIGHT, np.ones((4, 3)))):
        write(tmp_path, "voc-lt", "a", seed, 50 + seed)
        write_predictions(tmp_path, "voc-lt", "a", seed, logits, split())
        write(tmp_path, "voc-lt", "b", seed, 40)
    return load_results(asked, tmp_path)


def test_each_finished_run_with_predictions_is_measured_at_a_threshold_and_by_its_top_labels(results):
    scores, messages = label_scores(results, {"voc-lt": split()})
    assert messages == [] and list(scores) == [("voc-lt", "a", 0), ("voc-lt", "a", 1)]
    right, all_of_them = scores.values()
    assert tuple(right) == LABEL_COLUMNS
    assert {right[name] for name in LABEL_COLUMNS[:7]} == {100.0}
    assert right["top3_or"] == 100 and right["top3_op"] == pytest.approx(100 / 3)  # three of three classes
    assert all_of_them["op"] == pytest.approx(100 / 3) and all_of_them["cp"] == pytest.approx((50 + 25 + 25) / 3)


def test_predictions_of_other_images_are_named_and_left_out(results, tmp_path):
    other = split()
    other.test_ids = other.test_ids[::-1]
    write_predictions(tmp_path, "voc-lt", "a", 0, RIGHT, other)
    scores, (message,) = label_scores(results, {"voc-lt": split()})
    assert list(scores) == [("voc-lt", "a", 1)] and "other test images" in message
    assert label_scores(results, {}) == ({}, [])


def test_a_row_is_the_mean_over_its_seeds_and_figures_have_no_rows(asked, results):
    scores, _ = label_scores(results, {"voc-lt": split()})
    rows = label_rows(asked, results, scores)
    assert [(each.row.label, each.n) for each in rows] == [("A", 2), ("B", 0), ("again", 2)]
    assert rows[0].mean["op"] == pytest.approx((100 + 100 / 3) / 2)
    assert rows[0].sd["op"] == pytest.approx((100 - 100 / 3) / 2**0.5)
    first, without, _ = csv.DictReader(io.StringIO(label_csv(rows)))
    assert (first["op"], first["op_sd"], first["run"]) == ("66.67", "47.14", "a")
    assert (without["n"], without["op"], without["top3_macro_f1_sd"]) == ("0", "", "")
    page = label_markdown(rows, asked.titles)
    assert ARBITRARY in page and "| B | … |" in page and "66.67" in page


def test_copies_of_a_seed_count_once(asked, results, tmp_path):
    write(tmp_path, "voc-lt", "a", 1, 50)
    copied = load_results(asked, tmp_path)
    scores, _ = label_scores(copied, {"voc-lt": split()})
    first, *_ = label_rows(asked, copied, scores)
    assert (first.n, first.mean["op"], first.sd) == (1, 100, {})
    del scores["voc-lt", "a", 0]
    first, *_ = label_rows(asked, copied, scores)
    assert first.n == 1, "the copy stands in for a seed without predictions"


def test_runs_have_them_as_columns_that_are_empty_without_predictions(asked, results):
    scores, _ = label_scores(results, {"voc-lt": split()})
    frame = run_table(asked, results, {}, scores)
    assert frame[frame.run == "a"].of1.tolist() == pytest.approx([100, 50])
    assert frame[frame.run == "b"].top3_cf1.isna().all()
    assert run_table(asked, results, {}).columns.tolist() == frame.columns.tolist()


def test_the_report_has_them_apart_from_the_tables_and_says_that_thresholds_are_arbitrary(asked, results):
    evidence = Evidence(asked, results, {"voc-lt": split()})
    before, after = evidence_markdown(evidence).split("## Predicted labels")
    assert "66.67" in after and ARBITRARY in after and "OF1" not in before
    page = report_html(evidence)
    assert '<a href="#labels">' in page and "66.67" in page[page.index('id="labels"') :]
    assert "OF1" not in "".join(tabulate(asked, results, "t").values())


def test_evidence_without_predictions_has_no_such_section(asked, results):
    evidence = Evidence(asked, results, {})
    assert "Predicted labels" not in evidence_markdown(evidence) + report_html(evidence)
    assert label_markdown(label_rows(asked, results, {}), asked.titles).endswith("No run has predictions yet.\n")
