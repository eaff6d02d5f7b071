"""The recipe's rate and the tuned one side by side: differences paired by seed, and their interval."""

import csv
import io
import math
from statistics import stdev

import pytest
from evidence import synthetic
from scipy import stats

from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.tuning.tuned import tuned_csv, tuned_grid, tuned_markdown, tuned_pairs
from ltmlc.plan.grid import Grid
from ltmlc.plan.sweep import Candidate, Choice, Sweep

RUNS = ("a", "a_lr-1", "b", "b_lr-1")
CHOSEN = {"voc-lt": {"a": "a_lr-1", "b": "b"}}


@pytest.fixture
def sweep():
    runs = {run: {**synthetic.SPEC, "recipe": {"lr": 1 if run.endswith("lr-1") else 0.1}} for run in RUNS}
    choices = tuple(
        Choice(x.upper(), "t", True, (Candidate("1", x, 0.1, 1, 0), Candidate("10", f"{x}_lr-1", 1, 10, 1)))
        for x in "ab"
    )
    panel = Choice("P", "t", False, (Candidate("1", "a", 0.1, None, 0), Candidate("2", "b", 0.1, None, 1)))
    grid = Grid({}, {"voc-lt": {"title": "VOC"}}, {}, {"voc-lt": runs}, (0,))
    return Sweep(grid, {"voc-lt": (*choices, panel)})


def written(sweep, folder, scores, seeds):
    grid = tuned_grid(sweep, CHOSEN, seeds)
    for run, values in scores.items():
        for seed, value in values.items():
            synthetic.write(folder, "voc-lt", run, seed, value, spec=sweep.grid.runs["voc-lt"][run])
    return load_results(grid, folder)


def test_only_the_present_and_the_chosen_runs_are_needed(sweep):
    assert set(tuned_grid(sweep, CHOSEN, (0, 1)).runs["voc-lt"]) == {"a", "a_lr-1", "b"}


def test_differences_are_paired_by_seed(sweep, tmp_path):
    scores = {"a": {0: 50, 1: 60}, "a_lr-1": {1: 63}, "b": {0: 70, 1: 72}}
    results = written(sweep, tmp_path, scores, (0, 1))
    first, second = tuned_pairs(sweep, CHOSEN, results)
    assert (first.label, first.rates, first.differences["total"]) == ("A", (0.1, 1), [pytest.approx(3)])
    assert second.cells[0].run == second.cells[1].run == "b"
    text = tuned_markdown([first, second], results.seeds, {"voc-lt": "VOC"})
    assert "| B | 0.1 | 71.00 ± 1.41 | 0.1 | 71.00 ± 1.41 | kept |" in text
    assert "+3.00" in text


def test_the_csv_holds_every_number(sweep, tmp_path):
    scores = {"a": {0: 50, 1: 52}, "a_lr-1": {0: 55, 1: 58}, "b": {0: 70, 1: 72}}
    results = written(sweep, tmp_path, scores, (0, 1))
    line, kept = csv.DictReader(io.StringIO(tuned_csv(tuned_pairs(sweep, CHOSEN, results))))
    assert (line["run"], line["tuned_run"], line["tuned_lr"], line["n"]) == ("a", "a_lr-1", "1", "2")
    assert float(line["difference_total"]) == pytest.approx(5.5)
    assert float(line["tuned_total_sd"]) == pytest.approx(stdev([55, 58]), abs=1e-4)
    assert float(line["difference_total_half_interval"]) > 0
    assert kept["difference_total_half_interval"] == ""


def test_what_is_not_trained_yet_is_shown_as_such(sweep, tmp_path):
    results = written(sweep, tmp_path, {"a": {0: 50}}, (0,))
    text = tuned_markdown(tuned_pairs(sweep, CHOSEN, results), results.seeds, {"voc-lt": "VOC"})
    assert "| A | 0.1 | 50.00 | 1 | … | … |" in text
    assert "one seed, no interval" in text
    assert "No rate is decided yet" in tuned_markdown([], results.seeds, {"voc-lt": "VOC"})


def test_several_seeds_are_not_called_one_where_every_rate_is_kept(sweep, tmp_path):
    results = written(sweep, tmp_path, {"b": {0: 70, 1: 72}}, (0, 1))
    pairs = [pair for pair in tuned_pairs(sweep, CHOSEN, results) if pair.kept]
    for shown in (pairs, []):
        text = tuned_markdown(shown, results.seeds, {"voc-lt": "VOC"})
        assert "paired by seed.\n" in text and "interval" not in text


def test_the_interval_is_that_of_a_mean_of_paired_differences(sweep, tmp_path):
    scores = {"a": {0: 50, 1: 52, 2: 51}, "a_lr-1": {0: 55, 1: 58, 2: 57.5}, "b": {0: 70, 1: 72, 2: 71}}
    results = written(sweep, tmp_path, scores, (0, 1, 2))
    line, _ = csv.DictReader(io.StringIO(tuned_csv(tuned_pairs(sweep, CHOSEN, results))))
    expected = stats.t.ppf(0.975, 2) * stdev([5, 6, 6.5]) / math.sqrt(3)
    assert float(line["difference_total_half_interval"]) == pytest.approx(expected, abs=1e-4)
