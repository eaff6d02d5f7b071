import json
from pathlib import Path

import numpy as np
import pytest
from data.label_helpers import coco_tiny_root, reference, write_coco, write_image

from ltmlc.data.sources.coco import CocoSource
from ltmlc.data.sources.coco_file import read_labels
from ltmlc.data.split import make_split
from ltmlc.errors import InputError

OFFICIAL = {"train": {"set": "train2017"}, "test": {"set": "val2017"}}
OWN = {
    "train": {"annotations": "train.json", "images": "photos/train"},
    "test": {"annotations": "test.json", "images": "photos/test"},
}
CATEGORIES = {7: "bus", 2: "cat"}


def write_own(root: Path, *, train: list[dict], test: list[dict], categories: dict[int, str] = CATEGORIES) -> None:
    """Both files count their images from 1."""
    for name, annotations in (("train", train), ("test", test)):
        images = {1: "one.jpg", 2: "two.jpg"}
        write_coco(root / f"{name}.json", images=images, categories=categories, annotations=annotations)
        write_image(root / "photos" / name / "one.jpg", height=6 if name == "train" else 9)


def labels_of(tmp_path: Path, **annotation) -> list[int]:
    write_coco(
        tmp_path / "a.json",
        images={5: "x.jpg"},
        categories=CATEGORIES,
        annotations=[{"image_id": 5, "category_id": 7} | annotation],
    )
    return read_labels(tmp_path / "a.json").pool.labels[0].tolist()


def test_columns_are_in_the_order_of_category_ids_not_of_the_file(tmp_path):
    assert labels_of(tmp_path) == [0, 1]
    assert read_labels(tmp_path / "a.json").classes == ["cat", "bus"]


def test_crowd_regions_count(tmp_path):
    assert labels_of(tmp_path, iscrowd=1) == [0, 1]


@pytest.mark.parametrize(
    "annotation", [{"area": 0}, {"bbox": [1, 1, 0.5, 9]}, {"bbox": [1, 1, 9, 0.99]}, {"ignore": True}]
)
def test_degenerate_boxes_do_not_count(tmp_path, annotation):
    assert labels_of(tmp_path, **annotation) == [0, 0]


def test_a_box_of_one_pixel_counts(tmp_path):
    assert labels_of(tmp_path, bbox=[1, 1, 1, 1], area=0.1) == [0, 1]


def test_images_without_labels_stay_in_the_test_set_and_leave_the_training_pool(tmp_path):
    write_own(tmp_path, train=[{"image_id": 2, "category_id": 2}], test=[{"image_id": 2, "category_id": 7}])
    source = CocoSource(tmp_path, **OWN)
    assert source.train_pool().ids == source.train_pool().ids == ["photos/train/two.jpg"]
    assert source.notes == ["1 training images have no label and are left out"]
    assert source.test_pool().ids == ["photos/test/one.jpg", "photos/test/two.jpg"]
    assert source.test_pool().labels.tolist() == [[0, 0], [0, 1]]


def test_own_files_may_both_count_images_from_1_and_each_photograph_is_read_from_its_own_folder(tmp_path):
    write_own(tmp_path, train=[{"image_id": 1, "category_id": 2}], test=[])
    source = CocoSource(tmp_path, **OWN)
    assert set(source.train_pool().ids).isdisjoint(source.test_pool().ids)
    assert source.read_image("photos/train/one.jpg").shape == (6, 8, 3)
    assert source.read_image("photos/test/one.jpg").shape == (9, 8, 3)


def test_classes_choose_categories_and_their_order(tmp_path):
    categories = {1: "cat", 2: "dog", 3: "cow"}
    annotations = [{"image_id": 1, "category_id": 1}, {"image_id": 1, "category_id": 2}]
    write_own(tmp_path, train=annotations, test=[], categories=categories)
    source = CocoSource(tmp_path, **OWN, classes=["cow", "cat"])
    assert source.classes == ["cow", "cat"]
    assert source.train_pool().labels.tolist() == [[0, 1]]
    with pytest.raises(InputError, match=r"source\.classes: zebra is no category of .*cat, dog, cow"):
        CocoSource(tmp_path, **OWN, classes=["zebra"]).test_pool()


