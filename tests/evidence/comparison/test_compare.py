import csv
import io
from pathlib import Path

import numpy as np
import pytest
from evidence.synthetic import grid, row, table, write, write_seeds

from ltmlc.evidence.comparison.compare import compare
from ltmlc.evidence.comparison.report import agreement_csv, diff_files, diff_markdown
from ltmlc.evidence.comparison.verdicts import Compared, Comparison, compare_cell, judge_column
from ltmlc.evidence.markup import records_csv
from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import additive_noise
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[3]
SPREAD = [-1.0, -0.5, 0.0, 0.5, 1.0]  # five seeds around a mean: sd 0.79


def judged(differences, *, tolerance=0.005, origin="own", seeds=5, own=0.3, shared=0.0) -> list[Comparison]:
    """Verdicts for rows of one column of which ours is 50 + difference on average and the reference 50."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(differences), seeds))
    noise -= noise.mean(1, keepdims=True)
    moved = rng.normal(size=seeds)
    values = 50 + np.array(differences)[:, None] + own * noise + shared * (moved - moved.mean())
    rows = [dict(enumerate(map(float, row))) for row in values]
    spreads = moderate(rows)
    entries = []
    for index, (scores, spread) in enumerate(zip(rows, spreads, strict=True)):
        empty = Comparison("t", "r", "voc-lt", "total", f"run{index}", origin, 50.0, 1, tolerance=tolerance)
        entries.append(compare_cell(Compared(empty, scores, {None: 50.0}), spread))
    return judge_column(entries)[0]


def test_a_row_that_deviates_from_its_column_is_above_or_below():
    cells = judged([0.1] * 12 + [9.0, -9.0, 0.003])
    assert [cell.verdict for cell in cells[-3:]] == ["above", "below", "match"]
    assert {cell.verdict for cell in cells[:12]} == {"within noise"}
    assert cells[12].deviation == pytest.approx(8.9, abs=0.1) and "beside the column's" in cells[12].reason


def test_a_column_that_lies_off_as_a_whole_says_so_at_each_row():
    cells = judged([9.0] * 12, shared=0.3)
    assert {cell.verdict for cell in cells} == {"above"} and all("whole column" in cell.reason for cell in cells)
    moved_by_the_seeds = judged([9.0] * 12, shared=9.0)
    assert not {cell.verdict for cell in moved_by_the_seeds} & {"above", "below"}


def test_rounding_counts_before_noise():
    assert judged([0.2] * 6, tolerance=0.236)[0].verdict == "match"
    assert judged([0.2] * 6, own=0.001, tolerance=0.236)[0].verdict == "match"
    assert judged([0.2] * 6, own=0.001, shared=0.001)[0].verdict == "above"


def test_one_outlier_among_many_rows_is_inconclusive_and_a_large_one_is_not():
    cells = judged([0.0] * 40 + [0.95, 9.0])
    assert [cell.verdict for cell in cells[-2:]] == ["inconclusive", "above"]
    assert cells[-2].p < 0.05 < cells[-2].p_adjusted


def test_inconclusive_says_how_many_seeds_would_show_it_or_that_none_would():
    near = judged([0.0] * 40 + [0.95])[-1]
    assert near.seeds_needed is None and near.reason == "not decidable: the published run is one draw"
    far = judged([0.0] * 40 + [1.2], seeds=3)[-1]
    assert far.verdict == "inconclusive" and far.seeds_needed > 3
    assert far.reason == f"about {far.seeds_needed} seeds would show it in 80% of cases, if it is as large as it looks"


def test_a_single_row_needs_more_seeds_as_its_level_does(tmp_path):
    """Its own three seeds decide, with two degrees of freedom; those of the other runs are in its interval alone."""
    declared = grid(table("t", row("A", "a", (50,) * 4), *(row(f"r{i}", f"r{i}") for i in range(8))), seeds=range(3))
    rng = np.random.default_rng(0)
    for i in range(8):
        write_seeds(tmp_path, "voc-lt", f"r{i}", 60 + 0.7 * rng.normal(size=3))
    write_seeds(tmp_path, "voc-lt", "a", [52.2, 52.9, 53.6])
    cell = compare(declared, load_results(declared, tmp_path)).cells[0]
    assert (cell.verdict, cell.deviation) == ("inconclusive", 0) and cell.p < 0.05 < cell.p_adjusted
    assert cell.seeds_needed > 3 and cell.reason.startswith(f"about {cell.seeds_needed} seeds would show it")


def test_seeds_shared_with_the_reference_can_decide_as_far_as_it_has_them(tmp_path):
    declared = grid(table("t", *(row(f"r{i}", f"r{i}") for i in range(6))))
    rng = np.random.default_rng(0)
    noise = 0.5 * rng.normal(size=(6, 5))

    def first(difference):
        theirs = {
            ("voc-lt", f"r{i}"): {
                seed: dict.fromkeys(("total", "head", "medium", "tail"), 60 + noise[i, seed]) for seed in range(5)
            }
            for i in range(6)
        }
        for i in range(6):
            write(tmp_path, "voc-lt", f"r{i}", 0, 60 + float(noise[i, 0]) + difference * (i == 0))
        return compare(declared, load_results(declared, tmp_path), reference=theirs).cells[0]

    far, near = first(1.6), first(1.12)
    assert (far.verdict, far.n, far.reference_n) == ("inconclusive", 1, 1) and 1 < far.seeds_needed <= 5
    assert (near.verdict, near.reason) == ("inconclusive", "not decidable: the reference has 5 seeds")


def test_one_seed_beside_rows_with_more_says_how_many_would_decide(tmp_path):
    declared = grid(table("t", *(row(f"r{i}", f"r{i}", (50,) * 4) for i in range(9))), seeds=range(5))
    rng = np.random.default_rng(0)
    for i in range(8):
        write_seeds(tmp_path, "voc-lt", f"r{i}", 50 + 0.5 * rng.normal(size=5))
    write_seeds(tmp_path, "voc-lt", "r8", [52.3])
    cell = compare(declared, load_results(declared, tmp_path)).cells[-1]
    assert (cell.verdict, cell.n) == ("inconclusive", 1) and cell.seeds_needed > 1


def test_a_column_that_lies_off_unshown_needs_more_seeds_and_its_rows_say_so():
    cells = judged([4.0] * 12, shared=0.5, seeds=2)
    outside = [cell for cell in cells if cell.verdict == "inconclusive"]
    assert outside and not {cell.verdict for cell in cells} & {"above", "below"}
    assert all(cell.seeds_needed > 2 for cell in outside)


def test_a_row_nearer_to_the_reference_than_its_column_is_not_off_the_other_way():
    """It deviates from its column, but a reader sees its own difference: that is on the column's side."""
    shown = judged([3.0] * 12 + [1.0], own=0.1, shared=0.1)[-1]
    assert shown.deviation < -1 and shown.difference > 0
    assert (shown.verdict, shown.p_adjusted <= 0.05) == ("above", True) and "whole column" in shown.reason
    moved = judged([3.0] * 12 + [1.0], own=0.1, shared=3.0)[-1]
    assert moved.verdict not in ("above", "below") and "beside the column's +" in moved.reason
    assert moved.p_adjusted > 0.05
    beyond = judged([3.0] * 12 + [-1.0], own=0.1, shared=3.0)[-1]
    assert beyond.verdict == "below"


