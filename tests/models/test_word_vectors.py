import errno
import json
import os
import pickle
import tarfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch

from ltmlc.errors import InputError
from ltmlc.models import digit_word_vectors, load_word_vectors

REFERENCE = Path(os.environ.get("LTMLC_REFERENCE_DATA", "LTMLC_REFERENCE_DATA is not set"))
CLASSES = ["person", "hot dog", "bear"]  # alphabetical: bear, hot dog, person
TABLE = np.arange(1, 13, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def table(tmp_path):
    np.save(tmp_path / "v.npy", TABLE)
    return tmp_path / "v.npy"


def test_rows_follow_the_classes_or_the_sorted_names(table):
    assert load_word_vectors(table, CLASSES, "classes").tolist() == TABLE.tolist()
    result = load_word_vectors(table, CLASSES, "alphabetical")
    assert result.dtype == torch.float32
    assert result.tolist() == TABLE[[2, 1, 0]].tolist()


def test_a_list_of_names_beside_the_table_is_held_against_the_order(table):
    names = table.with_suffix(".names.txt")
    names.write_text("bear\nhot_dog\nperson\n")
    load_word_vectors(table, CLASSES, "alphabetical")
    with pytest.raises(InputError, match=r"line 1 of .*names.txt is 'bear', but in order 'classes' .* 'person'"):
        load_word_vectors(table, CLASSES, "classes")
    names.write_text("bear\n")
    with pytest.raises(InputError, match="1 names for 3 classes"):
        load_word_vectors(table, CLASSES, "alphabetical")


def test_a_pickled_array_is_read_and_any_other_object_refused(tmp_path):
    path = tmp_path / "v.pkl"
    for protocol in (2, 4, 5):
        path.write_bytes(pickle.dumps(TABLE, protocol=protocol))
        assert load_word_vectors(path, CLASSES, "classes").tolist() == TABLE.tolist()
    path.write_bytes(pickle.dumps(Path("/")))
    with pytest.raises(InputError, match="not only a NumPy array"):
        load_word_vectors(path, CLASSES, "classes")
    np.save(tmp_path / "o.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="not a table of numbers"):
        load_word_vectors(tmp_path / "o.npy", CLASSES, "classes")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (TABLE[:2], "2 rows for 3 classes"),
        (TABLE * np.nan, "finite"),
        (TABLE[0], r"must be \(C, d\)"),
        (TABLE * [[1], [0], [1]], "no row of zeros"),
    ],
)
def test_tables_that_cannot_belong_to_the_classes_are_refused(tmp_path, values, message):
    np.save(tmp_path / "v.npy", values)
    with pytest.raises(InputError, match=message):
        load_word_vectors(tmp_path / "v.npy", CLASSES, "classes")


def test_text_in_an_unknown_encoding_inside_a_pickle_is_refused(tmp_path):
    """It would end in a LookupError; and some encodings make of little text much."""
    for encoding in (b"no-such", b"utf-32"):
        content = b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX" + bytes([len(encoding), 0, 0, 0]) + encoding + b"\x86R."
        (tmp_path / "v.pkl").write_bytes(content)
        with pytest.raises(
            InputError, match=rf"v\.pkl is not a table of numbers \(it holds text in encoding '{encoding.decode()}"
        ):
            load_word_vectors(tmp_path / "v.pkl", ["a"], "classes")


def test_a_list_of_names_in_another_encoding_is_named(table):
    table.with_suffix(".names.txt").write_bytes("Masé\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"names\.txt, line 1 is not in UTF-8: .*; save it as UTF-8"):
        load_word_vectors(table, CLASSES, "classes")


def test_a_table_that_claims_more_than_it_has_or_is_packed_is_refused(tmp_path):
    head = (
        b"\x93NUMPY\x01\0\x76\0"
        + b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 1000000)}".ljust(117)
        + b"\n"
    )
    (tmp_path / "v.npy").write_bytes(head)
    with pytest.raises(InputError, match=r"v\.npy is not a table of numbers"):
        load_word_vectors(tmp_path / "v.npy", ["a"], "classes")
    np.savez_compressed(tmp_path / "packed.npz", np.zeros(10))
    (tmp_path / "packed.npz").rename(tmp_path / "v.npy")
    with pytest.raises(InputError, match=r"v\.npy is not a table of numbers \(it holds no array\)"):
        load_word_vectors(tmp_path / "v.npy", ["a"], "classes")


