import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from evidence.synthetic import grid, row, split, table, write, write_seeds
from scipy import stats

from ltmlc.errors import InputError
from ltmlc.evidence.claims.facts import Threshold, read_thresholds
from ltmlc.evidence.claims.file import Claim, as_printed, asked_of, load_claims
from ltmlc.evidence.claims.judge import judge_claims
from ltmlc.evidence.claims.predicates import TWINS, Part, RowName, build_parts
from ltmlc.evidence.claims.report import ABOUT_NONE, claims_files, claims_markdown
from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS, Verdict, exit_code
from ltmlc.evidence.markup import records_csv
from ltmlc.evidence.results.results import Results, RunResult, load_results
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[3]
SEEDS = range(5)
SUBJECTS = {"voc-lt": "VOC-LT", "coco-lt": "COCO-LT", "": ABOUT_NONE}


def part(better, worse, column="total", bound=0.0) -> Part:
    return Part(((RowName("t", better), 1.0), (RowName("t", worse), -1.0)), column, bound)


def claim(*parts, name="c", twins=TWINS, **changes) -> Claim:
    return Claim(name, "4.2", "A beats B.", "greater", twins, dict.fromkeys(twins, parts), **changes)


def results(scores, *, dataset="voc-lt", seeds=SEEDS) -> Results:
    """``scores``: run -> values by seed, or column -> values; None for a seed without a result."""
    runs = {}
    for run, values in scores.items():
        columns = values if isinstance(values, dict) else dict.fromkeys(("total", "head", "medium", "tail"), values)
        for index, seed in enumerate(seeds):
            percent = {name: column[index] for name, column in columns.items() if column[index] is not None}
            status = "finished" if percent else "missing"
            runs[dataset, run, seed] = RunResult(dataset, run, seed, status, Path(), percent)
    return Results(runs, tuple(seeds))


def judge(claims, scores, *, dataset="voc-lt", seeds=SEEDS, settings=None, **options):
    rows = [row(run, run, [50.0] * 4, datasets=(dataset,)) for run in scores]
    asked = grid(table("t", *rows), seeds=seeds)
    asked.datasets[dataset].update(settings or {})
    return judge_claims(asked, results(scores, dataset=dataset, seeds=seeds), claims, **options)


def above(differences):
    """Scores of B, and of A above B by ``differences``, with a spread between seeds that both share."""
    base = [50.0, 53.0, 47.0, 51.0, 49.0][: len(differences)]
    return {"A": [b + d for b, d in zip(base, differences, strict=True)], "B": base}


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([2.0, 2.1, 1.9, 2.0, 2.0], "holds"),
        ([0.1, 0.5, 2.0, 0.3, 1.5], "direction only"),
        ([0.5, -0.4, 0.6, -0.3, 0.1], "not distinguishable"),
        ([-0.1, -0.5, -2.0, -0.3, -1.5], "not distinguishable"),
        ([-2.0, -2.1, -1.9, -2.0, -2.0], "reversed"),
        ([None] * 5, "missing"),
    ],
)
def test_the_five_states_of_a_claim(differences, verdict):
    scores = {"A": [None] * 5, "B": [50.0] * 5} if None in differences else above(differences)
    (judged,) = judge([claim(part("A", "B"))], scores)
    assert judged.verdict == verdict


@pytest.mark.parametrize("less", ["", "head"])
def test_a_group_without_classes_is_the_reason_and_no_missing_seed(less):
    """Finished runs have no number for it: the claim's own column, or the one it is held against."""
    columns = {"total": [50.0] * 5, "head": [50.0] * 5, "tail": [50.0] * 5, less or "tail": [None] * 5}
    (judged,) = judge([claim(replace(part("A", "B", "tail"), less=less))], {"A": columns, "B": columns})
    assert judged.verdict == "missing"
    assert judged.reason == f"no class of the group {less or 'tail'} has a test image"