def test_a_row_that_several_tables_print_is_tested_once():
    once, twice = judged([0.0] * 5 + [3.0]), judged([0.0] * 5 + [3.0])
    entries = [Compared(cell, {s: cell.ours + d for s, d in enumerate((-0.2, 0.2))}, {None: 50.0}) for cell in once]
    alone, doubled = judge_column(entries)[0], judge_column(entries + entries)[0]
    assert [cell.p_adjusted for cell in doubled[:6]] == [cell.p_adjusted for cell in alone]
    assert [cell.verdict for cell in once] == [cell.verdict for cell in twice]


def test_one_seed_gives_a_difference_and_no_verdict(tmp_path):
    declared = grid(table("t", row("A", "a", (50, 50, 50, 50), origin="cited")))
    write(tmp_path, "voc-lt", "a", 0, 51)
    diff = compare(declared, load_results(declared, tmp_path))
    assert [cell.verdict for cell in diff.cells] == ["no verdict"] * 4
    assert diff.cells[0].difference == pytest.approx(1)
    assert diff.cells[0].low is None
    assert "one seed measures no noise" in diff_markdown(diff)


def test_missing_and_failed_runs_have_no_number(tmp_path):
    declared = grid(table("t", row("A", "a", (50,) * 4), row("B", "b", (50,) * 4), row("C", "c")))
    write(tmp_path, "voc-lt", "b", 0, None)
    cells = compare(declared, load_results(declared, tmp_path)).cells
    assert [cell.verdict for cell in cells] == ["missing"] * 4 + ["failed"] * 4  # C has no published number
    assert all(cell.ours is None and cell.difference is None for cell in cells)


