"""One label a row, as Open Images has it."""

import pytest

from ltmlc.data.sources.csv_table import CsvSource
from ltmlc.errors import InputError

ROWS = ("a,human,/m/01,1", "b,human,/m/02,1", "a,human,/m/02,0", "a,human,/m/03,1", "c,human,/m/01,0")
OPEN_IMAGES = "\n".join(["ImageID,Source,LabelName,Confidence", *ROWS])
KEYS = {
    "rows": "labels",
    "suffix": ".jpg",
    "columns": {"path": "ImageID", "labels": "LabelName", "present": "Confidence"},
}


def opened(tmp_path, text: str = OPEN_IMAGES, **keys) -> CsvSource:
    (tmp_path / "train.csv").write_text(text)
    (tmp_path / "test.csv").write_text(text)
    return CsvSource(tmp_path, train="train.csv", test="test.csv", **{**KEYS, **keys})


def test_labels_of_an_image_are_gathered_and_those_said_to_be_absent_are_not(tmp_path):
    source = opened(tmp_path)
    assert source.classes == ["/m/01", "/m/02", "/m/03"]
    test = source.test_pool()
    assert dict(zip(test.ids, test.labels.tolist(), strict=True)) == {
        "a.jpg": [1, 0, 1],
        "b.jpg": [0, 1, 0],
        "c.jpg": [0, 0, 0],
    }
    assert source.train_pool().ids == ["a.jpg", "b.jpg"]
    assert any("one label a row, 5 rows of 3 images" in note for note in source.notes)


def test_a_column_that_may_say_that_a_label_is_absent_is_asked_for_and_the_advice_works(tmp_path):
    columns = {"path": "ImageID", "labels": "LabelName"}
    with pytest.raises(InputError, match=r"Confidence says 0, 1: .* write source.columns.present: Confidence"):
        opened(tmp_path, columns=columns)
    assert opened(tmp_path, columns=columns | {"present": "Confidence"}).classes


def test_a_repeated_image_says_how_such_a_table_is_read(tmp_path):
    with pytest.raises(
        InputError, match=r"listed twice .* if every row is one label of its image, write source.rows: labels"
    ):
        opened(tmp_path, rows="images", columns={"path": "ImageID", "labels": "LabelName"})


def test_rows_that_disagree_or_say_neither_are_named_with_their_lines(tmp_path):
    table = "path,labels,split,there\na,x,train,1\na,y,test,1\nb,x,test,maybe\n"
    (tmp_path / "all.csv").write_text(table)
    with pytest.raises(InputError) as caught:
        CsvSource(tmp_path, table="all.csv", rows="labels", columns={"present": "there"})
    assert "line 3: split is 'test', before (line 2) it was 'train'" in str(caught.value)
    assert "line 4: there is 'maybe'" in str(caught.value)


def test_a_name_with_a_comma_in_it_is_one_label(tmp_path):
    table = 'path,labels\na,"knife, fork"\nb,spoon\n'
    source = opened(tmp_path, table, columns={}, suffix="")
    assert source.classes == ["knife, fork", "spoon"]


@pytest.mark.parametrize(
    "said", [("yes", "no"), ("0.8", "0.1"), ("-1", "1"), ("0", "0"), ("positive", "negative"), ("", "0")]
)
def test_whatever_looks_like_an_answer_is_asked_for_unless_there_is_said_to_be_none(tmp_path, said):
    table = f"path,labels,verdict\na,x,{said[0]}\nb,y,{said[1]}\n"
    with pytest.raises(InputError, match=r"the column verdict says .* or else source.columns.present: null"):
        opened(tmp_path, table, columns={}, suffix="")
    assert opened(tmp_path, table, columns={"present": None}, suffix="").classes == ["x", "y"]


def test_a_column_that_says_in_every_row_that_the_label_is_there_is_no_question(tmp_path):
    assert opened(tmp_path, "path,labels,ok\na,x,1\nb,y,1\n", columns={}, suffix="").classes == ["x", "y"]


def test_rows_of_one_image_are_one_however_its_accents_are_written(tmp_path):
    table = "path,labels\ncafe\u0301,x\ncaf\u00e9,y\n"
    assert opened(tmp_path, table, columns={}, suffix="").test_pool().labels.tolist() == [[1, 1]]