@pytest.mark.parametrize("prefix", ["", "images/", "coco/", "coco/images/"])
def test_usual_image_folders_are_found_without_reading_annotations(tmp_path, prefix):
    write_image(tmp_path / f"{prefix}val2017" / "000000000139.jpg")
    assert CocoSource(tmp_path, **OFFICIAL).read_image("139").shape == (6, 8, 3)


def test_missing_image_lists_where_it_was_looked_for(tmp_path):
    with pytest.raises(InputError, match=r"image 139 not found; .*train2017/000000000139\.jpg.*images/val2017"):
        CocoSource(tmp_path, **OFFICIAL).read_image("139")


def test_missing_annotations_list_where_they_were_looked_for(tmp_path):
    with pytest.raises(InputError, match=r"source\.test.*annotations/instances_val2017\.json.*coco/annotations"):
        CocoSource(tmp_path, **OFFICIAL).test_pool()
    with pytest.raises(InputError, match=r"source\.train\.annotations\) not found; looked for .*train\.json"):
        CocoSource(tmp_path, **OWN).train_pool()


def test_training_and_test_files_must_agree_on_categories(tmp_path):
    write_own(tmp_path, train=[], test=[])
    write_coco(tmp_path / "test.json", images={}, categories={1: "cow"}, annotations=[])
    with pytest.raises(InputError, match="categories: bus, cat only in the training file; cow only in the test file"):
        CocoSource(tmp_path, **OWN).train_pool()


def test_categories_that_differ_in_their_ids_alone_are_named_and_can_be_chosen_by_name(tmp_path):
    write_own(tmp_path, train=[{"image_id": 1, "category_id": 2}], test=[])
    write_coco(tmp_path / "test.json", images={1: "one.jpg"}, categories={7: "cat", 2: "bus"}, annotations=[])
    with pytest.raises(InputError, match="bus is 7 in the training and 2 in the test file; cat is 2 in the training"):
        CocoSource(tmp_path, **OWN).train_pool()
    assert CocoSource(tmp_path, **OWN, classes=["cat", "bus"]).train_pool().labels.tolist() == [[1, 0]]


def test_what_was_left_out_of_both_files_is_noted(tmp_path):
    write_own(
        tmp_path, train=[{"image_id": 1, "category_id": 2, "area": 0}, {"image_id": 1, "category_id": 7}], test=[]
    )
    source = CocoSource(tmp_path, **OWN)
    assert source.train_pool().labels.tolist() == [[0, 1]]
    assert source.notes == [
        f"{tmp_path}/train.json: 1 of 2 annotations do not count: 1 of area 0 or less (annotation 0 of image 1)",
        "1 training images have no label and are left out",
    ]


def test_real_annotations_give_the_published_labels():
    """The 80 images of val2017 are among the 5000 of the published list; training images may be published ones."""
    source = CocoSource(coco_tiny_root(), **OFFICIAL)
    rows = [line.split() for line in reference("coco-lt", "test_labels.txt").read_text().splitlines()]
    published = {str(int(Path(row[0]).stem)): sorted(map(int, row[1:])) for row in rows}
    pool = source.test_pool()
    assert len(pool.ids) == 80 and len(source.classes) == 80
    assert [np.flatnonzero(row).tolist() for row in pool.labels] == [published[image] for image in pool.ids]

    training = json.loads(reference("coco-lt", "train_labels.json").read_text())["labels"]
    for image, row in zip(source.train_pool().ids, source.train_pool().labels, strict=True):
        assert training.get(image, np.flatnonzero(row).tolist()) == np.flatnonzero(row).tolist()


def test_real_annotations_and_photographs_end_to_end():
    source = CocoSource(coco_tiny_root(), **OFFICIAL)
    split = make_split("tiny", source, {"subset": {"alpha": 6, "maximum": 30, "minimum": 1, "seed": 0}})
    assert 0 < len(split.train_ids) < 80 and len(split.test_ids) == 80
    assert min(split.class_counts) >= 1
    for image in [split.train_ids[0], split.test_ids[0]]:
        picture = source.read_image(image)
        assert picture.dtype == np.uint8 and picture.ndim == 3 and max(picture.shape) == 640