def test_what_a_seed_does_to_both_runs_cancels():
    # Seeds differ by 6 points, the difference by 0.1: unpaired this would be noise.
    (judged,) = judge([claim(part("A", "B"))], above([1.0, 1.1, 0.9, 1.0, 1.0]))
    assert judged.verdict == "holds" and judged.difference == pytest.approx(1.0)
    assert judged.high - judged.low < 0.3


@pytest.mark.parametrize(
    ("difference", "verdict", "words"),
    [(1.0, "direction only", "points the stated way"), (-1.0, "not distinguishable", "points the other way")],
)
def test_one_seed_gives_a_direction_and_says_why_no_more(difference, verdict, words):
    (judged,) = judge([claim(part("A", "B"))], {"A": [50 + difference], "B": [50.0]}, seeds=[0])
    assert judged.verdict == verdict
    assert judged.reason == f"{words}; one seed, so nothing to measure the noise with"
    assert judged.p is None and judged.low is None


def test_the_weakest_part_decides_that_a_claim_holds():
    differences = {"head": [2.0, 2.1, 1.9, 2.0, 2.0], "tail": [0.3, -0.2, 0.2, -0.1, 0.1]}
    scores = {
        "A": {column: [50 + d for d in values] for column, values in differences.items()},
        "B": {column: [50.0] * 5 for column in differences},
    }
    (judged,) = judge([claim(part("A", "B", "head"), part("A", "B", "tail"))], scores)
    assert judged.verdict == "not distinguishable"
    assert judged.comparison == "A against B (tail)" and (judged.parts, judged.as_stated) == (2, 2)


def test_one_part_the_other_way_round_reverses_a_claim():
    differences = {"head": [2.0, 2.1, 1.9, 2.0, 2.0], "tail": [-2.0, -2.1, -1.9, -2.0, -2.0]}
    scores = {
        "A": {column: [50 + d for d in values] for column, values in differences.items()},
        "B": {column: [50.0] * 5 for column in differences},
    }
    (judged,) = judge([claim(part("A", "B", "head"), part("A", "B", "tail"))], scores)
    assert judged.verdict == "reversed" and judged.difference == pytest.approx(-2.0)


def test_only_seeds_that_all_rows_share_are_compared():
    scores = {"A": [51.0, 52.0, 99.0, None, None], "B": [50.0, 51.0, None, 1.0, 1.0]}
    (judged,) = judge([claim(part("A", "B"))], scores)
    assert judged.n == 2 and judged.difference == pytest.approx(1.0)
    (apart,) = judge([claim(part("A", "B"))], {"A": [51.0, None], "B": [None, 50.0]}, seeds=[0, 1])
    assert apart.verdict == "missing" and "no seed" in apart.reason


def test_no_gain_is_shown_by_a_margin_and_refuted_by_more():
    no_gain = claim(part("B", "A", bound=-0.5))
    for gain, verdict in ((0.2, "holds"), (-3.0, "holds"), (2.0, "reversed")):
        jitter = [0.01, -0.01, 0.0, 0.02, -0.02]
        (judged,) = judge([no_gain], above([gain + j for j in jitter]))
        assert judged.verdict == verdict


def test_holm_leaves_only_what_survives_all_claims_of_a_data_set():
    weak = above([0.5, 0.2, 1.4, 0.3, 1.3])
    assert judge([claim(part("A", "B"))], weak)[0].verdict == "holds"
    others = {f"C{i}": [50 + i, 51 - i, 50.5, 49.5 + i, 50.2] for i in range(3)}
    more = [claim(part(name, "B"), name=name) for name in others]
    judged = judge([claim(part("A", "B")), *more], {**weak, **others})
    assert judged[0].verdict == "direction only"


