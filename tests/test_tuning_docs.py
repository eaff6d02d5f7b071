"""docs/tuning.md against the metrics files that its tables are made from."""

import re
from pathlib import Path

import pytest
from page_prose import WORDS, missing, prose_of
from scripts import load_script

from ltmlc.evidence.results.archive import read_splits

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/tuning.py")


@pytest.fixture(scope="module")
def page(maker) -> str:
    return maker.PAGE.read_text(encoding="utf-8")


def test_its_tables_are_what_the_committed_metrics_files_say(maker, page):
    for name, table in maker.parts().items():
        assert page == maker.page_with(maker.PAGE, name, table.strip()), name


def test_nothing_of_a_table_is_missing(maker):
    for name, table in maker.parts().items():
        assert "…" not in table, name
        assert "✗" not in table, name
        assert len(table.splitlines()) > 2, name  # a row below the header


@pytest.mark.parametrize(("subject", "rows", "seeds"), [("digits", 9, 3), ("photographs", 16, 1)])
def test_every_method_was_tried_with_every_seed_and_then_trained_with_five(maker, subject, rows, seeds):
    tried = maker.decisions(*maker.RATES[subject])
    assert len(tried) == rows
    assert {each.n for decision in tried for each in decision.tried} == {seeds}
    pairs, _ = maker.tuned(subject)
    assert {cell.n for pair in pairs for cell in pair.cells} == {5}


def test_how_many_images_are_held_out(maker):
    digits, photographs, smaller = (
        read_splits(maker.REFERENCE / folder, [dataset])[dataset]
        for _, folder in maker.RATES.values()
        for dataset in [next((maker.REFERENCE / folder / "data").iterdir()).name]
    )
    few = [split.test_class_counts[k] for split in (digits, photographs, smaller) for k in split.groups["tail"]]
    assert photographs.test_ids == smaller.test_ids
    assert not missing(
        prose_of("docs/tuning.md"),
        f"a tail class has {WORDS[min(few)]} to {WORDS[max(few)]} images there",
        f"on {len(digits.test_ids)} held-out images",
        f"on {len(photographs.test_ids)} held-out photographs",
        f"{len(smaller.train_ids)} photographs to train on and the same {len(smaller.test_ids)} held out",
    )


def test_where_the_backbone_trains_a_rate_is_chosen_only_among_all_of_them(maker):
    for row in maker.decisions(*maker.RATES["trained backbone"]):
        assert bool(row.chosen) == all(each.status == "finished" for each in row.tried), row.choice.label


def test_its_commands_and_links_exist(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (ROOT / "docs" / link).exists(), link
    for path in re.findall(r"config/[\w./-]+\.yaml", page):
        assert (ROOT / path).exists(), path
