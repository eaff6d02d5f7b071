"""The page about a table's rows: differences, noise, controls, claims and limits, all from metrics files."""

import math
from statistics import stdev

import pytest
from evidence import synthetic
from page_parts.text import page_markdown
from scipy.stats import t

from ltmlc.errors import InputError
from ltmlc.evidence.claims.verdict import Verdict
from ltmlc.evidence.results.archive import read_probe
from ltmlc.evidence.results.results import load_results

SPEC = {
    **synthetic.SPEC,
    "recipe": {"name": "dr", "lr": 0.1, "epochs": 2, "steps": [1], "warmup_iterations": 5},
    "model": {"head": "linear", "weights": "w.pth", "image_size": 96},
    "precision": "float32",
}
PROBE = {
    "map": {"total": 0.9, "head": 0.95, "medium": 0.9, "tail": 0.85}, "backbone": "resnet50", "image_size": 96,
    "training_images": 2501, "test_images": 2510,
}  # fmt: skip
HERE = Verdict("c", "4.2", "voc-lt", "greater", "B beats A.", "direction only", "points the stated way", difference=2.0)
GONE = Verdict("d", "4.2", "voc-lt", "greater", "C beats D.", "missing", "not trained")


@pytest.fixture
def page(tmp_path):
    def build(scores, *, seeds=(0, 1), probe=None, verdicts=(), twin=None, splits=None, more=(), precisions=None):
        runs = sorted({"a", "b", *scores})
        rows = [synthetic.row(run.upper(), run) for run in runs]
        grid = synthetic.grid(synthetic.table("t", *rows), synthetic.table("table1", rows[0]), seeds=seeds)
        grid.runs["voc-lt"].update(dict.fromkeys(runs, SPEC))
        for run, values in scores.items():
            for seed, value in zip(seeds, values, strict=False):
                synthetic.write(tmp_path, "voc-lt", run, seed, value, spec=SPEC)
        results = load_results(grid, tmp_path)
        splits = {"voc-lt": synthetic.split()} if splits is None else splits
        return page_markdown(
            *(grid, results, "t"), splits=splits, verdicts=verdicts, probe=probe, made_by="page t", twin=twin,
            more=more, precisions=precisions,
        )  # fmt: skip

    return build


def test_differences_are_paired_by_seed_and_noise_is_measured(page):
    a, b = (50.0, 52.0), (51.0, 55.0)
    text = page({"a": a, "b": b})
    assert "| B − A | +2.00 ± " in text
    assert f"| A | {stdev(a):.2f} |" in text
    assert f"| one run, all rows | {math.sqrt((stdev(a) ** 2 + stdev(b) ** 2) / 2):.2f} (" in text
    # row + seed leaves one degree of freedom: residuals of +-0.5 in four cells.
    assert "| of it a row's own | 1.00 |" in text


@pytest.mark.parametrize(("theirs", "larger"), [(50.1, 0), (80.0, 4)])
def test_the_same_run_in_another_precision_is_held_against_what_a_seed_does(page, tmp_path, theirs, larger):
    other = {"precision": "bf16"}
    synthetic.write(tmp_path / "other", "voc-lt", "a", 0, theirs, spec={**SPEC, **other})
    grid = synthetic.grid(synthetic.table("t", synthetic.row("A", "a")))
    grid.runs["voc-lt"]["a"] = {**SPEC, **other}
    text = page({"a": (50.0, 52.0)}, precisions={"bf16": load_results(grid, tmp_path / "other")})
    by_seed = t.ppf(0.975, 1) * math.sqrt(2) * stdev((50.0, 52.0))
    assert f"| A, seed 0 | float32 → bf16 | 50.00 → {theirs:.2f}: {theirs - 50:+.2f} (± {by_seed:.2f}) |" in text
    assert f"{larger} of 4 differences are larger." in text


def test_what_a_seed_does_is_not_made_up_for_one_seed(page, tmp_path):
    synthetic.write(tmp_path / "other", "voc-lt", "a", 0, 50.5, spec=SPEC)
    grid = synthetic.grid(synthetic.table("t", synthetic.row("A", "a")))
    grid.runs["voc-lt"]["a"] = SPEC
    text = page({"a": [50.0]}, seeds=(0,), precisions={"bf16": load_results(grid, tmp_path / "other")})
    assert "| A, seed 0 | float32 → bf16 | 50.00 → 50.50: +0.50 |" in text
    assert "How much a seed does is not measured here: no row has two." in text