def test_sentences_that_are_one_test_count_once_and_are_all_shown():
    weak = above([0.5, 0.2, 1.4, 0.3, 1.3])
    twice = judge([claim(part("A", "B"), name=f"c{index}") for index in range(4)], weak)
    assert [(each.verdict, each.same_as) for each in twice] == [("holds", "")] + 3 * [("holds", "c0")]
    text = claims_markdown(twice, SUBJECTS)
    assert "| holds | 1 | 1 |" in text and "same as c0" in text and "3 sentences ask what another one asks" in text


def test_a_difference_alone_is_judged_by_the_paired_t_test():
    scores = above([0.1, 0.5, 2.0, 0.3, 1.5])
    (judged,) = judge([claim(part("A", "B"))], scores)
    assert judged.p == pytest.approx(stats.ttest_rel(scores["A"], scores["B"]).pvalue, abs=0.005)


def test_without_any_difference_hardly_any_claim_is_decided():
    rng = np.random.default_rng(1)
    claims = [claim(part(f"A{i}", f"B{i}"), name=f"c{i}") for i in range(6)]
    false = 0
    for _ in range(150):
        scores = {f"{side}{i}": list(50 + rng.normal(0, 0.6, 5)) for i in range(6) for side in "AB"}
        false += any(v.verdict in ("holds", "reversed") for v in judge(claims, scores))
    assert false <= 15  # 7.5 expected


def test_size_is_judged_apart_from_direction():
    scores = above([2.0, 2.1, 1.9, 2.0, 2.0])
    amounts = {"stated": {"voc-lt": "2"}, "amount": {"voc-lt": (1.5, 2.5)}}
    off = {"stated": {"voc-lt": "7"}, "amount": {"voc-lt": (6.5, 7.5)}}
    less = {"stated": {"voc-lt": "1"}, "amount": {"voc-lt": (0.95, 1.05)}}
    for words, size in ((amounts, "as large"), (off, "smaller"), (less, "larger"), ({}, "")):
        (judged,) = judge([claim(part("A", "B"), **words)], scores)
        assert (judged.verdict, judged.size) == ("holds", size)
    twin = judge([claim(part("A", "B"), **off)], scores, dataset="mine", settings={"twin": "voc-lt"})
    assert (twin[0].verdict, twin[0].size) == ("holds", "smaller")


def test_a_difference_that_is_not_shown_is_equal_or_only_untold():
    close = above([0.05, -0.04, 0.06, -0.03, 0.01])
    (equal,) = judge([claim(part("A", "B"))], close)
    assert (equal.verdict, equal.equal) == ("not distinguishable", True) and "equal within 0.5" in equal.reason
    (untold,) = judge([claim(part("A", "B"))], above([1.5, -1.4, 1.6, -1.3, 0.1]))
    assert (untold.verdict, untold.equal) == ("not distinguishable", False)
    assert "cannot be told apart" in untold.reason


def test_the_numbers_are_all_of_the_weakest_comparison():
    scores = above([2.0, 2.1, 1.9, 2.0, 2.0]) | {"C": [49.9, 53.2, None, None, None]}
    (judged,) = judge([claim(part("A", "B"), part("A", "C"))], scores)
    assert (judged.comparison, judged.n) == ("A against C (total)", 2)


def test_copies_of_a_seed_are_no_draws_and_nothing_holds_by_them():
    (judged,) = judge([claim(part("A", "B"))], {"A": [52.0, 52.0], "B": [50.0, 50.0]}, seeds=[0, 1])
    assert (judged.verdict, judged.p, judged.n) == ("direction only", None, 1)
    assert "one seed" in judged.reason


def test_another_data_set_is_judged_by_its_twin_and_without_one_by_what_is_said_of_both():
    both, voc = claim(part("A", "B"), name="both"), claim(part("A", "B"), name="voc", twins=("voc-lt",))
    different = Claim(
        "differs", "4", "s", "greater", TWINS, {"voc-lt": (part("A", "B"),), "coco-lt": (part("B", "A"),)}
    )
    scores = above([1.0])

    def judged(**settings):
        return [v.claim for v in judge([both, voc, different], scores, dataset="mine", seeds=[0], settings=settings)]

    assert judged(twin="voc-lt") == ["both", "voc", "differs"]
    assert judged(twin="coco-lt") == ["both", "differs"]
    assert judged() == ["both"]


