import pytest
from data.sources.test_csv_table import labels_of, one_table

from ltmlc.errors import InputError

HEAD = "path,labels,split\n"


@pytest.mark.parametrize("space", ["\u202f", "\u00a0", "\u3000", "\u200d", " "])
def test_every_space_that_a_file_name_may_have_is_read(tmp_path, space):
    name = f"Screenshot 9.41.00{space}AM.png"
    assert one_table(tmp_path, f"{HEAD}{name},cat,train\nb.png,cat,test\n").train_pool().ids == [name]


@pytest.mark.parametrize("name", ["a\x07.jpg", "a\x00.jpg", '"a\nb.jpg"', "a\u2028b.jpg", "a\x85b.jpg"])
def test_control_characters_and_line_ends_are_no_part_of_a_path(tmp_path, name):
    with pytest.raises(InputError, match=r"line 2: the path .* is no path: .*is a quotation mark open before it"):
        one_table(tmp_path, f"{HEAD}{name},cat,train\n")


def test_an_open_quotation_mark_is_named_with_the_line_where_it_opens(tmp_path):
    with pytest.raises(InputError, match=r"line 3: "):
        one_table(tmp_path, f'{HEAD}a.jpg,cat,train\n"b.jpg,cat,train\nc.jpg,cat,test\n')


@pytest.mark.parametrize("written", ["./a/b.jpg", "a//b.jpg", "a\\b.jpg", ".\\a\\b.jpg"])
def test_a_path_has_one_spelling(tmp_path, written):
    source = one_table(tmp_path, f"{HEAD}{written},cat,train\nc.jpg,cat,test\n")
    assert source.train_pool().ids == ["a/b.jpg"]
    assert any("paths are written with" in note for note in source.notes) == ("\\" in written)
    with pytest.raises(InputError, match=r"line 3: image 'a/b\.jpg' is listed twice \(before: line 2\)"):
        one_table(tmp_path, f"{HEAD}{written},cat,train\na/b.jpg,cat,test\n")


def test_absolute_paths_are_read_where_they_are(tmp_path):
    from data.label_helpers import write_image

    write_image(tmp_path / "else" / "a.jpg")
    source = one_table(tmp_path, f"{HEAD}{tmp_path}/else/a.jpg,cat,train\nb.jpg,cat,test\n", images="photos")
    assert source.read_image(source.train_pool().ids[0]).shape == (6, 8, 3)


@pytest.mark.parametrize("path", ["C:\\data\\a.jpg", "https://example.org/a.jpg"])
def test_paths_that_are_nowhere_here_are_refused(tmp_path, path):
    with pytest.raises(InputError, match=r"line 2: .*is a path of Windows or an address"):
        one_table(tmp_path, f"{HEAD}{path},cat,train\n")


@pytest.mark.parametrize("path", ["", "nan", "None"])
def test_an_empty_path_is_named(tmp_path, path):
    with pytest.raises(InputError, match=r"line 2: the path '.*' is empty: write the path"):
        one_table(tmp_path, f"{HEAD}{path},cat,train\n")


def test_a_suffix_that_the_paths_lack_is_added(tmp_path):
    source = one_table(tmp_path, f"{HEAD}000a1,cat,train\n000a2,cat,test\n", suffix=".jpg")
    assert source.train_pool().ids == ["000a1.jpg"]


@pytest.mark.parametrize("value", ["test", "val", "valid", "validation", "TEST", "Val"])
def test_val_and_its_kin_are_the_test_set_where_there_is_no_other(tmp_path, value):
    source = one_table(tmp_path, f"{HEAD}a.jpg,cat,Train\nb.jpg,cat,{value}\n")
    assert (source.train_pool().ids, source.test_pool().ids) == (["a.jpg"], ["b.jpg"])


def test_val_beside_test_is_asked_for_and_the_answer_is_taken(tmp_path):
    text = f"{HEAD}a.jpg,cat,train\nb.jpg,cat,val\nc.jpg,cat,test\nd.jpg,cat,val\n"
    with pytest.raises(
        InputError, match=r"says val \(2 rows\), test \(1 rows\): .*source\.splits: \{train: \[train\], "
    ):
        one_table(tmp_path, text)
    source = one_table(tmp_path, text, splits={"train": ["train", "val"], "test": "test"})
    assert (source.train_pool().ids, source.test_pool().ids) == (["a.jpg", "b.jpg", "d.jpg"], ["c.jpg"])
    source = one_table(tmp_path, text, splits={"train": "train", "test": "test"})
    assert set(labels_of(source)) == {"a.jpg", "c.jpg"}
    assert any(note.startswith("2 rows are left out") for note in source.notes)


def test_another_value_of_split_is_named_with_its_line_and_can_be_said(tmp_path):
    text = f"{HEAD}a.jpg,cat,0\nb.jpg,cat,1\n"
    with pytest.raises(InputError, match=r"line 2: split is '0'; line 3: split is '1': write train or test"):
        one_table(tmp_path, text)
    assert one_table(tmp_path, text, splits={"train": 0, "test": 1}).train_pool().ids == ["a.jpg"]
