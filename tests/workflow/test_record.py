from pathlib import Path

import pytest

from ltmlc.workflow.contents import Contents
from ltmlc.workflow.record import NOT_MADE_YET, UNKNOWN, read_record, record_of, write_record


def test_what_is_other_than_recorded_is_named_and_what_cannot_be_known_is_not(tmp_path):
    file = tmp_path / "split.json"
    file.write_text("{}")
    write_record(file, '{"labels": "1", "code": "2"}')
    record = read_record(file)
    assert record.changes({"labels": "1", "code": "2"}) == []
    assert record.changes({"labels": "3", "code": UNKNOWN}) == ["labels"]
    assert record.changes({"labels": NOT_MADE_YET, "photographs": "4"}) == ["labels", "photographs"]


def test_a_packs_record_survives_its_folder():
    assert record_of(Path("data/pack/index.json")) == Path("data/pack.made-of")
    assert record_of(Path("data/split.json")) == Path("data/split.json.made-of")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_of": 1, "sha256": "a"}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    record_of(tmp_path / "split.json").write_text(text)
    assert read_record(tmp_path / "split.json") is None


def test_contents_are_the_same_wherever_they_lie_and_others_when_a_byte_is(tmp_path):
    memory = tmp_path / "memory.json"
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.xml").write_text("cat")
    here, there = ({"a": tmp_path / folder / "a.xml"} for folder in ("here", "there"))
    assert Contents(memory).of(here) == Contents(memory).of(there)
    (tmp_path / "there" / "a.xml").write_text("dog")
    assert Contents(memory).of(here) != Contents(memory).of(there)
    (tmp_path / "there" / "a.xml").unlink()
    assert Contents(memory).of(there) is None