def test_a_claim_about_a_table_that_is_not_asked_for_is_passed_over():
    other = claim(Part(((RowName("u", "A"), 1.0), (RowName("t", "B"), -1.0))), name="other")
    assert [verdict.claim for verdict in judge([other, claim(part("A", "B"))], above([1.0]), seeds=[0])] == ["c"]


def test_facts_of_the_paper_are_not_asked_of_a_configuration_without_a_row_of_it():
    own, paper = (grid(table("t", row("A", "A", published))) for published in (None, [50.0] * 4))
    about_losses = fact("threshold", first="dr", second="bce")
    assert asked_of(own, [about_losses]) == [] and asked_of(paper, [about_losses]) == [about_losses]


def test_a_claim_with_a_failed_run_is_missing_and_the_run_is_named(tmp_path):
    asked = grid(table("t", row("A", "A"), row("B", "B")))
    write(tmp_path, "voc-lt", "A", 0, None)
    write_seeds(tmp_path, "voc-lt", "B", [50.0])
    (failed,) = judge_claims(asked, load_results(asked, tmp_path), [claim(part("A", "B"))])
    assert failed.reason == "1 of 2 rows without a result, first t: A (failed)"


def test_rows_that_are_the_same_run_decide_nothing():
    asked = grid(table("t", row("A", "r"), row("B", "r")))
    (judged,) = judge_claims(asked, results({"r": [50.0] * 5}), [claim(part("A", "B"))])
    assert judged.verdict == "missing" and "same run" in judged.reason


# Predicates


TABLES = {
    "t": {"rows": [{"label": name} for name in "ABC"]},
    "f": {
        "rows": [{"label": f"x{x}", "panel": "p", "x": x} for x in (1, 2, 3)] + [{"label": "q", "panel": "q", "x": 1}]
    },
}


def pairs(kind, **keys):
    parts = build_parts({"kind": kind, **keys}, "voc-lt", TABLES, "claims.yaml: c")
    return [tuple(name.label for name in each.rows) for each in parts]


def test_each_kind_becomes_the_comparisons_it_stands_for():
    at = {"table": "f", "row": {"voc-lt": "x2", "coco-lt": "x3"}}
    panel = {"table": "f", "panel": "p"}
    assert pairs("best_at", at=at, among=panel) == [("x2", "x1"), ("x2", "x3")]
    assert pairs("below_average", at=at, among=panel) == [("x1", "x3", "x2")]
    assert pairs("trend", among={**panel, "until": {"voc-lt": 2}}) == [("x1", "x2")]
    a, b, c = ({"table": "t", "row": name} for name in "ABC")
    assert pairs("between", at=b, better=a, worse=c) == [("A", "B"), ("B", "C")]
    assert pairs("equal", at=a, margin=0.5, **{"as": b}) == [("A", "B"), ("B", "A")]
    gains = [{"better": a, "worse": b}, {"better": c, "worse": b}]
    assert pairs("stable", pairs=gains, margin=0.5) == [("A", "C"), ("C", "A")]  # B cancels
    assert pairs("growing", pairs=gains) == [("A", "C")]
    assert pairs("best_at", at={"table": "t", "row": "A"}, among={"table": "t"}) == [("A", "B"), ("A", "C")]
    no_gain = {"gains_not": {"table": "t", "row": "A"}, "over": {"table": "t", "row": "B"}, "margin": 0.5}
    assert pairs("not_greater", **no_gain) == [("B", "A")]
    (bounded,) = build_parts({"kind": "not_greater", **no_gain}, "voc-lt", TABLES, "c")
    assert bounded.bound == -0.5


