import functools
import json
import os
from dataclasses import dataclass, field

import numpy as np
import pytest
from data.label_helpers import REPOSITORY, published_matrix, reference, voc_root

from ltmlc.data.longtail import longtail_subset
from ltmlc.data.selection import compare_with_published, read_ids
from ltmlc.data.sources.open import open_source
from ltmlc.data.sources.source import Pool
from ltmlc.data.split import class_lines, load_split, make_split, save_split
from ltmlc.disk.files import sha256_text
from ltmlc.errors import InputError
from ltmlc.metrics import groups_of
from ltmlc.plan.config import load_dataset

LABELS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1]], np.uint8)


@dataclass
class ListSource:
    """Five training images a to e, two test images, the second without labels."""

    classes: list[str] = field(default_factory=lambda: ["cat", "dog", "cow"])
    train: Pool = field(default_factory=lambda: Pool(list("abcde"), LABELS))
    test: Pool = field(default_factory=lambda: Pool(["x", "y"], np.array([[0, 1, 1], [0, 0, 0]], np.uint8)))

    def train_pool(self):
        return self.train

    def test_pool(self):
        return self.test


def with_list(tmp_path, text, **more):
    (tmp_path / "ids.txt").write_text(text)
    return make_split("s", ListSource(), {"subset": {"ids": "ids.txt", **more}}, root=tmp_path)


def test_without_subset_the_whole_pool_is_the_training_set():
    split = make_split("s", ListSource(), {})
    assert (split.train_ids, split.test_ids) == (list("abcde"), ["x", "y"])
    assert split.train_labels == [[0], [0, 1], [1], [0, 2], [2]]
    assert split.test_labels == [[1, 2], []]
    assert (split.train_matrix.tolist(), split.train_matrix.dtype) == (LABELS.tolist(), np.uint8)
    assert split.test_matrix.tolist() == [[0, 1, 1], [0, 0, 0]]


def test_counts_and_cooccurrence_are_those_of_the_selected_images(tmp_path):
    split = with_list(tmp_path, "b\nd\n")
    assert split.class_counts == [2, 1, 1]
    assert split.cooccurrence == [[2, 1, 1], [1, 1, 0], [1, 0, 1]]
    assert split.test_class_counts == [0, 1, 1]


def test_published_list_gives_the_order(tmp_path):
    assert with_list(tmp_path, "d\nb\na\n").train_ids == ["d", "b", "a"]


def test_a_list_has_one_id_a_line_with_spaces_inside_or_lines_of_windows(tmp_path):
    (tmp_path / "ids.txt").write_bytes(b"my dog.jpg\r\n\r\n a.jpg \r\n")
    assert read_ids(tmp_path / "ids.txt") == ["my dog.jpg", "a.jpg"]


def test_a_byte_order_mark_and_other_spellings_of_a_path_change_no_list(tmp_path):
    assert with_list(tmp_path, "\ufeffb\n./d\n").train_ids == ["b", "d"]
    with pytest.raises(InputError, match=r"ids\.txt lists d twice, in two spellings"):
        with_list(tmp_path, "b\nd\n./d\n")


def test_ids_keep_the_spaces_of_other_scripts(tmp_path):
    (tmp_path / "ids.txt").write_text("a\u2028b.jpg\n\u3000c\u202fd.jpg\n")
    assert read_ids(tmp_path / "ids.txt") == ["a\u2028b.jpg", "\u3000c\u202fd.jpg"]


def test_a_list_that_is_not_utf8_is_named_with_its_line(tmp_path):
    (tmp_path / "ids.txt").write_bytes(b"a\n\xe9.jpg\n")
    with pytest.raises(InputError, match=r"ids\.txt, line 2 is not in UTF-8"):
        read_ids(tmp_path / "ids.txt")


def test_ten_thousand_classes_make_a_split_without_a_table_of_all_pairs(tmp_path):
    labels = np.eye(10_000, dtype=np.uint8)
    labels[1:, 0] = 1
    pool = Pool([str(row) for row in range(10_000)], labels)
    source = ListSource(classes=[f"c{k}" for k in range(10_000)], train=pool, test=Pool(["t"], labels[:1]))
    split = make_split("s", source, {"subset": {"maximum": 3}})
    assert split.cooccurrence is None and min(split.class_counts) >= 1
    save_split(split, tmp_path / "split.json")
    assert (tmp_path / "split.json").stat().st_size < 1_000_000
    assert load_split(tmp_path / "split.json") == split


def test_pairs_that_are_not_listed_are_counted_when_asked(monkeypatch):
    listed = make_split("s", ListSource(), {})
    monkeypatch.setattr("ltmlc.data.split.PAIRS_LISTED", 2)
    unlisted = make_split("s", ListSource(), {})
    assert unlisted.cooccurrence is None
    assert unlisted.together().tolist() == listed.together().tolist() == listed.cooccurrence


