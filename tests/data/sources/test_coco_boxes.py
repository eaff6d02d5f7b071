import pytest
from data.sources.test_coco_file import annotation, read

from ltmlc.errors import InputError


def test_where_no_annotation_has_a_box_each_is_a_label_of_its_image(tmp_path):
    found = read(tmp_path, annotations=[*annotation(bbox="left out", area="left out")])
    assert found.pool.labels.tolist() == [[0, 1], [0, 0]]
    assert found.notes == [f"{tmp_path}/a.json: no annotation has a box: 1 labels of whole images"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bbox": "left out"}, " has no bbox"),
        ({"bbox": []}, r": bbox is \[\]"),
        ({"bbox": None}, ": bbox is None"),
        ({"bbox": {"x": 1}}, r": bbox is \{'x': 1\}"),
        ({"bbox": [1, 1, 9, "9"]}, r": bbox is \[1, 1, 9, '9'\]"),
        ({"bbox": [1, 1, 9, float("nan")]}, r": bbox is \[1, 1, 9, nan\]"),
        ({"bbox": [1, 1, 9, 10**30]}, r": bbox is \[1, 1, 9, 1000"),
        ({"area": None}, ": area is None"),
        ({"area": "81"}, ": area is '81'"),
    ],
)
def test_one_without_a_box_among_others_is_named_with_its_image(tmp_path, changed, said):
    annotations = [*annotation(id=7), *annotation(id=8, image_id=2, **changed)]
    with pytest.raises(InputError, match=rf"a\.json: annotation 8 of image 2{said}.*: write \[x, y, width, height\]"):
        read(tmp_path, annotations=annotations)


def test_boxes_that_do_not_count_are_counted_by_reason_and_named(tmp_path):
    annotations = [
        *annotation(id=1),
        *annotation(id=2, area=0),
        *annotation(id=3, bbox=[0.1, 0.1, 0.5, 0.5], area=0.25),
        *annotation(id=4, bbox=[5, 5, 0.5, 9], area=4),
        *annotation(id=5, ignore=1),
        *(each for number in range(6, 11) for each in annotation(id=number, area=-1)),
    ]
    found = read(tmp_path, annotations=annotations)
    (note,) = found.notes
    assert note.startswith(
        f"{tmp_path}/a.json: 9 of 10 annotations do not count: 6 of area 0 or less (annotation 2 of image 1, "
    )
    for part in (
        "and 3 more)",
        "1 given in shares of the image, not in pixels (annotation 3 of image 1)",
        "1 less than 1 pixel wide or high (annotation 4 of image 1)",
        "1 marked ignore (annotation 5 of image 1)",
    ):
        assert part in note


def test_a_file_whose_boxes_are_all_in_shares_is_refused_with_the_reason(tmp_path):
    annotations = [*annotation(bbox=[0.1, 0.1, 0.5, 0.5], area=0.25), *annotation(bbox=[0, 0, 1, 1], area=1)]
    with pytest.raises(InputError, match=r"a\.json: all 2 boxes are given in shares of the image.*: multiply x and "):
        read(tmp_path, annotations=annotations)