def test_a_trend_is_the_rise_of_the_fitted_line():
    (trend,) = build_parts({"kind": "trend", "among": {"table": "f", "panel": "p"}}, "voc-lt", TABLES, "c")
    heights = {"x1": 1.0, "x2": 5.0, "x3": 4.0}
    slope = np.polyfit([1, 2, 3], list(heights.values()), 1)[0]
    assert trend.value(lambda name, column: heights[name.label]) == pytest.approx(2 * slope)


def test_a_gain_in_one_column_can_be_compared_with_that_in_another():
    declared = {"better": {"table": "t", "row": "A"}, "worse": {"table": "t", "row": "B"}, "than": ["head"]}
    (more,) = build_parts({"kind": "gains_more", "columns": ["tail"], **declared}, "voc-lt", TABLES, "c")
    numbers = {("A", "tail"): 7.0, ("B", "tail"): 3.0, ("A", "head"): 6.0, ("B", "head"): 5.0}
    assert more.value(lambda row, column: numbers[row.label, column]) == pytest.approx(3.0)
    scores = {
        "A": {"tail": [54.0, 54.1, 53.9, 54.0, 54.2], "head": [51.0, 51.2, 51.1, 50.9, 51.0]},
        "B": {"tail": [50.0] * 5, "head": [50.0] * 5},
    }
    (judged,) = judge([claim(Part(more.weights, "tail", less="head"))], scores)
    assert judged.verdict == "holds" and judged.difference == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("among", "message"),
    [
        ({"table": "table9"}, "unknown table 'table9'; valid: f, t"),
        ({"table": "t", "rows": ["A", "Z"]}, "t has no row 'Z'; valid: A, B, C"),
        ({"table": "f", "panel": "gamma"}, "f has no panel 'gamma'; valid: p, q"),
    ],
)
def test_an_unknown_table_row_or_panel_is_refused_with_what_is_valid(among, message):
    with pytest.raises(InputError, match=r"claims\.yaml: c: ") as error:
        pairs("trend", among=among)
    assert message in str(error.value)


# The declared claims


@pytest.fixture(scope="module")
def declared():
    return load_claims(root=ROOT)


def test_every_sentence_of_the_paper_is_declared(declared):
    assert {each.id for each in declared} == set(SENTENCES.split())


SENTENCES = """
    dr-beats-lsep lsep-no-better-than-rs dr-beats-db-focal db-focal-beats-dr dr-better-on-medium
    db-focal-better-on-head-and-tail sum-beats-db-focal sum-beats-dr sum-highest-everywhere
    dr-surpasses-previous-methods dr-beats-db-focal-on-medium-and-tail class-wise-improves-all-subsets
    ngc-advances-mostly-in-the-tail class-wise-step ngc-step overall-gain db-focal-step class-wise-gamma-1
    class-wise-gamma-3 class-wise-gamma-5 class-wise-zlpr lsep-rises-with-gamma class-wise-stable-across-gamma
    class-wise-gains-more-with-more-classes pgc-does-not-help pgc-impairs gc-below-ngc c-lsep-below-bce
    c-lsep-above-bce lsep-inferior-to-bce bce-c-lsep-mirrors-bce c-lsep-drops-db-focal bce-declines-dr
    lsep-best-at-batch-16 class-wise-batch-16 class-wise-batch-32 class-wise-batch-64
    class-wise-stable-across-batch-sizes class-wise-grows-with-batch-size best-gamma1 gain-of-gamma1 best-gamma2
    gain-of-gamma2 gamma2-1-is-poor rises-with-gamma2 gamma2-exceeds-gamma1 threshold-c-lsep-1 threshold-c-lsep-5
    threshold-ngc-5 larger-gamma-spares-low-logits sample-wise-follows-company ngc-pushes-middling-negatives
    person-given-bird voc-lt-split voc-lt-head-above-100 coco-lt-head-above-100 coco-lt-split
"""


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("reference"))
    return tmp_path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "better"}, "'better' is not valid"),
        ({"colums": ["head"]}, "unknown key 'colums'"),
        ({"worse": {"table": "table1", "row": "LSEPP"}}, "table1 has no row 'LSEPP'; valid: ERM, RW"),
        ({"worse": {"table": "tabel1", "row": "LSEP"}}, "unknown table 'tabel1'; valid: chosen-rates, fig4, "),
        ({"about": ["voc"]}, "'voc' is not valid"),
        ({"id": "lsep-no-better-than-rs"}, "is used twice"),
    ],
)
def test_a_wrong_claims_file_is_refused_in_one_sentence(copied, change, message):
    path = copied / "config" / "claims.yaml"
    content = yaml.safe_load(path.read_text())
    content["claims"][0].update(change)
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"claims\.yaml") as error:
        load_claims(root=copied)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_printed_amount_stands_for_all_that_prints_so():
    assert as_printed(5) == (4.5, 5.5)
    assert as_printed(1.9) == pytest.approx((1.85, 1.95))
    assert as_printed([0.8, 1.0]) == pytest.approx((0.75, 1.05))