def test_classes_are_shown_with_their_counts_most_frequent_first():
    assert class_lines(make_split("s", ListSource(), {})) == [
        "training     test  class",
        "       3        0  cat",
        "       2        1  dog",
        "       2        1  cow",
    ]
    assert class_lines(make_split("s", ListSource(), {}), most=2)[1:] == [
        "       3        0  cat",
        "     ...      ...  (1 classes more; all are in the split file)",
        "       2        1  cow",
    ]


def test_construction_is_the_long_tailed_subset_of_the_pool():
    subset = {"alpha": 6, "maximum": 3, "minimum": 1, "seed": 4}
    split = make_split("s", ListSource(), {"subset": subset})
    assert split.train_ids == ["abcde"[row] for row in longtail_subset(LABELS, 6, 3, 1, 4)]


def test_thresholds_come_from_the_config():
    split = make_split("s", ListSource(), {"thresholds": {"head": 3, "medium": 2}})
    assert split.groups == {"head": [0], "medium": [1, 2], "tail": []}
    assert split.thresholds == {"head": 3, "medium": 2}


def test_saved_split_is_loaded_equal_and_equal_splits_are_equal_files(tmp_path):
    for name in ("one.json", "two.json"):
        save_split(make_split("s", ListSource(), {}), tmp_path / name)
    assert load_split(tmp_path / "one.json") == make_split("s", ListSource(), {})
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_checksum_follows_every_field():
    original = make_split("s", ListSource(), {})
    other = make_split("s", ListSource(test=Pool(["x", "z"], ListSource().test.labels)), {})
    assert original.sha256 != other.sha256 != make_split("t", ListSource(), {}).sha256


@pytest.mark.parametrize("damage", ["edit", "cut", "empty", "list", "field"])
def test_edited_split_file_is_refused_and_the_remedy_named(tmp_path, damage):
    path = tmp_path / "split.json"
    save_split(make_split("s", ListSource(), {}), path)
    text = path.read_text()
    fields = json.loads(text)
    path.write_text(
        {
            "edit": json.dumps(fields | {"test_ids": ["x", "z"]}),
            "cut": text[:50],
            "empty": "",
            "list": "[]",
            "field": json.dumps({key: value for key, value in fields.items() if key != "groups"}),
        }[damage]
    )
    with pytest.raises(InputError, match=r"split\.json was edited or damaged.*delete it"):
        load_split(path)


def test_a_split_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "split.json")
    with pytest.raises(InputError, match=r"split\.json is a pipe or a device"):
        load_split(tmp_path / "split.json")


def test_missing_split_file_is_named_and_what_makes_it(tmp_path):
    with pytest.raises(InputError) as caught:
        load_split(tmp_path / "split.json")
    said = str(caught.value)
    assert said.startswith(f"split file not found; looked for {tmp_path / 'split.json'}; make it with `ltmlc subset`")
    assert "ltmlc holdout" in said and "download" not in said, "no split is downloaded"


def test_class_without_a_training_image_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"class dog \(1 test images\), cow \(1 test images\) has no image in the 1 selected"
    ):
        with_list(tmp_path, "a\n")
    source = ListSource(
        classes=["cat", "dog", "cow", "zebra"],
        train=Pool(list("abcde"), np.pad(LABELS, ((0, 0), (0, 1)))),
        test=Pool(["x"], np.array([[0, 0, 0, 0]], np.uint8)),
    )
    with pytest.raises(InputError, match=r"class zebra \(0 test images\) has no image in the pool .*source\.classes"):
        make_split("s", source, {"subset": {"maximum": 3}})


def test_a_training_set_without_a_label_is_named():
    source = ListSource(
        classes=[], train=Pool([], np.zeros((0, 0), np.uint8)), test=Pool(["x"], np.zeros((1, 0), np.uint8))
    )
    with pytest.raises(InputError, match="no training image has a label"):
        make_split("s", source, {})


def test_listed_images_without_labels_are_counted_and_named(tmp_path):
    with pytest.raises(InputError, match=r"2 of the 4 images that .*ids\.txt lists .*first: q"):
        with_list(tmp_path, "a\nq\nr\nb\n")


@pytest.mark.parametrize(("text", "message"), [("a\nb\na\n", "lists a twice"), ("\n", "lists no image")])
def test_unusable_list_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=rf"ids\.txt {message}"):
        with_list(tmp_path, text)


def test_missing_list_is_named(tmp_path):
    with pytest.raises(InputError, match=r"subset\.ids\) not found; looked for .*gone\.txt"):
        make_split("s", ListSource(), {"subset": {"ids": "gone.txt"}}, root=tmp_path)


