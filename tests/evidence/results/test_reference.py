import os
from pathlib import Path

import pandas as pd
import pytest
from evidence.synthetic import grid, row, table, write

from ltmlc.errors import InputError
from ltmlc.evidence.results.reference import (
    PAPER_GROUPS,
    on_whole_percent_grid,
    read_reference,
    reference_csv,
    reference_doubts,
    reference_scores,
    rounding_tolerance,
)
from ltmlc.evidence.results.results import load_results

PUBLISHED = Path(os.environ.get("LTMLC_REFERENCE_DATA", "LTMLC_REFERENCE_DATA is not set")) / "published.csv"


def test_splits_of_the_authors_rows_are_granted_the_rounding_of_class_aps():
    assert rounding_tolerance("voc-lt", "head", 71.00, "own") == pytest.approx(0.236, abs=0.001)
    assert rounding_tolerance("voc-lt", "tail", 70.88, "own") == pytest.approx(0.205, abs=0.001)
    assert rounding_tolerance("coco-lt", "medium", 50.91, "retrained") == pytest.approx(0.103, abs=0.001)


@pytest.mark.parametrize(
    ("column", "value", "origin"),
    [("total", 72.99, "own"), ("head", 71.00, "cited"), ("head", 72.19, "own"), ("tail", 77.69, "own")],
)
def test_totals_cited_rows_and_numbers_off_the_grid_are_only_rounded_to_two_decimals(column, value, origin):
    assert rounding_tolerance("voc-lt", column, value, origin) == 0.005


def test_all_splits_of_tables_2_to_6_lie_on_the_grid_but_four_numbers_of_dr():
    """METHODS 5.2: off the grid on VOC-LT are only parts of DR (72.19, 77.69) and of DR + DB Focal (83.87, 78.82)."""
    if not PUBLISHED.exists():
        pytest.skip(f"needs {PUBLISHED}")
    frame = pd.read_csv(PUBLISHED)
    groups = PAPER_GROUPS["voc-lt"]
    own = frame[frame.table.ne("Table 1") & frame.dataset.eq("VOC-LT") & frame.split.isin(groups)]
    splits = [(float(value), groups[column]) for column, value in zip(own.split, own.value, strict=True)]
    off = {value for value, classes in splits if not on_whole_percent_grid(value, classes)}
    assert len(splits) == 90
    assert off == {72.19, 77.69, 83.87, 78.82}


def test_a_reference_is_read_as_it_was_written(tmp_path):
    declared = grid(table("t", row("A", "a")), seeds=(0, 1))
    write(tmp_path, "voc-lt", "a", 0, (50.12345, 60, 50, None))
    path = tmp_path / "reference.csv"
    path.write_text(reference_csv(load_results(declared, tmp_path)))
    assert read_reference(path) == {("voc-lt", "a"): {0: {"total": 50.1235, "head": 60.0, "medium": 50.0}}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("dataset,run,seed,total\n", "missing column head, medium, tail"),
        ("", "missing column"),
        ("dataset,run,seed,total,head,medium,tail\nd,r,0,x,1,1,1\n", "line 2"),
        ("dataset,run,seed,total,head,medium,tail\nd,r,0,1\n", "line 2"),
        ("dataset,run,seed,total,head,medium,tail\nd,r,0,nan,1,1,1\n", "line 2"),
        (
            "dataset,run,seed,total,head,medium,tail\nd,r,0,1,1,1,1\nd,r,1,1,1,1,1\nd,r,0,2,1,1,1\n",
            "line 4: d/r/seed0 stands there twice",
        ),
        ("dataset,run,seed,total,head,medium,tail\nd,\xe9,0,1,1,1,1\n", "line 2 is not in UTF-8"),
        ('dataset,run,seed,total,head,medium,tail\n"' + "d" * 200_000, "is a quotation mark open"),
    ],
)
def test_a_broken_reference_is_refused_by_name(tmp_path, text, complaint):
    path = tmp_path / "reference.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=complaint) as error:
        read_reference(path)
    assert str(path) in str(error.value)


def test_copies_of_a_seed_in_a_reference_are_said_and_count_once(tmp_path):
    """Under another number, or the same line twice; a seed that differs in one column is none."""
    path = tmp_path / "reference.csv"
    lines = ["d,a,0,50,60,50,40", "d,a,0,50,60,50,40", "d,a,1,50,60,50,40", "d,a,2,50,60,50,41", "d,b,0,1,1,1,1"]
    path.write_text("\n".join(["dataset,run,seed,total,head,medium,tail", *lines]))
    reference = read_reference(path)
    assert reference_scores(reference, "d", "a", "total") == {0: 50, 2: 50}
    (message,) = reference_doubts(reference, "r.csv")
    assert message.startswith("1 of 2 runs of d in r.csv have seeds with the same numbers")
    assert "such as a: seeds 0, 1" in message


def test_seeds_of_which_a_reference_has_one_number_alone_are_no_copies(tmp_path):
    """Two totals in two decimals may be equal by chance."""
    path = tmp_path / "reference.csv"
    path.write_text("dataset,run,seed,total,head,medium,tail\nd,a,0,50.12,,,\nd,a,1,50.12,,,\n")
    reference = read_reference(path)
    assert reference_scores(reference, "d", "a", "total") == {0: 50.12, 1: 50.12}
    assert reference_doubts(reference, "r.csv") == []


def test_a_reference_saved_by_excel_is_read(tmp_path):
    path = tmp_path / "reference.csv"
    path.write_bytes(b"\xef\xbb\xbfdataset,run,seed,total,head,medium,tail\r\nd,r,0,1,1,1,1\r\n")
    assert list(read_reference(path)) == [("d", "r")]


def test_an_absent_reference_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_reference(tmp_path / "none.csv")