def test_no_results_at_all_leave_every_claim_missing_and_no_error(declared, tmp_path):
    asked = load_grid({"datasets": ["digits20-lt", "digits80-lt"]}, ROOT)
    verdicts = judge_claims(asked, load_results(asked, tmp_path), declared)
    assert {verdict.verdict for verdict in verdicts} == {"missing"}
    assert {verdict.dataset for verdict in verdicts} == {"digits20-lt", "digits80-lt", ""}
    assert exit_code(verdicts) == 3


# Facts


def fact(kind, **facts) -> Claim:
    return Claim("fact", "Fig. 1", "s", kind, ("voc-lt",), {}, facts=facts)


@pytest.mark.parametrize(("value", "verdict"), [(0.75, "reversed"), (1.0, "holds")])
def test_a_conditional_probability_is_counted_in_the_training_labels(value, verdict):
    asked = fact("probability", of="person", given="dog", value=value)
    scores = {"A": [50.0]}
    (judged,) = judge([asked], scores, seeds=[0], splits={"voc-lt": split()})
    assert judged.verdict == verdict and "3 of 3 training images with dog show person" in judged.reason
    assert judge([asked], scores, seeds=[0])[0].verdict == "missing"
    assert judge([asked], scores, seeds=[0], dataset="mine", settings={"twin": "voc-lt"}) == []


def test_the_sizes_of_a_data_set_are_checked_and_the_wrong_ones_named():
    right = {"training images": 6, "test images": 4, "classes": 3, "head": 1, "smallest class": 1, "largest class": 5}
    splits = {"voc-lt": split()}
    assert judge([fact("split", facts=right)], {"A": [1.0]}, seeds=[0], splits=splits)[0].verdict == "holds"
    (wrong,) = judge([fact("split", facts={**right, "tail": 2})], {"A": [1.0]}, seeds=[0], splits=splits)
    assert wrong.verdict == "reversed" and wrong.reason == "tail: 1, stated 2"


def test_a_threshold_is_read_from_the_figure_s_numbers(tmp_path):
    path = tmp_path / "fig3.csv"
    path.write_text("family,gamma1,gamma2,threshold_probability\nC-LSEP,5,,0.8554\nNGC,5,5,0.3873\n")
    curves = read_thresholds(path)
    assert curves == [Threshold("C-LSEP", 5, 0.8554), Threshold("NGC", 5, 0.3873)]
    near = fact("threshold", family="C-LSEP", gamma=5, value=0.85, tolerance=0.02)
    far = fact("threshold", family="NGC", gamma=5, value=0.5, tolerance=0.02)
    absent = fact("threshold", family="C-LSEP", gamma=1, value=0.5, tolerance=0.02)
    verdicts = judge([near, far, absent], {"A": [1.0]}, seeds=[0], curves=curves)
    assert [v.verdict for v in verdicts] == ["holds", "not distinguishable", "missing"]
    assert read_thresholds(tmp_path / "absent.csv") == []


