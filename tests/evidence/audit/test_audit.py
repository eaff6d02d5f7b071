from collections import Counter
from pathlib import Path

import pytest
from evidence.synthetic import grid, row, table

from ltmlc.evidence.audit.audit import audit, paper_grid
from ltmlc.evidence.audit.claims import claims_against_tables
from ltmlc.evidence.audit.report import audit_files, audit_markdown
from ltmlc.evidence.audit.rows import Finding, Printed
from ltmlc.evidence.claims.file import Claim, load_claims
from ltmlc.evidence.claims.predicates import Part, RowName
from ltmlc.evidence.markup import records_csv

ROOT = Path(__file__).parents[3]

# METHODS.md 5.2: all row-by-set pairs whose total lies outside 0.0101 of the class-weighted mean, with the difference.
OUTSIDE = {
    "voc-lt": """
        Table 1: LSEP -0.011, LDAM -1.639, Circle Loss +0.048, DB Focal +0.038, ZLPR Loss +0.047, DR Loss (Ours) +0.128,
        DR (Ours) + DB Focal +0.110
        Table 2: LSEP -0.011, LSEP + CW +0.030, LSEP + CW + NGC +0.128, LSEP + CW + NGC + DB Focal +0.110
        Table 3: LSEP (γ = 1) -0.011, C-LSEP (γ = 1) -0.016, LSEP (γ = 3) -0.020, C-LSEP (γ = 3) +0.039,
        LSEP (γ = 5) +0.060, C-LSEP (γ = 5) +0.030, ZLPR +0.047, C-ZLPR -0.031
        Table 4: C-LSEP +0.030, C-LSEP + PGC -0.059, C-LSEP + NGC +0.128
        Table 5: BCE +0.058, C-LSEP +0.979, BCE + C-LSEP -0.058, DB Focal -0.033, C-LSEP + DB Focal +0.062, DR +0.128,
        BCE + DR -0.032, DR + DB Focal +0.110
        Table 6: C-LSEP (BS = 16) +0.110, LSEP (BS = 32) -0.011, C-LSEP (BS = 32) -0.016, LSEP (BS = 64) -0.151,
        C-LSEP (BS = 64) -0.050""",
    "coco-lt": """
        Table 1: ERM +0.123, LSEP -0.050, DB Focal +0.011, ZLPR Loss -0.038, BalPoE -0.015, DR Loss (Ours) -0.037,
        DR (Ours) + DB Focal +0.011
        Table 2: LSEP -0.050, LSEP + CW + NGC -0.037, LSEP + CW + NGC + DB Focal +0.011
        Table 3: LSEP (γ = 1) -0.017, C-LSEP (γ = 1) +0.014, LSEP (γ = 3) +0.021, C-LSEP (γ = 3) -0.016,
        LSEP (γ = 5) +0.016, ZLPR -0.038, C-ZLPR +0.022
        Table 4: C-LSEP + NGC -0.037, C-LSEP + GC -0.022
        Table 5: BCE +0.034, C-LSEP +0.051, BCE + C-LSEP +0.034, DB Focal +0.011, C-LSEP + DB Focal +0.066, DR -0.037,
        DR + DB Focal +0.011
        Table 6: C-LSEP (BS = 16) +0.041, LSEP (BS = 32) +0.034, C-LSEP (BS = 32) +0.051, LSEP (BS = 64) -0.064,
        C-LSEP (BS = 64) -0.031""",
}

# ... and those that whole-percent APs do not explain. (1.98, 2.03 and 2.34 sd among 49 rows are what chance gives.)
UNEXPLAINED = {
    ("voc-lt", "Table 1: LDAM"),
    ("voc-lt", "Table 5: C-LSEP"),
    ("voc-lt", "Table 1: DR Loss (Ours); Table 2: LSEP + CW + NGC; Table 4: C-LSEP + NGC; Table 5: DR"),
    ("voc-lt", "Table 1: DR (Ours) + DB Focal; Table 2: LSEP + CW + NGC + DB Focal; Table 5: DR + DB Focal"),
    ("coco-lt", "Table 1: ERM"),
}


@pytest.fixture(scope="module")
def findings():
    return audit(paper_grid(ROOT), load_claims(root=ROOT))


def expected_totals():
    for dataset, text in OUTSIDE.items():
        for line in " ".join(text.split()).replace(" Table", "\nTable").splitlines():
            title, _, entries = line.partition(": ")
            for entry in entries.split(", "):
                label, _, difference = entry.rpartition(" ")
                yield (dataset, f"{title}: {label}"), float(difference)