def test_what_the_disk_refuses_is_said(table, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(InputError, match="cannot be read \\(Input/output error"):
        load_word_vectors(table, CLASSES, "classes")


def test_unknown_order_and_missing_file_are_named(tmp_path):
    with pytest.raises(InputError, match="choose one of classes, alphabetical"):
        load_word_vectors(tmp_path / "v.npy", CLASSES, "sorted")
    with pytest.raises(InputError, match=r"v\.npy does not exist"):
        load_word_vectors(tmp_path / "v.npy", CLASSES, "classes")


def test_glove_text_is_looked_up_by_name_and_words_are_averaged(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("the 9 9\ndog 1 2\nbear 5 5\nhot 3 4\nperson -1 0\ntv 1 1\nmonitor 3 3\n")
    result = load_word_vectors(path, [*CLASSES, "tvmonitor"], "alphabetical")
    assert result.tolist() == [[-1, 0], [2, 3], [5, 5], [2, 2]]
    with pytest.raises(InputError, match=r"no vector for 'cow' of class 'cow'"):
        load_word_vectors(path, ["person", "cow"], "classes")
    path.write_text("person 1 2\nbear 5\nhot 1 2\ndog 1 2\n")
    with pytest.raises(InputError, match="different lengths"):
        load_word_vectors(path, CLASSES, "classes")
    path.write_text("person one two\n")
    with pytest.raises(InputError, match="line of 'person'"):
        load_word_vectors(path, CLASSES, "classes")


@pytest.mark.parametrize("name", ["café", "Épée", "cafe\u0301", "人", "बिल्ली", "می\u200cخواهم", "Straße"])
def test_names_with_accents_and_of_other_scripts_are_looked_up_whole(tmp_path, name):
    """Cut down to a to z, ``café`` took the vector of ``caf``, and names of other scripts had no word at all."""
    path = tmp_path / "glove.txt"
    word = unicodedata.normalize("NFC", name.lower())
    path.write_text(f"\ufeffcaf 7 7\np 7 7\nstra 7 7\n{word} 1 2\ndog 3 4\n", encoding="utf-8")
    assert load_word_vectors(path, [name, f"{name}-dog"], "classes").tolist() == [[1, 2], [2, 3]]


def test_all_classes_without_a_vector_are_named_at_once(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("dog 1 2\n")
    with pytest.raises(InputError, match=r"no vector for 'cow' of class 'cow', 'hot' of class 'hot dog'; add lines"):
        load_word_vectors(path, ["dog", "cow", "hot dog"], "classes")


def test_digit_vectors_depend_on_the_names_alone_and_share_what_the_names_share():
    vectors = digit_word_vectors(["3 red", "3 blue", "7 red", "9 green"])
    assert vectors.shape == (4, 300)
    assert vectors.dtype == torch.float32
    assert torch.equal(digit_word_vectors(["9 green", "3 red"]), vectors[[3, 0]])
    unit = torch.nn.functional.normalize(vectors)
    similarity = unit @ unit.T
    assert min(similarity[0, 1], similarity[0, 2]) > 0.35 > 0.2 > similarity[0, 3].abs()
    assert ((vectors.norm(dim=1) - 7).abs() < 1.5).all()


def test_a_class_that_is_no_coloured_digit_is_named():
    with pytest.raises(InputError, match="class 'person' is not a digit and a colour"):
        digit_word_vectors(["3 red", "person"])


def reference(name):
    path = REFERENCE / name
    if not path.is_file():
        pytest.skip(f"needs {path}")
    return path


def coco_classes():
    with tarfile.open(reference("coco-tiny/coco-tiny.tar")) as tar:
        member = next(member for member in tar if member.name.endswith("instances_val2017.json"))
        categories = json.load(tar.extractfile(member))["categories"]
    return [category["name"] for category in sorted(categories, key=lambda category: category["id"])]


def test_the_coco_table_is_known_to_be_alphabetical_and_agrees_with_the_voc_table():
    coco, voc = reference("glove/coco_glove_300d.npy"), reference("glove/voc_glove_300d.npy")
    classes = coco_classes()
    with pytest.raises(InputError, match="known to be in order alphabetical, not classes"):
        load_word_vectors(coco, classes, "classes")
    rows = dict(zip(classes, load_word_vectors(coco, classes, "alphabetical"), strict=True))
    shared = ["bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dog", "horse", "person"]
    before, after = ["aeroplane", *shared[:9], "diningtable"], ["pottedplant", "sheep", "sofa", "train", "tvmonitor"]
    voc_classes = [*before, "dog", "horse", "motorbike", "person", *after]
    voc_rows = dict(zip(voc_classes, load_word_vectors(voc, voc_classes, "classes"), strict=True))
    assert all(torch.equal(rows[name], voc_rows[name]) for name in shared)