def test_the_noise_of_a_column_is_that_of_each_run_once(tmp_path):
    tables = table("t1", row("A", "a", (50,) * 4), row("B", "b", (60,) * 4)), table("t2", row("A", "a", (50,) * 4))
    declared = grid(*tables, seeds=range(5))
    write_seeds(tmp_path, "voc-lt", "a", [50 + x for x in SPREAD])
    write_seeds(tmp_path, "voc-lt", "b", [60 + 2 * x for x in SPREAD])
    results = load_results(declared, tmp_path)
    diff = compare(declared, results)
    noise = diff.noise["voc-lt", "total"]
    assert additive_noise([results.draws("voc-lt", run, "total") for run in "ab"]).df == 4
    assert noise.df < 8  # the seeds are shared: fewer than 2 runs x 4
    assert noise.sd == pytest.approx(np.sqrt((2.5 + 10) / 8))
    assert diff.cells[0].noise_sd == diff.cells[8].noise_sd
    assert diff.cells[0].sd == pytest.approx(np.sqrt(2.5 / 4))
    assert len(diff.cells) == 12


def test_a_run_with_one_seed_borrows_the_noise_of_the_others(tmp_path):
    declared = grid(table("t", row("A", "a", (50,) * 4), row("B", "b", (60,) * 4)), seeds=range(5))
    write_seeds(tmp_path, "voc-lt", "a", [50 + x for x in SPREAD])
    write_seeds(tmp_path, "voc-lt", "b", [60.3])
    cell = compare(declared, load_results(declared, tmp_path)).cells[4]
    assert (cell.row, cell.n, cell.df, cell.sd, cell.verdict) == ("B", 1, 4, None, "within noise")


def test_published_points_of_a_figure_are_not_counted_twice(tmp_path):
    point = row("x", "a", (50,) * 4, panel="gamma1", x=1)
    declared = grid(table("t", row("A", "a", (50,) * 4)), table("fig4", point, kind="figure"))
    assert len(compare(declared, load_results(declared, tmp_path)).cells) == 4


def reference(**seeds):
    return {
        ("voc-lt", "a"): {int(k[1:]): dict.fromkeys(("total", "head", "medium", "tail"), v) for k, v in seeds.items()}
    }


def test_an_installation_that_reproduces_the_reference_matches_even_with_one_seed(tmp_path):
    declared = grid(table("t", row("A", "a")))
    write(tmp_path, "voc-lt", "a", 0, 50.00001)
    results = load_results(declared, tmp_path)
    assert {c.verdict for c in compare(declared, results, reference=reference(s0=50.0)).cells} == {"match"}
    diff = compare(declared, results, reference=reference(s0=50.0, s1=51.0, s2=49.0))  # its own seed counts
    assert {c.verdict for c in diff.cells} == {"match"}
    assert {c.verdict for c in compare(declared, results, reference=reference(s0=50.2)).cells} == {"no verdict"}


def test_one_seed_that_meets_a_number_has_no_verdict_whatever_other_rows_have(tmp_path):
    declared = grid(table("t", row("A", "a", (50,) * 4), row("B", "b")), seeds=(0, 1))
    write_seeds(tmp_path, "voc-lt", "a", [50.0])
    alone = compare(declared, load_results(declared, tmp_path)).cells[0]
    write_seeds(tmp_path, "voc-lt", "b", [60.0, 61.0])
    beside = compare(declared, load_results(declared, tmp_path)).cells[0]
    assert (alone.p, beside.df) == (None, 1)
    for cell in (alone, beside):
        assert (cell.difference, cell.verdict) == (0, "no verdict") and "one seed measures no noise" in cell.reason


