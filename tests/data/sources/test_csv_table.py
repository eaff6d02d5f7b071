import pytest
from data.label_helpers import write_image

from ltmlc.data.sources.csv_table import CsvSource
from ltmlc.errors import InputError

TRAIN = "path,labels\na.jpg,dog person\nb.jpg,traffic light;dog\nc.jpg,\nd.jpg,traffic light;\n"
TEST = "path,labels\ne.jpg,\nf.jpg,dog\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(TEST)
    write_image(tmp_path / "photos" / "f.jpg")
    return tmp_path


def test_labels_are_split_at_semicolons_or_else_at_spaces(root):
    source = CsvSource(root, train="train.csv", test="test.csv")
    assert source.classes == ["dog", "person", "traffic light"]
    assert source.train_pool().labels.tolist() == [[1, 1, 0], [1, 0, 1], [0, 0, 1]]


def test_images_without_labels_stay_in_the_test_set_and_leave_the_training_pool(root):
    source = CsvSource(root, train="train.csv", test="test.csv")
    assert source.train_pool().ids == ["a.jpg", "b.jpg", "d.jpg"]
    assert source.test_pool().ids == ["e.jpg", "f.jpg"]
    assert source.test_pool().labels.tolist() == [[0, 0, 0], [1, 0, 0]]


def test_one_table_with_a_split_column(tmp_path):
    (tmp_path / "all.csv").write_text("split,path,labels\ntrain,a.jpg,cat\n test ,b.jpg,dog\n")
    source = CsvSource(tmp_path, table="all.csv")
    assert (source.train_pool().ids, source.test_pool().ids) == (["a.jpg"], ["b.jpg"])
    assert source.classes == ["cat", "dog"]


def test_images_are_read_below_the_images_folder(root):
    source = CsvSource(root, train="train.csv", test="test.csv", images="photos")
    assert source.read_image("f.jpg").shape == (6, 8, 3)


def test_given_classes_fix_the_columns_and_a_label_outside_is_named(root):
    classes = ["traffic light", "person", "dog"]
    source = CsvSource(root, train="train.csv", test="test.csv", classes=classes)
    assert source.train_pool().labels[0].tolist() == [0, 1, 1]
    with pytest.raises(InputError, match=r"source\.classes does not have the label traffic light"):
        CsvSource(root, train="train.csv", test="test.csv", classes=["dog", "person"])


def test_a_table_saved_by_excel_is_read(tmp_path):
    (tmp_path / "all.csv").write_bytes(b'\xef\xbb\xbfpath,labels,split\r\n"a, b.jpg",cat,train\r\nc.jpg,cat,test\r\n')
    assert CsvSource(tmp_path, table="all.csv").train_pool().ids == ["a, b.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,labels,split\n", r"all\.csv has no column path"),
        ("path,labels\na.jpg,cat\n", r"all\.csv has no column split"),
        ("path,labels,split\na.jpg,cat,val\n", r"all\.csv, line 2: split is 'val'; valid: train, test"),
        ("path,labels,split\na.jpg,cat,train\na.jpg,dog,train\n", r"all\.csv, line 3: image 'a\.jpg' is listed twice"),
        ("path,labels,split\n,cat,train\n", r"all\.csv, line 2: the path is empty"),
        (b"path,labels,split\n\xe9.jpg,cat,train\n", r"all\.csv is not a CSV in UTF-8"),
    ],
)
def test_bad_rows_are_named_with_their_line(tmp_path, text, message):
    (tmp_path / "all.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        CsvSource(tmp_path, table="all.csv")


@pytest.mark.parametrize("files", [{}, {"train": "train.csv"}, {"train": "a", "test": "b", "table": "c"}])
def test_either_two_files_or_one_table_must_be_given(root, files):
    with pytest.raises(InputError, match="needs either train and test"):
        CsvSource(root, **files)


def test_missing_csv_is_named(tmp_path):
    with pytest.raises(InputError, match=r"looked for .*all\.csv"):
        CsvSource(tmp_path, table="all.csv")