def test_gradients_are_compared_as_the_figure_has_them(tmp_path):
    path = tmp_path / "fig3.csv"
    path.write_text(
        "family,gamma1,gamma2,threshold_probability,gradient_at_0.5,gradient_at_0.9\n"
        'C-LSEP,1,,0.5,0.1,0.5\nC-LSEP,5,,0.85,0.0001,2.5\n"LSEP, present class",1,,,0.25,0.25\n'
    )
    low, high = ([{"family": "C-LSEP", "gamma": gamma, "at": at} for gamma in (1, 5)] for at in (0.5, 0.9))
    still = [[{"family": "LSEP, present class", "gamma": 1, "at": at} for at in (0.5, 0.9)]]
    asked = [
        fact("gradient", order=[low, high[::-1]]),
        fact("gradient", order=[low, high]),
        fact("gradient", same=still),
        fact("gradient", same=[low]),
        fact("gradient", order=[[{"family": "NGC", "gamma": 7, "at": 0.5}, low[0]]]),
    ]
    verdicts = judge(asked, {"A": [1.0]}, seeds=[0], curves=read_thresholds(path))
    assert [v.verdict for v in verdicts] == ["holds", "reversed", "holds", "reversed", "missing"]
    assert "0.1 against 0.0001; 2.5 against 0.5" in verdicts[0].reason


# Between data sets


def between(gain: list[float], other: list[float]) -> list:
    """Verdicts where A is above B by ``gain`` on voc-lt and by ``other`` on coco-lt."""
    asked = grid(table("t", *(row(run, run, datasets=TWINS) for run in "AB")), seeds=range(len(gain)))
    both = [
        results(above(gains), dataset=twin, seeds=range(3)).runs
        for twin, gains in zip(TWINS, (gain, other), strict=True)
    ]
    gains = {twin: [part("A", "B")] for twin in TWINS}
    sentence = Claim("more", "4.3", "More.", "gains_more_on", TWINS, {}, facts={"gains": gains})
    return judge_claims(asked, Results(both[0] | both[1], tuple(range(len(gain)))), [sentence])


@pytest.mark.parametrize(
    ("other", "verdict"), [([5.0, 5.2, 4.8], "holds"), ([-5.0, -5.2, -4.8], "reversed"), ([0.9, 0.5, 1.1], "not")]
)
def test_a_gain_is_compared_between_two_data_sets_whose_seeds_are_not_paired(other, verdict):
    (judged,) = between([1.0, 1.2, 0.8], other)
    assert judged.verdict.startswith(verdict) and judged.dataset == ""
    assert judged.difference == pytest.approx(sum(other) / 3 - 1.0)
    if verdict == "holds":  # Welch: sd 0.2 on both sides, three seeds each, four degrees of freedom
        half = 2.776 * 0.2 * (2 / 3) ** 0.5
        assert judged.high - judged.difference == pytest.approx(half, rel=0.01)


@pytest.fixture
def three_data_sets():
    """A above B by 1 and C above B by 2 on voc-lt, and on another data set in its role; by 5 and 9 on coco-lt."""
    names = ("voc-lt", "mine", "coco-lt")
    asked = grid(table("t", *(row(run, run, datasets=names) for run in "ABC")), seeds=range(3))
    asked.datasets["mine"]["twin"] = "voc-lt"
    runs = {}
    for name, gains, own in (("voc-lt", (1.0, 2.0), 0.2), ("mine", (3.0, 2.0), 0.3), ("coco-lt", (5.0, 9.0), 0.2)):
        first, second = ([50 + gain + own * each for each in (-1, 0, 1)] for gain in gains)
        scores = {"A": first, "B": [50.0] * 3, "C": second[1:] + second[:1]}
        runs |= results(scores, dataset=name, seeds=range(3)).runs
    return asked, Results(runs, (0, 1, 2))