def test_list_with_another_checksum_is_refused(tmp_path):
    assert with_list(tmp_path, "b\nd\n", sha256=sha256_text("b\nd\n")).train_ids == ["b", "d"]
    with pytest.raises(InputError, match=r"ids\.txt has sha256 .* but subset\.sha256 is 000"):
        with_list(tmp_path, "b\nd\n", sha256="0" * 64)


def test_construction_is_held_to_the_checksum_of_its_id_list():
    subset = {"maximum": 3}
    ids = make_split("s", ListSource(), {"subset": subset}).train_ids
    expected = sha256_text("".join(f"{image}\n" for image in ids))
    assert make_split("s", ListSource(), {"subset": subset | {"sha256": expected}}).train_ids == ids
    with pytest.raises(InputError, match=r"but not the list with subset\.sha256"):
        make_split("s", ListSource(), {"subset": subset | {"sha256": expected, "maximum": 2}})


@pytest.mark.parametrize("ids", [["x", "c"], ["x", "x"]])
def test_image_that_is_listed_twice_or_in_both_sets_is_refused(ids):
    source = ListSource(test=Pool(ids, ListSource().test.labels))
    with pytest.raises(InputError, match=rf"1 images \(first: {ids[1]}\) are listed twice or in both"):
        make_split("s", source, {})


def test_an_image_of_both_sets_is_found_whichever_way_its_accents_are_written():
    train, test = Pool(["caf\u00e9.jpg"], LABELS[:1, :1]), Pool(["cafe\u0301.jpg"], LABELS[:1, :1])
    with pytest.raises(InputError, match=r"1 images .* are listed twice or in both"):
        make_split("s", ListSource(classes=["cat"], train=train, test=test), {})


def test_agreement_with_a_published_list_is_counted():
    pool = ListSource().train
    built = [pool.ids[row] for row in longtail_subset(pool.labels, 6, 3)]
    same = compare_with_published(pool, built, alpha=6, maximum=3)
    assert same == {"constructed": len(built), "published": len(built), "shared": len(built), "equal": True}
    other = compare_with_published(pool, [*built[::-1], "q"], alpha=6, maximum=3)
    assert other == same | {"published": len(built) + 1, "equal": False}


@functools.cache
def configured_split(name: str):
    config = load_dataset(name, REPOSITORY)
    return make_split(name, open_source(config, voc_root()), config)


def test_voc_lt_is_the_published_one():
    split = configured_split("voc-lt")
    published = json.loads(reference("voc-lt", "train_labels.json").read_text())
    assert split.train_ids == reference("voc-lt", "img_id.txt").read_text().split()
    assert (split.train_matrix == published_matrix("voc-lt")).all()
    assert split.class_counts == published["class_counts"]
    assert list(split.groups.values()) == list(published["groups"].values())
    assert sorted(split.class_counts, reverse=True)[::19] == [775, 4] and len(split.test_ids) == 4952


def test_three_quarters_of_the_bird_images_have_a_person():
    """The 0.75 of Fig. 1 of the paper."""
    split = configured_split("voc-lt")
    bird, person = split.classes.index("bird"), split.classes.index("person")
    assert (split.cooccurrence[bird][person], split.cooccurrence[bird][bird]) == (6, 8)


def test_voc07_lt_has_its_1065_images_and_groups_of_6_6_and_8():
    split = configured_split("voc07-lt")
    assert (len(split.train_ids), len(split.test_ids)) == (1065, 2510)
    sizes = [643, 305, 254, 164, 142, 117, 89, 65, 47, 34, 29, 22, 17, 14, 11, 9, 7, 6, 5, 4]
    assert sorted(split.class_counts, reverse=True) == sizes
    assert [len(group) for group in split.groups.values()] == [6, 6, 8]


@pytest.mark.parametrize("name", ["voc-lt", "coco-lt"])
def test_published_counts_give_the_published_groups(name):
    published = json.loads(reference(name, "train_labels.json").read_text())
    assert list(groups_of(published["class_counts"]).values()) == list(published["groups"].values())


def test_coco_lt_is_read_from_the_published_list():
    """With the published labels in place of train2017's, which are not at hand."""
    config = load_dataset("coco-lt", REPOSITORY)
    ids = reference("coco-lt", "img_id.txt").read_text().split()
    source = ListSource(
        classes=[str(index) for index in range(80)],
        train=Pool(ids[::-1], published_matrix("coco-lt")[::-1]),
        test=Pool(["t"], np.ones((1, 80), np.uint8)),
    )
    subset = config["subset"] | {"ids": str(reference("coco-lt", "img_id.txt"))}
    split = make_split("coco-lt", source, config | {"subset": subset})
    assert split.train_ids == ids and [len(group) for group in split.groups.values()] == [22, 33, 25]