def test_every_total_outside_rounding_is_found_and_no_other(findings):
    found = {
        (finding.dataset, name): finding.difference
        for finding in findings
        if finding.kind == "total"
        for name in finding.rows.split("; ")
    }
    expected = dict(expected_totals())
    assert len(expected) == 66
    assert found.keys() == expected.keys()
    assert all(found[key] == pytest.approx(expected[key], abs=6e-4) for key in expected)


def test_totals_that_whole_percent_aps_do_not_explain_are_contradictions_and_no_other(findings):
    grave = {(f.dataset, f.rows) for f in findings if f.kind == "total" and f.severity == "contradiction"}
    assert grave == UNEXPLAINED


def test_what_chance_gives_among_so_many_rows_is_no_contradiction(findings):
    notes = [f for f in findings if f.kind == "total" and f.severity == "note"]
    assert sum("(2.34 sd; among 49 such rows chance gives up to 3.3)" in f.sentence for f in notes) == 1
    grave = [f for f in findings if f.kind == "total" and "sd;" in f.sentence and f.severity == "contradiction"]
    assert [f.rows for f in grave] == ["Table 5: C-LSEP"] and "15.17 sd" in grave[0].sentence


def test_one_run_with_several_numbers_is_found_wherever_the_paper_prints_it(findings):
    found = [f for f in findings if f.kind == "same run"]
    assert {(f.dataset, f.rows) for f in found if f.severity == "contradiction"} == {
        ("coco-lt", "Table 1: LSEP; Table 2: LSEP; Table 3: LSEP (γ = 1); Table 6: LSEP (BS = 32)"),
        ("voc-lt", "Table 1: DB Focal; Table 5: DB Focal"),
        ("voc-lt", "Table 3: C-LSEP (γ = 1); Table 6: C-LSEP (BS = 32); Table 5: C-LSEP"),
        ("coco-lt", "Table 3: C-LSEP (γ = 1); Table 5: C-LSEP; Table 6: C-LSEP (BS = 32)"),
    }
    cited = {(f.dataset, f.rows) for f in found if f.severity == "note"}
    assert cited == {(name, "Table 1: RS; Table 5: BCE") for name in ("voc-lt", "coco-lt")}
    assert sum("53.21 and 53.12 (medium)" in f.sentence for f in found) == 1


def test_copied_rows_are_found_and_which_of_the_two_is_the_copy(findings):
    """METHODS 5.1: most likely Table 5's BCE is its own row and Table 6's LSEP the copy; VOC-LT's C-LSEP is LSEP's."""
    found = {f.dataset: f for f in findings if f.kind == "copied"}
    assert {name: f.rows.split("; ")[-1] for name, f in found.items()} == {
        "voc-lt": "Table 5: C-LSEP",
        "coco-lt": "Table 6: LSEP (BS = 32)",
    }
    voc, coco = found["voc-lt"].sentence, found["coco-lt"].sentence
    assert voc.startswith("two different runs agree in head, medium, tail: one row is a copy, probably Table 5: C-LSEP")
    assert coco.startswith("two different runs agree in all four numbers: one row is a copy, probably Table 6: LSEP")
    assert "print the run of Table 5: BCE within 0.42, that of the copy only 1.54 away" in coco


def test_without_another_print_of_either_run_nobody_is_called_the_copy():
    rows = [row("a", "a", [60.0, 50, 60, 67.5]), row("b", "b", [60.0, 50, 60, 67.5])]
    (copied,) = (f for f in audit(grid(table("t", *rows))) if f.kind == "copied")
    assert copied.sentence.endswith("one row is a copy")


def test_rows_off_the_whole_percent_grid_are_named(findings):
    off = {(f.dataset, f.rows.split("; ")[0]) for f in findings if f.severity == "suspicion"}
    assert off == {
        ("voc-lt", "Table 1: ASL Loss"),
        ("coco-lt", "Table 1: ASL Loss"),
        ("voc-lt", "Table 1: DR Loss (Ours)"),
        ("voc-lt", "Table 1: DR (Ours) + DB Focal"),
    }
    assert all(("another paper" in f.sentence) == ("ASL" in f.rows) for f in findings if f.severity == "suspicion")
    cut = {(f.dataset, f.numbers) for f in findings if "cut off" in f.sentence}
    assert cut == {("coco-lt", "head 47.72; 1050/22 = 47.7273")}


