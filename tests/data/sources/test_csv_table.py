import unicodedata

import pytest
from data.label_helpers import write_image

from ltmlc.data.sources.csv_table import CsvSource
from ltmlc.data.sources.source import UnusableImageError
from ltmlc.errors import InputError

TRAIN = "path,labels\na.jpg,dog;person\nb.jpg,traffic light;dog\nc.jpg,\nd.jpg,traffic light;\n"
TEST = "path,labels\ne.jpg,\nf.jpg,dog\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(TEST)
    write_image(tmp_path / "photos" / "f.jpg")
    return tmp_path


def one_table(root, text: str | bytes, **keys) -> CsvSource:
    (root / "all.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return CsvSource(root, table="all.csv", **keys)


def labels_of(source: CsvSource) -> dict[str, list[str]]:
    """Image -> its labels, of both pools."""
    pools = (source.train_pool(), source.test_pool())
    return {
        image: [name for name, present in zip(source.classes, row, strict=True) if present]
        for pool in pools
        for image, row in zip(pool.ids, pool.labels, strict=True)
    }


def test_labels_of_two_files_are_split_at_semicolons(root):
    source = CsvSource(root, train="train.csv", test="test.csv")
    assert source.classes == ["dog", "person", "traffic light"]
    assert source.train_pool().labels.tolist() == [[1, 1, 0], [1, 0, 1], [0, 0, 1]]


def test_images_without_labels_stay_in_the_test_set_and_leave_the_training_pool(root):
    source = CsvSource(root, train="train.csv", test="test.csv")
    assert source.train_pool().ids == ["a.jpg", "b.jpg", "d.jpg"]
    assert "1 training images have no label and are left out" in source.notes
    assert source.test_pool().ids == ["e.jpg", "f.jpg"]
    assert source.test_pool().labels.tolist() == [[0, 0, 0], [1, 0, 0]]


def test_one_table_with_a_split_column(tmp_path):
    source = one_table(tmp_path, "split,path,labels\ntrain,a.jpg,cat\n test ,b.jpg,dog\n")
    assert (source.train_pool().ids, source.test_pool().ids) == (["a.jpg"], ["b.jpg"])
    assert source.classes == ["cat", "dog"]


def test_images_are_read_below_the_images_folder(root):
    source = CsvSource(root, train="train.csv", test="test.csv", images="photos")
    assert source.read_image("f.jpg").shape == (6, 8, 3)


@pytest.mark.parametrize(("listed", "on_disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_image_whose_accents_are_written_in_the_other_way_is_read(tmp_path, listed, on_disk):
    write_image(tmp_path / unicodedata.normalize(on_disk, "café.jpg"))
    name = unicodedata.normalize(listed, "café.jpg")
    source = one_table(tmp_path, f"path,labels,split\n{name},cat,train\nb.jpg,cat,test\n")
    assert source.read_image(source.train_pool().ids[0]).shape == (6, 8, 3)


def test_given_classes_choose_fix_the_order_and_what_they_leave_out_is_counted(root):
    classes = ["traffic light", "person", "dog"]
    assert CsvSource(root, train="train.csv", test="test.csv", classes=classes).train_pool().labels[0].tolist() == [
        0,
        1,
        1,
    ]
    source = CsvSource(root, train="train.csv", test="test.csv", classes=["dog", "person"])
    assert source.train_pool().labels.tolist() == [[1, 1], [1, 0]]
    assert "1 labels that source.classes does not name are left out: traffic light (2 images)" in source.notes


def test_a_table_saved_by_excel_is_read(tmp_path):
    content = b'\xef\xbb\xbfpath,labels,split\r\n"a, b.jpg",cat,train\r\nc.jpg,cat,test\r\n'
    assert one_table(tmp_path, content).train_pool().ids == ["a, b.jpg"]


def test_columns_may_be_called_otherwise(tmp_path):
    text = "Image Index,Finding Labels,Fold\na.png,Mass|Nodule,train\nb.png,Mass,test\n"
    with pytest.raises(
        InputError, match=r"has no column path, split; its columns are Image Index.*\{path: Image Index, "
    ):
        one_table(tmp_path, text)
    source = one_table(tmp_path, text, columns={"path": "Image Index", "labels": "Finding Labels", "split": "Fold"})
    assert labels_of(source) == {"a.png": ["Mass", "Nodule"], "b.png": ["Mass"]}
    assert source.notes == ["labels are parted by '|'"]
    with pytest.raises(InputError, match=r"add one \(split: train or test\), or give two files"):
        one_table(tmp_path, text, columns={"path": "Image Index", "labels": "Finding Labels", "split": "part"})


def test_columns_that_are_not_read_are_said(tmp_path):
    source = one_table(tmp_path, "path,labels,second label,split\na.jpg,cat,dog,train\nb.jpg,cat,,test\n")
    assert "columns that are not read: second label" in source.notes


@pytest.mark.parametrize(("listed", "on_disk"), [("a.JPG", "a.jpg"), ("a", "a.jpg"), ("A.jpg", "a.jpg")])
def test_an_image_that_is_spelled_otherwise_on_the_disk_is_named(tmp_path, listed, on_disk):
    write_image(tmp_path / "photos" / on_disk)
    source = one_table(tmp_path, f"path,labels,split\n{listed},cat,train\nb.jpg,cat,test\n", images="photos")
    with pytest.raises(UnusableImageError, match=rf"photos/{listed} is not there, but {on_disk} is: write its name"):
        source.read_image(listed)
    with pytest.raises(UnusableImageError, match=r"b\.jpg is not there;"):
        source.read_image("b.jpg")


def test_what_stands_for_no_label_is_no_class_once_it_is_said(tmp_path):
    text = "path,labels,split\na.jpg,Mass,train\nb.jpg,No Finding,test\nc.jpg,Mass,test\n"
    with pytest.raises(
        InputError, match=r"line 3: 'No Finding' seems to stand for no label: .*source\.none: No Finding"
    ):
        one_table(tmp_path, text)
    assert labels_of(one_table(tmp_path, text, none="No Finding")) == {
        "a.jpg": ["Mass"],
        "b.jpg": [],
        "c.jpg": ["Mass"],
    }


def test_no_label_beside_a_label_is_a_contradiction(tmp_path):
    with pytest.raises(InputError, match=r"line 2: Mass, No Finding: no label and a label cannot both be true"):
        one_table(tmp_path, "path,labels,split\na.jpg,Mass;No Finding,train\n", none="No Finding")


def test_renamed_labels_are_one_class(tmp_path):
    text = "path,labels,split\na.jpg,effusion;Effusion,train\nb.jpg,Effusion,test\n"
    with pytest.raises(InputError, match=r"'effusion' \(1 images, first line 2\) and 'Effusion' \(2 images, "):
        one_table(tmp_path, text)
    assert labels_of(one_table(tmp_path, text, rename={"effusion": "Effusion"}))["a.jpg"] == ["Effusion"]
    with pytest.raises(InputError, match=r"source\.rename: efusion is no label here"):
        one_table(tmp_path, text, rename={"effusion": "Effusion", "efusion": "Effusion"})


def test_all_faults_of_a_file_are_in_one_message(tmp_path):
    rows = "".join(f"{n}.jpg,cat,train,{n}\n" for n in range(20))
    with pytest.raises(InputError) as error:
        one_table(tmp_path, f"path,labels,split\n{rows}x.jpg,nan,somewhere\nx.jpg,[cat],test\n")
    message = str(error.value)
    assert message.startswith(f"{tmp_path}/all.csv, line 2 has 4 fields, but the first line names 3; line 3 has")
    assert "line 13 has" in message and "line 14 has" not in message and "; and 8 more: " in message
    for part in ("line 22: split is 'somewhere'", "line 23: image 'x.jpg' is listed twice", "'nan'", "'[cat]'"):
        assert part in message
    assert "\n" not in message


def test_of_two_files_the_message_says_which(root):
    (root / "test.csv").write_text("path,labels\ne.jpg,dog,person\n")
    with pytest.raises(InputError, match=r"train\.csv and .*test\.csv: test\.csv, line 2 has 3 fields, but .* names 2"):
        CsvSource(root, train="train.csv", test="test.csv")


def test_missing_csv_is_named(tmp_path):
    with pytest.raises(InputError, match=r"looked for .*all\.csv"):
        CsvSource(tmp_path, table="all.csv")


def test_ten_thousand_classes_are_read(tmp_path):
    rows = "".join(f"{n}.jpg,c{n};c{(n * 7) % 10_000},train\n" for n in range(10_000))
    source = one_table(tmp_path, f"path,labels,split\n{rows}t.jpg,c1;,test\n")
    assert len(source.classes) == 10_000 and source.test_pool().labels.sum() == 1


CHEST = "Image Index,Finding Labels\n1.png,Mass\n2.png,Mass|Effusion\n3.png,No Finding\n4.png,Effusion\n"
CALLED = {"columns": {"path": "Image Index", "labels": "Finding Labels"}, "none": "No Finding"}


def chest_lists(root, train: str = "\ufeff1.png\r\n2.png\r\n", test: str = "3.png\n") -> dict[str, str]:
    (root / "train_val_list.txt").write_text(train)
    (root / "test_list.txt").write_text(test)
    return {"train": "train_val_list.txt", "test": "test_list.txt"}


def test_lists_beside_a_table_say_what_is_trained_and_tested_on(root):
    source = one_table(root, CHEST, **CALLED, lists=chest_lists(root))
    assert (source.train_pool().ids, source.test_pool().ids) == (["1.png", "2.png"], ["3.png"])
    assert "1 rows are left out: source.splits or source.lists does not name them" in source.notes


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ({"test": "3.png\n9.png\n"}, r"test_list\.txt, line 2: '9\.png' has no row"),
        ({"test": "2.png\n"}, r"test_list\.txt, line 1: '2\.png' is in both lists"),
    ],
)
def test_a_list_that_does_not_fit_its_table_is_named_with_its_line(root, lists, sentence):
    with pytest.raises(InputError, match=sentence):
        one_table(root, CHEST, **CALLED, lists=chest_lists(root, **lists))


@pytest.mark.parametrize(
    ("text", "keys", "sentence"),
    [
        ("path,labels,split\na,x,train\nb,x,test\n", {"uncertain": "positive"}, "source.uncertain would not be used"),
        ("path,x,split\na,1,train\nb,1,test\n", {"separator": "|"}, "source.separator would not be used"),
        (
            "path,x,split\na,1,train\nb,1,test\n",
            {"columns": {"labels": "y"}},
            "source.columns.labels would not be used",
        ),
    ],
)
def test_a_key_without_use_is_refused_by_name(root, text, keys, sentence):
    with pytest.raises(InputError, match=sentence):
        one_table(root, text, **keys)