@pytest.mark.parametrize(
    ("value", "verdict", "reason"),
    [(50.0, "match", "the difference is within rounding"), (52.0, "no verdict", "no seed moves this column")],
)
def test_seeds_that_agree_in_a_column_tell_no_noise_but_can_meet_a_number(tmp_path, value, verdict, reason):
    declared = grid(table("t", row("A", "a", (50,) * 4)), seeds=(0, 1))
    write_seeds(tmp_path, "voc-lt", "a", [(value, 50, 50, 40.0), (value, 50, 50, 41.0)])
    cell = compare(declared, load_results(declared, tmp_path)).cells[0]
    assert (cell.n, cell.verdict) == (2, verdict) and cell.reason.startswith(reason)


def test_the_seeds_of_the_reference_give_the_noise_where_ours_cannot(tmp_path):
    declared = grid(table("t", row("A", "a")))
    write(tmp_path, "voc-lt", "a", 0, 50.5)
    cell = compare(declared, load_results(declared, tmp_path), reference=reference(s0=50.0, s1=51.0, s2=49.0)).cells[0]
    assert (cell.df, cell.n, cell.reference_n, cell.verdict) == (2, 1, 1, "within noise")
    assert cell.noise_sd == pytest.approx(1)


def test_other_seeds_than_the_references_are_compared_with_its_mean(tmp_path):
    declared = grid(table("t", row("A", "a")), seeds=(7, 8))
    for seed, value in ((7, 50.0), (8, 51.0)):
        write(tmp_path, "voc-lt", "a", seed, value)
    cell = compare(declared, load_results(declared, tmp_path), reference=reference(s0=50.0, s1=51.0, s2=52.0)).cells[0]
    assert (cell.reference, cell.reference_n, cell.n, cell.df) == (51.0, 3, 2, 2)


def test_copies_of_a_seed_in_the_reference_are_one_draw_of_it(tmp_path):
    declared = grid(table("t", row("A", "a")), seeds=(7, 8))
    for seed, value in ((7, 50.0), (8, 51.0)):
        write(tmp_path, "voc-lt", "a", seed, value)
    results = load_results(declared, tmp_path)
    once, copied = (
        compare(declared, results, reference=reference(s0=50.0, s1=52.0, **copies), against="r.csv")
        for copies in ({}, {"s2": 50.0, "s3": 50.0})
    )
    assert copied.cells == once.cells and copied.cells[0].reference_n == 2
    assert once.messages == () and "runs of voc-lt in r.csv have seeds with the same numbers" in copied.messages[0]


def test_equal_runs_on_both_sides_are_not_counted_twice_in_the_noise(tmp_path):
    declared = grid(table("t", row("A", "a")), seeds=(0, 1, 2))
    write_seeds(tmp_path, "voc-lt", "a", [50, 51, 49])
    diff = compare(declared, load_results(declared, tmp_path), reference=reference(s0=50.0, s1=51.0, s2=49.0))
    assert diff.noise["voc-lt", "total"].df == pytest.approx(2)
    assert diff.counts["match"] == 4


def test_rank_agreement_is_per_table_dataset_and_column(tmp_path):
    rows = [row(name, name, (value,) * 4) for name, value in (("a", 70), ("b", 75), ("c", 80))]
    declared = grid(table("t", *rows))
    for name, value in (("a", 60), ("b", 61), ("c", 62)):
        write(tmp_path, "voc-lt", name, 0, value)
    agreement = compare(declared, load_results(declared, tmp_path)).agreement
    assert len(agreement) == 4
    assert all(item.tau == 1 and item.rows == 3 for item in agreement)