def test_one_seed_has_no_interval(page):
    text = page({"a": [50], "b": [51]}, seeds=(0,))
    assert "| B − A | +1.00 | +1.00 | +1.00 | +1.00 |" in text
    assert "of the one seed that both rows have. One seed measures no interval." in text and "±" not in text
    assert "Not measured: no row has two seeds." in text


def test_a_difference_of_one_seed_has_the_interval_of_the_others_and_the_page_says_so(page):
    scores = {"a": [50, 52], "b": [51, 55]}
    said = "of a difference of one seed, from how much the others vary."
    assert said not in page(scores)
    text = page({**scores, "c": [53]})
    assert said in text and "| C − A | +3.00 ± " in text


def test_partial_results_give_a_partial_page(page):
    text = page({"a": [50, 52]})
    assert "2 of 4 runs are finished" in text
    assert "Differences" not in text
    assert "0 of 4" in page_of_nothing(page)


def page_of_nothing(page):
    return page({}, seeds=(7, 8), probe=PROBE)


def test_rows_must_lie_between_chance_and_the_probe(page):
    good = page({"a": [80, 82], "b": [81, 85]}, probe=PROBE)
    assert "every row lies above it" in good
    assert "total 90.00, head 95.00, medium 90.00, tail 85.00; every row lies below it" in good
    bad = page({"a": [5, 5], "b": [91, 91]}, probe=PROBE)
    assert "**not above chance: A**" in bad
    assert "**not below it: B**" in bad


def test_without_a_split_or_a_probe_nothing_is_said_of_them(page):
    text = page({"a": [50, 52]}, splits={})
    assert "Chance" not in text and "linear probe" not in text
    assert "\n## Above chance\n" in page({"a": [50, 52]})


def test_judged_claims_are_shown_and_the_others_counted(page):
    text = page({"a": [50, 52], "b": [51, 55]}, verdicts=[HERE, GONE])
    assert "rest on rows trained here: 1; that need others: 1." in text
    assert "B beats A." in text and "C beats D." not in text


def test_limits_are_what_differs_from_the_papers_specification(page):
    paper = {**SPEC, "model": {**SPEC["model"], "image_size": 224}, "recipe": {**SPEC["recipe"], "epochs": 30}}
    text = page({"a": [50, 52]}, twin={"a": paper, "b": paper})
    assert "| image size (px) | 96 | 224 |" in text
    assert "| epochs | 2 | 30 |" in text
    assert "| precision |" not in text
    assert "batch size" not in text


def test_equal_rows_of_other_tables_are_named(page):
    text = page({"a": [50, 52]})
    assert "also rows of the paper's tables (1 of table1); such a row is one training" in text


def test_more_tables_stand_beneath_with_their_numbers_and_without_pairs(page):
    scores = {"a": [50, 52], "b": [51, 55]}
    text = page(scores, more=("table1",))
    beneath = text.split("## Table1\n")[1].split("## ")[0]
    assert "| A | **51.00** ± 1.41" in beneath
    assert "| B |" not in beneath
    assert text.count("| B − A |") == 1
    assert "also rows of" not in text, "they are shown here"
    with pytest.raises(InputError, match="table 'u' is not in the configuration"):
        page(scores, more=("u",))


def test_a_fixed_backbone_is_a_limit(page):
    fixed = {**SPEC, "model": {**SPEC["model"], "frozen_stages": 4, "cached_views": 8}}
    text = page({"a": [50, 52]}, twin={"a": fixed, "b": SPEC})
    assert "| fixed stages of the backbone | 1 of 4 | 4 of 4 or 1 of 4 |" in text
    assert (
        "| augmented versions of an image | a new one each time | 8, the same for all seeds or a new one each time |"
        in text
    )


def test_a_table_that_is_not_there_is_one_sentence(tmp_path):
    grid = synthetic.grid(synthetic.table("t", synthetic.row("A", "a")))
    options = {"splits": {}, "verdicts": (), "probe": None, "made_by": ""}
    with pytest.raises(InputError, match="table 'u' is not in the configuration; it has t"):
        page_markdown(grid, load_results(grid, tmp_path), "u", **options)
    both = synthetic.grid(synthetic.table("t", synthetic.row("A", "a", datasets=("voc-lt", "coco-lt"))))
    with pytest.raises(InputError, match="one data set; the configuration has voc-lt, coco-lt"):
        page_markdown(both, load_results(both, tmp_path), "t", **options)


def test_a_probe_that_is_no_json_is_one_sentence(tmp_path):
    assert read_probe(tmp_path, "voc-lt") is None
    path = tmp_path / "data" / "voc-lt" / "linear_probe.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(InputError, match=r"linear_probe\.json is not readable JSON"):
        read_probe(tmp_path, "voc-lt")
