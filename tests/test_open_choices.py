"""docs/losses.md against the metrics files that its table of open choices is made from."""

from pathlib import Path

from scripts import load_script

ROOT = Path(__file__).parents[1]


def load_maker():
    return load_script("docs/open_choices.py")


def test_the_table_of_open_choices_is_what_the_committed_metrics_files_say():
    maker = load_maker()
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page_with(maker.PAGE, "open choices", maker.table())


def test_every_candidate_has_been_tried_on_photographs():
    maker = load_maker()
    rows = [line.split("|") for line in maker.table().splitlines()[2:]]
    assert len(rows) > 30
    assert [row[2] for row in rows if not row[4].strip()] == []