def gains(*pairs) -> Claim:
    parts = [part(*pair) for pair in pairs]
    facts = {"gains": dict.fromkeys(TWINS, parts)}
    return Claim(f"more{len(pairs)}", "4.3", "More.", "gains_more_on", TWINS, {}, facts=facts)


def test_every_pair_of_data_sets_is_named_and_all_are_tested_together(three_data_sets):
    alone = judge_claims(*three_data_sets, [gains(("A", "B"))])
    assert [each.comparison.split(", ")[1] for each in alone] == ["coco-lt less voc-lt", "coco-lt less mine"]
    assert [each.difference for each in alone] == pytest.approx([4.0, 2.0])
    assert [each.p_adjusted for each in alone] == pytest.approx([2 * each.p for each in alone])
    assert [each.same_as for each in alone] == ["", ""]
    more = judge_claims(*three_data_sets, [gains(("A", "B")), gains(("A", "B"), ("C", "B"))])
    assert [each.p_adjusted for each in more[:2]] == pytest.approx([4 * each.p for each in alone])


def test_a_pair_of_data_sets_that_cannot_be_compared_is_named_with_the_one_that_lacks_runs(three_data_sets):
    asked, known = three_data_sets
    left = Results({key: run for key, run in known.runs.items() if key[0] != "mine"}, known.seeds)
    whole, lacking = judge_claims(asked, left, [gains(("A", "B"))])
    assert whole.verdict == "holds" and lacking.verdict == "missing"
    assert lacking.reason == "coco-lt less mine: mine: 2 of 2 rows without a result, first t: A"


def test_a_gain_that_is_one_run_less_itself_on_one_of_two_data_sets_is_compared_on_neither(three_data_sets):
    """On voc-lt the rows A and B are the same run, on coco-lt C and B are: only that of C over A is one on both."""
    asked, known = three_data_sets
    rows = {each.label: each for each in asked.tables["t"].rows}
    rows["A"].run["voc-lt"], rows["C"].run["coco-lt"] = "B", "B"
    judged = judge_claims(asked, known, [gains(("A", "B"), ("C", "A"))])[0]
    assert judged.parts == 1 and judged.comparison.startswith("C against A")
    assert judged.difference == pytest.approx(-5.0 - 2.0)
    (nothing, _) = judge_claims(asked, known, [gains(("A", "B"), ("C", "B"))])
    assert nothing.reason == "its rows are the same run on voc-lt or coco-lt"


# Output


@pytest.mark.parametrize(("differences", "code"), [([2.0, 2.1, 1.9, 2.0, 2.0], 0), ([-2.0, -2.1, -1.9, -2.0, -2.0], 1)])
def test_the_exit_code_says_whether_a_claim_is_reversed(differences, code):
    assert exit_code(judge([claim(part("A", "B"))], above(differences))) == code


def test_the_files_hold_every_verdict_with_its_numbers():
    claims = [claim(part("A", "B"), name="first", stated={"voc-lt": "2"}), claim(part("A", "Z"), name="second")]
    verdicts = judge(claims, above([2.0, 2.1, 1.9, 2.0, 2.0]))
    assert list(claims_files(verdicts, SUBJECTS)) == ["claims.csv", "claims.md"]
    first, second = csv.DictReader(io.StringIO(records_csv(Verdict, verdicts)))
    assert (first["verdict"], first["difference"], first["n"]) == ("holds", "2.0000", "5")
    assert (second["verdict"], second["difference"]) == ("missing", "")
    text = claims_markdown(verdicts, SUBJECTS)
    assert text.index("| holds | 1 |") < text.index("A beats B.") and "+2.00 [" in text
    assert all(verdict.verdict in CLAIM_VERDICTS for verdict in verdicts)


def test_one_seed_is_explained_in_the_report():
    text = claims_markdown(judge([claim(part("A", "B"))], {"A": [51.0], "B": [50.0]}, seeds=[0]), SUBJECTS)
    assert "With one seed nothing can hold or be reversed" in text