def test_the_text_is_held_against_the_tables(findings):
    claims = {(f.severity, f.dataset, f.rows.split(": ")[1]): f for f in findings if f.kind == "claim"}
    assert set(claims) == {
        ("contradiction", "coco-lt", "sum-highest-everywhere"),  # tail 53.40 < 53.76
        ("contradiction", "coco-lt", "overall-gain"),  # 6.7 needs Table 3's LSEP
        ("note", "voc-lt", "db-focal-beats-dr"),  # true with Table 1's DB Focal only
        ("note", "voc-lt", "db-focal-better-on-head-and-tail"),
        ("note", "voc-lt", "sum-beats-db-focal"),
        ("note", "voc-lt", "sum-highest-everywhere"),
        ("note", "coco-lt", "class-wise-step"),
        ("note", "coco-lt", "class-wise-batch-32"),
        ("note", "coco-lt", "lsep-inferior-to-bce"),  # not by Table 3's LSEP
    }
    overall = claims["contradiction", "coco-lt", "overall-gain"]
    assert overall.difference == pytest.approx(7.05) and "47.36 (Table 3: LSEP (γ = 1)): +6.74" in overall.sentence


def test_the_class_wise_step_is_split_from_gamma(findings):
    voc, coco = (f for f in findings if f.kind == "two steps")
    assert "class-wise +0.99, then gamma +0.95; or gamma +0.87, then class-wise +1.07" in voc.numbers
    assert voc.difference == pytest.approx(0, abs=1e-9) and coco.difference == pytest.approx(0.31)


def test_consistent_numbers_give_no_finding_but_their_granularity():
    consistent = table("t", row("a", "a", [60.0, 50, 60, 67.5]), row("b", "b", [61.0, 51, 61, 68.5]))
    assert {finding.kind for finding in audit(grid(consistent))} == {"granularity"}


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([row("a", "a", [60.3, 50, 60, 67.5])], "total"),
        ([row("a", "a", [60.0, 50, 60, 67.5]), row("b", "a", [60.0, 51, 59, 67.5])], "same run"),
        ([row("a", "a", [60.0, 50, 60, 67.5]), row("b", "b", [60.0, 50, 60, 67.5])], "copied"),
    ],
)
def test_a_planted_error_is_a_contradiction(rows, kind):
    found = [finding.kind for finding in audit(grid(table("t", *rows))) if finding.severity == "contradiction"]
    assert found == [kind]


@pytest.mark.parametrize(("bound", "kinds"), [(0.0, ["claim"]), (-0.5, [])])
def test_equal_numbers_contradict_better_but_not_no_better(bound, kinds):
    both = Part(((RowName("t", "a"), 1.0), (RowName("t", "b"), -1.0)), "total", bound)
    claims = [Claim("c", "4", "s", "greater", ("voc-lt",), {"voc-lt": (both,)})]
    rows = [row("a", "a", [60.0, 50, 60, 67.5]), row("b", "b", [60.0, 52, 58, 67.5])]
    assert [f.kind for f in audit(grid(table("t", *rows)), claims) if f.severity == "contradiction"] == kinds


@pytest.mark.parametrize(("coco", "differences"), [(62.5, []), (61.0, [-1.0]), (62.0, [0.0])])
def test_a_gain_said_to_be_larger_on_coco_is_held_against_both_data_sets(coco, differences):
    gain = Part(((RowName("t", "a"), 1.0), (RowName("t", "b"), -1.0)), "total", 0.0)
    gains = {"voc-lt": [gain], "coco-lt": [gain]}
    claims = [Claim("more", "4", "More.", "gains_more_on", ("voc-lt", "coco-lt"), {}, facts={"gains": gains})]
    numbers = {("voc-lt", "a"): 62.0, ("voc-lt", "b"): 60.0, ("coco-lt", "a"): coco, ("coco-lt", "b"): 60.0}
    rows = [
        Printed((RowName("t", label),), ("T",), dataset, label, (total,) * 4, "own")
        for (dataset, label), total in numbers.items()
    ]
    found = claims_against_tables(rows, claims)
    assert [finding.difference for finding in found] == pytest.approx(differences)


def test_a_grid_without_published_numbers_gives_an_empty_report():
    findings = audit(grid(table("t", row("a", "a", datasets=("digits20-lt",)))))
    assert findings == [] and "Nothing to report" in audit_markdown(findings)


def test_the_files_hold_every_finding(findings):
    files = audit_files(findings)
    assert list(files) == ["audit.csv", "audit.md"]
    assert len(records_csv(Finding, findings).splitlines()) == 1 + len(findings)
    text = files["audit.md"]
    assert all(finding.numbers in text for finding in findings)
    assert list(Counter(f.severity for f in findings)) == ["contradiction", "suspicion", "note"]  # gravest first
