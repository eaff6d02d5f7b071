import json
import time

import pytest

from ltmlc.data.sources.coco_file import CocoLabels, read_labels
from ltmlc.errors import InputError


def read(tmp_path, *, classes=None, **parts) -> CocoLabels:
    """A good file of two images and two categories, with these parts in place of its own."""
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 1, 9, 9], "area": 81}],
    } | parts
    (tmp_path / "a.json").write_text(json.dumps(content))
    return read_labels(tmp_path / "a.json", images="photos", classes=classes)


def annotation(**changed) -> list[dict]:
    good = {"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 1, 9, 9], "area": 81}
    return [{key: value for key, value in (good | changed).items() if value != "left out"}]


def test_a_good_file_is_read(tmp_path):
    found = read(tmp_path)
    assert (found.classes, found.pool.ids) == (["cat", "dog"], ["photos/a.jpg", "photos/b.jpg"])
    assert (found.pool.labels.tolist(), found.notes) == ([[0, 1], [0, 0]], [])


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path):
    read(tmp_path)
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_labels(path).classes == ["cat", "dog"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_id": 6}, "annotation 5 is of image 6, which the file does not have: "),
        ({"image_id": "1"}, r"annotation 5 is of image '1', which .*, but 1 is: one is text and one a number"),
        ({"image_id": "left out"}, "annotation 5 has no image_id"),
        ({"image_id": None}, "annotation 5 is of image None"),
        ({"image_id": [1]}, r"annotation 5 is of image \[1\]"),
        ({"category_id": 8}, "annotation 5 is of category 8, which the file does not have: "),
        ({"category_id": float("inf")}, "annotation 5 is of category inf"),
        ({"category_id": "left out", "id": "left out"}, "annotation 'at place 0' has no category_id"),
    ],
)
def test_an_annotation_of_nothing_is_named(tmp_path, changed, message):
    with pytest.raises(InputError, match=rf"a\.json: {message}"):
        read(tmp_path, annotations=annotation(**changed))


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([{"id": 1, "name": "cat"}, {"id": 3, "name": "cat"}], r"categories 1 \(cat\) and 3 \(cat\) have one name"),
        ([{"id": 1, "name": "Cat"}, {"id": 3, "name": "cat "}], r"categories 1 \(Cat\) and 3 \(cat \) have one name"),
        ([{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}], r"category id 1 is given twice \(cat, dog\)"),
        ([{"id": 1}], "category 1: its name None is no text"),
        ([{"id": 1, "name": "a\nb"}], "category 1: its name .* has a control character or a line end"),
        ([{"name": "cat"}], r"category at place 0: .*write each as \{id: 1, name: cat\}"),
        (["cat"], "category at place 0: 'cat'"),
        ([{"id": 1e400, "name": "cat"}], "category at place 0: .*inf"),
    ],
)
def test_a_category_that_cannot_be_used_is_named(tmp_path, categories, message):
    with pytest.raises(InputError, match=rf"a\.json: {message}"):
        read(tmp_path, categories=categories, annotations=[])


def test_two_categories_of_one_spelling_are_two_where_both_are_listed(tmp_path):
    categories = [{"id": 1, "name": "Cat"}, {"id": 7, "name": "cat"}]
    assert read(tmp_path, categories=categories, classes=["Cat", "cat"]).pool.labels.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}], "image id 1 is given twice"),
        ([{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "./a.jpg"}], "images 1 and 2 are one file"),
        ([{"id": 1}], "image 1: file_name None is no text"),
        ([{"id": 1, "file_name": ""}], "image 1: file_name '' is empty"),
        ([{"id": 1, "file_name": "C:\\\\a.jpg"}], "image 1: file_name .* is a path of Windows"),
        ([{"id": None, "file_name": "a.jpg"}], "image at place 0: its id is None"),
        ([{"id": 10**400, "file_name": "a.jpg"}], "image at place 0: its id is 1000"),
        ([7], "image at place 0: its id is 7"),
    ],
)
def test_an_image_that_cannot_be_used_is_named(tmp_path, images, message):
    with pytest.raises(InputError, match=rf"a\.json: {message}"):
        read(tmp_path, images=images, annotations=[])


def test_all_faults_of_a_file_are_in_one_message(tmp_path):
    annotations = [*annotation(image_id=9), *annotation(bbox=None), *annotation(category_id=9)]
    with pytest.raises(InputError) as error:
        read(tmp_path, annotations=annotations, categories=[{"id": 7, "name": "dog"}, {"id": 8, "name": "dog"}])
    for part in ("categories 7 (dog) and 8 (dog)", "of image 9", "bbox is None", "of category 9"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [', "it is no JSON"),
        ("[]", "it is no object with images"),
        ("{}", "it has no list 'images', 'annotations', 'categories'"),
        ('{"images": [{}]}', "it has no list 'annotations', 'categories'"),
        ('{"images": [], "annotations": []}', "it has no list 'categories'"),
        ('{"images": {}, "annotations": [], "categories": []}', "it has no list 'images'"),
        ("[" * 100_000, "it is no JSON"),
        ("1" * 5000, "it is no JSON"),
    ],
)
def test_a_file_that_is_no_coco_json_is_named(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=rf"a\.json is not a COCO annotation file: {message}"):
        read_labels(tmp_path / "a.json")


def test_fifty_thousand_categories_are_read_within_seconds_of_the_processor(tmp_path):
    """A search of all for each would take many times the bound."""
    categories = [{"id": number, "name": f"c{number}"} for number in range(50_000)]
    start = time.process_time()
    assert len(read(tmp_path, categories=categories, annotations=[]).classes) == 50_000
    assert time.process_time() - start < 10


def test_numbers_written_with_a_point_and_ids_that_are_text_are_ids(tmp_path):
    assert read(tmp_path, annotations=annotation(image_id=1.0)).pool.labels.tolist() == [[0, 1], [0, 0]]


def test_more_labels_than_the_memory_holds_are_refused_before_they_are_made(tmp_path):
    images = [{"id": number, "file_name": f"{number}.jpg"} for number in range(100_000)]
    categories = [{"id": number, "name": f"c{number}"} for number in range(100_000)]
    with pytest.raises(InputError, match=r"100000 images with 100000 classes are more .*source\.classes"):
        read(tmp_path, images=images, categories=categories, annotations=[])
