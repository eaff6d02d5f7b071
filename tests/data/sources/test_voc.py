import json
from pathlib import Path

import numpy as np
import pytest
from data.label_helpers import reference, voc_root, voc_xml, write_image, write_voc

from ltmlc.data.sources.voc import VOC_CLASSES, VocSource, class_indices
from ltmlc.errors import InputError

TRAIN = {"year": "2012", "set": "trainval"}
TEST = {"year": "2007", "set": "test"}
IMAGES = {"2008_000002": ["tvmonitor"], "2008_000001": ["dog!", "person", "person"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_voc(tmp_path / "VOCdevkit" / "VOC2012", {"trainval": IMAGES})
    write_voc(tmp_path / "VOCdevkit" / "VOC2007", {"test": {"000001": ["cat"]}})
    return tmp_path


def test_every_object_counts_once_difficult_included_and_parts_not(root):
    pool = VocSource(root, train=TRAIN, test=TEST).train_pool()
    names = [[VOC_CLASSES[index] for index in np.flatnonzero(row)] for row in pool.labels]
    assert names == [["tvmonitor"], ["dog", "person"]]
    assert pool.labels.dtype == np.uint8


def test_pool_keeps_the_order_of_the_list_file(root):
    assert VocSource(root, train=TRAIN, test=TEST).train_pool().ids == list(IMAGES)


def test_class_order_is_alphabetical():
    assert len(VOC_CLASSES) == 20 and sorted(VOC_CLASSES) == VOC_CLASSES


@pytest.mark.parametrize("layout", ["VOCdevkit/VOC2012", "VOC2012", "VOCdevkit2012/VOC2012"])
def test_usual_layouts_are_found(tmp_path, layout):
    write_voc(tmp_path / layout, {"train": {"a": ["cat"]}, "val": {"b": ["dog"]}})
    source = VocSource(tmp_path, train={"year": 2012, "set": "train"}, test={"year": 2012, "set": "val"})
    assert (source.train_pool().ids, source.test_pool().ids) == (["a"], ["b"])
    assert source.read_image("b").shape == (6, 8, 3)


def test_photographs_are_read_from_the_year_that_lists_them(root):
    write_image(root / "VOCdevkit" / "VOC2007" / "JPEGImages" / "000001.jpg", height=11, width=13)
    source = VocSource(root, train=TRAIN, test=TEST)
    assert source.read_image("000001").shape == (11, 13, 3)
    assert source.read_image("2008_000001").shape == (6, 8, 3)
    with pytest.raises(InputError, match="'000002' is in neither"):
        source.read_image("000002")


def test_labels_need_no_photographs(root):
    for path in root.rglob("*.jpg"):
        path.unlink()
    source = VocSource(root, train=TRAIN, test=TEST)
    assert source.test_pool().ids == ["000001"]
    with pytest.raises(InputError, match=r"000001\.jpg cannot be read"):
        source.read_image("000001")


def test_missing_list_names_every_folder_looked_for(root):
    with pytest.raises(InputError, match=r"VOC2007 val images .*VOCdevkit/VOC2007/ImageSets/Main/val\.txt.*data\.root"):
        VocSource(root, train=TRAIN, test={"year": "2007", "set": "val"})


def test_listed_image_without_annotation_is_named(root):
    path = root / "VOCdevkit" / "VOC2012" / "Annotations" / "2008_000001.xml"
    path.unlink()
    with pytest.raises(InputError, match=r"2008_000001\.xml is missing, but .*trainval\.txt lists its image"):
        VocSource(root, train=TRAIN, test=TEST).train_pool()


def test_all_that_is_wrong_with_the_annotations_is_in_one_message(root):
    folder = root / "VOCdevkit" / "VOC2012" / "Annotations"
    (folder / "2008_000001.xml").unlink()
    (folder / "2008_000002.xml").write_text(voc_xml("unicorn"))
    with pytest.raises(InputError, match=r"000002\.xml: object unicorn .*000001\.xml is missing"):
        VocSource(root, train=TRAIN, test=TEST).train_pool()


def test_classes_can_be_chosen_and_ordered(root):
    source = VocSource(root, train=TRAIN, test=TEST, classes=["person", "dog"])
    assert (source.classes, source.train_pool().ids) == (["person", "dog"], ["2008_000001"])
    assert (source.train_pool().labels.tolist(), source.test_pool().labels.tolist()) == ([[1, 1]], [[0, 0]])
    with pytest.raises(InputError, match=r"source\.classes: unicorn is no class of PASCAL VOC"):
        VocSource(root, train=TRAIN, test=TEST, classes=["unicorn"])


@pytest.mark.parametrize("file", ["ImageSets/Main/trainval.txt", "Annotations/2008_000001.xml"])
def test_a_byte_order_mark_changes_nothing(root, file):
    path = root / "VOCdevkit" / "VOC2012" / file
    pool = VocSource(root, train=TRAIN, test=TEST).train_pool()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    marked = VocSource(root, train=TRAIN, test=TEST).train_pool()
    assert marked.ids == pool.ids and (marked.labels == pool.labels).all()


def test_object_outside_the_classes_is_named(tmp_path):
    (tmp_path / "a.xml").write_text(voc_xml("cat", "unicorn"))
    with pytest.raises(InputError, match=r"a\.xml: object unicorn is no class"):
        class_indices(tmp_path / "a.xml")


def test_damaged_annotation_is_named(tmp_path):
    (tmp_path / "a.xml").write_text(voc_xml("cat")[:30])
    with pytest.raises(InputError, match=r"a\.xml is not a VOC annotation"):
        class_indices(tmp_path / "a.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_dtd_is_refused_before_its_entities_are_expanded(tmp_path, encoding):
    entities = '<!ENTITY e0 "dog">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    text = f"<!DOCTYPE annotation [{entities}]><annotation><object><name>&e11;</name></object></annotation>"
    (tmp_path / "a.xml").write_text(f'<?xml version="1.0" encoding="{encoding}"?>{text}', encoding=encoding)
    with pytest.raises(InputError, match="declares a DTD"):
        class_indices(tmp_path / "a.xml")


def test_official_2012_annotations_give_the_published_training_labels():
    published = json.loads(reference("voc-lt", "train_labels.json").read_text())["labels"]
    folder = voc_root() / "VOC2012" / "Annotations"
    found = {image: sorted(set(class_indices(folder / f"{image}.xml"))) for image in published}
    assert found == published


def test_official_2007_annotations_give_the_published_test_labels_in_the_order_of_the_list():
    rows = [line.split() for line in reference("voc-lt", "test_labels.txt").read_text().splitlines()]
    pool = VocSource(voc_root(), train=TRAIN, test=TEST).test_pool()
    assert pool.ids == [Path(row[0]).stem for row in rows]
    assert [np.flatnonzero(row).tolist() for row in pool.labels] == [sorted(map(int, row[1:])) for row in rows]