def test_false_alarms_are_counted_and_the_verdicts_come_first(tmp_path):
    rng = np.random.default_rng(0)
    rows = [row(f"r{i}", f"r{i}", tuple(rng.normal(60, 0.5, 4).round(2)), origin="cited") for i in range(20)]
    declared = grid(table("t", *rows), seeds=range(5))
    for i in range(20):
        for seed in range(5):
            write(tmp_path, "voc-lt", f"r{i}", seed, tuple(rng.normal(60, 0.5, 4)))
    diff = compare(declared, load_results(declared, tmp_path))
    text = diff_markdown(diff)
    assert "80 cells were tested" in text and "about 4 would lie outside by chance" in text
    assert text.index("| verdict |") < text.index("Seed noise") < text.index("## t")
    assert diff.counts["within noise"] >= 70
    assert diff.counts["above"] + diff.counts["below"] == 0


def test_the_csv_has_every_field_of_every_cell(tmp_path):
    declared = grid(table("t", row("A", "a", (50,) * 4)), seeds=range(5))
    write_seeds(tmp_path, "voc-lt", "a", [50 + x for x in SPREAD])
    diff = compare(declared, load_results(declared, tmp_path))
    records = list(csv.DictReader(io.StringIO(records_csv(Comparison, diff.cells))))
    assert len(records) == 4
    assert records[0]["verdict"] == "match" and records[0]["difference"] == "0.0000" and records[0]["df"] == "4.0000"
    assert set(diff_files(diff)) == {"diff.csv", "diff.md", "rank_agreement.csv"}


def test_the_paper_has_360_published_cells_and_each_is_compared(tmp_path):
    asked = load_grid({"datasets": ["voc-lt", "coco-lt"]}, ROOT)
    diff = compare(asked, load_results(asked, tmp_path))
    assert len(diff.cells) == 360 and diff.counts["missing"] == 360


def test_rank_agreement_is_written_with_its_p_value(tmp_path):
    rows = [row(name, name, (value,) * 4) for name, value in (("a", 70), ("b", 75), ("c", 80))]
    declared = grid(table("t", *rows), table("few", *rows[:2]))
    for name, value in (("a", 60), ("b", 62), ("c", 61)):
        write(tmp_path, "voc-lt", name, 0, value)
    lines = list(csv.DictReader(io.StringIO(agreement_csv(compare(declared, load_results(declared, tmp_path))))))
    assert [(line["table"], line["column"], line["rows"]) for line in lines[:2]] == [
        ("t", "total", "3"),
        ("t", "head", "3"),
    ]
    assert float(lines[0]["kendall_tau"]) == pytest.approx(1 / 3, abs=1e-4) and float(lines[0]["p"]) == 1
    assert lines[-1]["kendall_tau"] == ""  # two rows have no order worth a number


def test_an_unreadable_file_is_named_in_the_report(tmp_path):
    declared = grid(table("t", row("A", "a", (50,) * 4)))
    path = write(tmp_path, "voc-lt", "a", 0, 50)
    path.write_text("{")
    text = diff_markdown(compare(declared, load_results(declared, tmp_path)))
    assert str(path) in text
    assert "No run has finished yet" in text


def test_nothing_to_compare_says_so(tmp_path):
    declared = grid(table("t", row("A", "a")))
    assert "Nothing to compare" in diff_markdown(compare(declared, load_results(declared, tmp_path)))


def test_a_reference_without_these_data_sets_is_named_with_those_it_has(tmp_path):
    declared = grid(table("t", row("A", "a", datasets=("coco-lt",))))
    text = diff_markdown(
        compare(declared, load_results(declared, tmp_path), reference=reference(s0=50.0), against="r.csv")
    )
    assert "`r.csv` has no run of these tables on coco-lt; it has runs on voc-lt" in text
    assert "published number" not in text


def test_cells_without_a_verdict_are_counted_by_the_reasons_they_have(tmp_path):
    declared = grid(table("t", row("A", "a", (50,) * 4), row("B", "b", (50,) * 4)), seeds=(0, 1))
    write_seeds(tmp_path, "voc-lt", "a", [(52.0, 50, 50, 40.0), (52.0, 51, 52, 42.0)])
    results = load_results(declared, tmp_path)
    text = diff_markdown(compare(declared, results))
    assert "1 cell without a verdict: no seed moves this column" in text and "one seed measures no noise" not in text
    assert "| no verdict | no seed moves this column" in text
