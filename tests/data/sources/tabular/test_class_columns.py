import pytest
from data.sources.test_csv_table import labels_of, one_table

from ltmlc.errors import InputError

HEAD = "path,cat,dog,split\n"


def test_one_column_a_class_is_read_and_said(tmp_path):
    source = one_table(tmp_path, HEAD + "a.jpg,1,0,train\nb.jpg,1.0,True,train\nc.jpg,0.0,false,test\n")
    assert labels_of(source) == {"a.jpg": ["cat"], "b.jpg": ["cat", "dog"], "c.jpg": []}
    assert source.notes == ["one column is one class"]


def test_classes_keep_the_order_of_the_columns_and_can_be_chosen(tmp_path):
    text = "path,dog,cat,age,split\na.jpg,1,0,54,train\nb.jpg,1,1,8,test\n"
    with pytest.raises(InputError, match=r"\(age is not\); .*source\.classes: \[dog, cat\]"):
        one_table(tmp_path, text)
    assert one_table(tmp_path, text, classes=["dog", "cat"]).test_pool().labels.tolist() == [[1, 1]]
    with pytest.raises(InputError, match=r"source\.classes: cow is no column of .*which has: dog, cat, age"):
        one_table(tmp_path, text, classes=["dog", "cow"])


@pytest.mark.parametrize(
    ("key", "cell", "said"),
    [
        ("uncertain", "-1", "is -1"),
        ("uncertain", "-1.0", "is -1"),
        ("blank", "", "is empty"),
        ("blank", "nan", "is empty"),
    ],
)
def test_minus_one_and_empty_cells_are_asked_for_with_line_image_and_class(tmp_path, key, cell, said):
    text = HEAD + f"a.jpg,1,{cell},train\nb.jpg,1,1,train\nc.jpg,0,1,test\n"
    with pytest.raises(
        InputError, match=rf"line 2 \(a\.jpg\): dog {said}: source\.{key}: positive, negative or exclude"
    ):
        one_table(tmp_path, text)
    assert labels_of(one_table(tmp_path, text, **{key: "negative"}))["a.jpg"] == ["cat"]
    assert labels_of(one_table(tmp_path, text, **{key: "positive"}))["a.jpg"] == ["cat", "dog"]
    excluding = one_table(tmp_path, text, **{key: "exclude"})
    assert set(labels_of(excluding)) == {"b.jpg", "c.jpg"}
    assert any(note.startswith("1 images are left out") for note in excluding.notes)


def test_what_is_said_of_minus_one_is_not_said_of_empty_cells(tmp_path):
    with pytest.raises(InputError, match=r"line 2 \(a\.jpg\): dog is empty"):
        one_table(tmp_path, HEAD + "a.jpg,-1,,train\n", uncertain="positive")


def test_another_value_in_a_chosen_column_is_refused_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"line 3 \(b\.jpg\): dog is 'yes': write 1"):
        one_table(tmp_path, HEAD + "a.jpg,1,0,train\nb.jpg,1,yes,test\n", classes=["cat", "dog"])


def test_a_column_for_no_label_is_asked_for_and_then_no_class(tmp_path):
    text = "path,No Finding,cat,split\na.jpg,0,1,train\nb.jpg,1,0,test\n"
    with pytest.raises(InputError, match=r"the first line: 'No Finding' seems to stand for no label"):
        one_table(tmp_path, text)
    assert labels_of(one_table(tmp_path, text, none="No Finding")) == {"a.jpg": ["cat"], "b.jpg": []}
    assert labels_of(one_table(tmp_path, text, classes=["cat"])) == {"a.jpg": ["cat"], "b.jpg": []}
    with pytest.raises(InputError, match="line 2: No Finding, cat: no label and a label cannot both be true"):
        one_table(tmp_path, "path,No Finding,cat,split\na.jpg,1,1,train\n", none="No Finding")


def test_columns_without_a_name_are_no_classes(tmp_path):
    """An index that pandas wrote, and the comma at the end of each line of ChestX-ray14's table."""
    assert one_table(tmp_path, ",path,cat,split,\n0,a.jpg,1,train,\n1,b.jpg,0,test,\n").classes == ["cat"]


def test_a_table_without_labels_names_what_may_be_the_column_of_them(tmp_path):
    with pytest.raises(InputError, match=r"has no column labels.*source\.columns: \{labels: tags\}"):
        one_table(tmp_path, "path,tags,split\na.jpg,cat,train\n")


def test_two_files_must_have_the_same_classes(tmp_path):
    from ltmlc.data.sources.csv_table import CsvSource

    (tmp_path / "a.csv").write_text("path,cat,dog\na.jpg,1,0\n")
    (tmp_path / "b.csv").write_text("path,cat\nb.jpg,1\n")
    with pytest.raises(InputError, match="do not have the same columns: dog is in one of them"):
        CsvSource(tmp_path, train="a.csv", test="b.csv")
    assert CsvSource(tmp_path, train="a.csv", test="b.csv", classes=["cat"]).classes == ["cat"]


@pytest.mark.parametrize("name", ["id", "index", "Fold", "sex"])
def test_a_column_of_zeros_and_ones_that_is_probably_no_class_is_asked_for(tmp_path, name):
    text = f"{name},path,cat,split\n0,a.jpg,1,train\n1,b.jpg,0,test\n"
    with pytest.raises(InputError, match=rf"\({name} is not\); .*source\.classes: \[cat\]"):
        one_table(tmp_path, text)
    assert one_table(tmp_path, text, classes=["cat"]).classes == ["cat"]
