import errno
import json
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from ltmlc.data.pack.journal import Journal
from ltmlc.data.pack.pack import build_pack, open_pack
from ltmlc.disk.files import write_atomically
from ltmlc.errors import InputError


class Photographs:
    """A source whose images are noise of different sizes; counts what is read, and fails where it is told to."""

    def __init__(self, failing=()):
        self.read, self.failing = [], dict(failing)

    def read_image(self, image_id):
        self.read.append(image_id)
        if image_id in self.failing:
            value = self.failing[image_id]
            if isinstance(value, BaseException):
                raise value
            return value
        return image(image_id)


def image(image_id):
    rng = np.random.default_rng(int(image_id))
    return rng.integers(0, 256, (*rng.integers(3, 40, 2), 3), dtype=np.uint8)


def make_split(num_train=7, num_test=5, sha256="a" * 64):
    ids = [str(number) for number in range(num_train + num_test)]
    labels = [sorted({number % 4, number % 3}) for number in range(num_train + num_test)]
    return SimpleNamespace(
        dataset="toy",
        classes=["a", "b", "c", "d"],
        train_ids=ids[:num_train],
        test_ids=ids[num_train:],
        train_labels=labels[:num_train],
        test_labels=labels[num_train:],
        sha256=sha256,
    )


def unpack(pack):
    return [
        pack.images[offset : offset + height * width * 3].reshape(height, width, 3)
        for offset, height, width in zip(pack.offsets, pack.heights, pack.widths, strict=True)
    ]


def test_every_image_comes_back_in_its_own_size_and_order(tmp_path):
    pack = build_pack(Photographs(), make_split(), tmp_path)
    assert pack.ids == [str(number) for number in range(12)]
    for image_id, packed in zip(pack.ids, unpack(pack), strict=True):
        assert np.array_equal(packed, image(image_id))
    assert pack.num_train == 7 and pack.max_side is None and pack.split_sha256 == "a" * 64
    assert pack.offsets.dtype == np.int64


def test_a_pack_knows_no_labels(tmp_path):
    """They stand in the split, which is verified; a second copy could differ from it."""
    pack = build_pack(Photographs(), make_split(), tmp_path)
    assert not hasattr(pack, "labels")
    assert "labels" not in (tmp_path / "index.json").read_text()


def as_before(index, split):
    """An index of an earlier version: labels and classes in it, no checksum of itself."""
    heights, widths = (list(side) for side in zip(*index["sizes"], strict=True))
    kept = {key: index[key] for key in ("split_sha256", "max_side", "ids", "num_train")}
    labels = {"classes": split.classes, "labels": split.train_labels + split.test_labels}
    return {**kept, **labels, "heights": heights, "widths": widths, "sha256": index["images_sha256"]}


def test_a_pack_of_an_earlier_version_is_recognised_and_made_anew_with_a_sentence(tmp_path, capfd):
    build_pack(Photographs(), make_split(), tmp_path, progress=False)
    path = tmp_path / "index.json"
    path.write_text(json.dumps(as_before(json.loads(path.read_text()), make_split())))
    with pytest.raises(InputError, match="of an earlier version, which kept labels of its own; run `ltmlc pack` again"):
        open_pack(tmp_path)
    capfd.readouterr()
    build_pack(Photographs(), make_split(), tmp_path, progress=False)
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith("packing again: ") and "of an earlier version" in said
    open_pack(tmp_path)


def test_the_pixels_are_mapped_and_cannot_be_changed_through_the_pack(tmp_path):
    pack = build_pack(Photographs(), make_split(), tmp_path)
    assert isinstance(pack.images, np.memmap)
    pack.images[:100] = 0
    open_pack(tmp_path)  # verifies the checksum


def test_progress_is_said_in_a_log(tmp_path, capfd):
    build_pack(Photographs(), make_split(), tmp_path)
    name = make_split().dataset
    assert capfd.readouterr().err.splitlines()[-1] == f"pack {name}: 100 %"
    build_pack(Photographs(), make_split(), tmp_path)
    assert capfd.readouterr().err == "", "nothing was packed"


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_does_not_change_the_file(tmp_path, workers):
    build_pack(Photographs(), make_split(), tmp_path, workers=workers)
    expected = b"".join(image(number).tobytes() for number in range(12))
    assert (tmp_path / "images.bin").read_bytes() == expected


def test_max_side_shrinks_only_what_is_larger_and_keeps_the_ratio(tmp_path):
    large = np.full((30, 60, 3), 200, np.uint8)
    pack = build_pack(
        Photographs({"0": large, "1": np.ones((9, 20, 3), np.uint8)}), make_split(), tmp_path, max_side=20
    )
    assert (pack.heights[0], pack.widths[0]) == (10, 20) and (unpack(pack)[0] == 200).all()
    assert (pack.heights[1], pack.widths[1]) == (9, 20)
    assert max(pack.heights.max(), pack.widths.max()) == 20 and pack.max_side == 20
    for name, height, width in list(zip(pack.ids, pack.heights, pack.widths, strict=True))[2:]:
        if max(image(name).shape) <= 20:
            assert (height, width) == image(name).shape[:2]


@pytest.mark.parametrize("max_side", [0, -3, 2.5, "256", True])
def test_an_impossible_max_side_is_refused(tmp_path, max_side):
    with pytest.raises(InputError, match="max_side"):
        build_pack(Photographs(), make_split(), tmp_path, max_side=max_side)


def test_an_interrupted_build_reads_only_what_is_missing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        build_pack(Photographs({"8": KeyboardInterrupt()}), make_split(), tmp_path, workers=1)
    with pytest.raises(InputError, match="no pack here"):
        open_pack(tmp_path)
    source = Photographs()
    pack = build_pack(source, make_split(), tmp_path)
    assert sorted(source.read, key=int) == ["8", "9", "10", "11"]
    assert all(np.array_equal(packed, image(name)) for name, packed in zip(pack.ids, unpack(pack), strict=True))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".lock") == ["images.bin", "index.json"]


def test_pixels_of_another_origin_give_their_space_back_before_anything_is_written(tmp_path, monkeypatch):
    """As the message of a full disk advises: set max_side, and run again."""
    with pytest.raises(InputError):
        build_pack(Photographs({"8": ValueError("torn")}), make_split(), tmp_path, workers=1)

    def write(path, content):
        if (tmp_path / "partial.bin").stat().st_size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_atomically(path, content)

    with monkeypatch.context() as patch:
        patch.setattr("ltmlc.data.pack.journal.write_atomically", write)
        build_pack(Photographs(), make_split(), tmp_path, max_side=20)
    assert open_pack(tmp_path).max_side == 20


def test_a_resumed_build_decodes_again_what_does_not_verify(tmp_path):
    with pytest.raises(InputError):
        build_pack(Photographs({"8": ValueError("torn")}), make_split(), tmp_path, workers=1)
    content = bytearray((tmp_path / "partial.bin").read_bytes())
    content[sum(image(number).size for number in range(5)) + 1] ^= 1  # inside image 5
    (tmp_path / "partial.bin").write_bytes(content)
    source = Photographs()
    build_pack(source, make_split(), tmp_path)
    assert sorted(source.read, key=int) == [str(number) for number in range(5, 12)]
    open_pack(tmp_path)


@pytest.mark.parametrize("damage", ["line cut short", "pixels cut short", "pixels gone", "journal empty"])
def test_any_torn_end_of_an_interrupted_build_is_survived(tmp_path, damage):
    with pytest.raises(InputError):
        build_pack(Photographs({"8": ValueError("torn")}), make_split(), tmp_path, workers=1)
    lines, pixels = tmp_path / "partial.jsonl", tmp_path / "partial.bin"
    if damage == "line cut short":
        lines.write_text(lines.read_text()[:-20])
    elif damage == "pixels cut short":
        pixels.write_bytes(pixels.read_bytes()[:-20])
    elif damage == "pixels gone":
        pixels.unlink()
    else:
        lines.write_text("")
    pack = build_pack(Photographs(), make_split(), tmp_path)
    assert all(np.array_equal(packed, image(name)) for name, packed in zip(pack.ids, unpack(pack), strict=True))


def test_an_interrupted_build_of_another_split_or_size_is_not_continued(tmp_path):
    for split, max_side in [(make_split(sha256="b" * 64), None), (make_split(), 25)]:
        with pytest.raises(InputError):
            build_pack(Photographs({"8": ValueError()}), split, tmp_path, max_side=max_side, workers=1)
    source = Photographs()
    build_pack(source, make_split(), tmp_path)
    assert len(source.read) == 12


def test_a_complete_pack_is_kept_and_no_image_is_read(tmp_path):
    build_pack(Photographs(), make_split(), tmp_path)
    source = Photographs()
    build_pack(source, make_split(), tmp_path)
    assert source.read == []


def test_another_max_side_packs_again(tmp_path):
    build_pack(Photographs(), make_split(), tmp_path)
    assert build_pack(Photographs(), make_split(), tmp_path, max_side=20).max_side == 20


def test_a_damaged_or_foreign_pack_is_replaced(tmp_path):
    build_pack(Photographs(), make_split(sha256="b" * 64), tmp_path)
    pack = build_pack(Photographs(), make_split(), tmp_path)
    assert pack.split_sha256 == "a" * 64
    (tmp_path / "images.bin").write_bytes(b"0" * (tmp_path / "images.bin").stat().st_size)
    build_pack(Photographs(), make_split(), tmp_path)
    open_pack(tmp_path)


def test_an_earlier_pack_stays_usable_when_the_next_build_fails(tmp_path):
    build_pack(Photographs(), make_split(), tmp_path)
    with pytest.raises(InputError):
        build_pack(Photographs({"3": OSError("gone")}), make_split(sha256="b" * 64), tmp_path)
    assert open_pack(tmp_path, split_sha256="a" * 64).num_train == 7


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (FileNotFoundError("no such file"), "no such file"),
        (InputError("/photos/3.jpg: truncated"), "/photos/3.jpg: truncated"),
        (None, "NoneType"),
        (np.zeros((4, 4), np.uint8), r"\(4, 4\)"),
        (np.zeros((4, 4, 3), np.uint16), "uint16"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels"),
    ],
)
def test_an_unreadable_image_is_named(tmp_path, result, said):
    with pytest.raises(InputError, match=said) as caught:
        build_pack(Photographs({"3": result}), make_split(), tmp_path)
    assert "3" in str(caught.value)


def test_every_damaged_image_is_named_in_one_message_the_first_dozen_and_the_number_of_the_rest(tmp_path):
    failing = {str(number): ValueError("torn") for number in range(2, 20)}
    source = Photographs(failing)
    split = make_split(num_train=15, num_test=10)
    with pytest.raises(InputError) as caught:
        build_pack(source, split, tmp_path, workers=2, progress=False)
    said = str(caught.value)
    assert said.startswith("18 of 25 images cannot be used: 2 cannot be read (torn); 3 ")
    assert "; 13 cannot be read (torn); and 6 more. For each: put it there whole" in said
    assert "14 cannot" not in said and "\n" not in said
    # What was read before the first of them is kept, and what the message advises is enough.
    again = Photographs()
    build_pack(again, split, tmp_path, progress=False)
    assert sorted(again.read, key=int) == [str(number) for number in range(2, 25)]


def test_a_full_disk_is_one_sentence_and_what_was_packed_is_kept(tmp_path, monkeypatch):
    append = Journal.append

    def until_full(self, pixels):
        if len(self.sizes) == 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, pixels)

    monkeypatch.setattr(Journal, "append", until_full)
    with pytest.raises(InputError, match="disk is full") as caught:
        build_pack(Photographs(), make_split(), tmp_path)
    assert str(tmp_path) in str(caught.value)
    monkeypatch.undo()
    source = Photographs()
    build_pack(source, make_split(), tmp_path)
    assert len(source.read) == 6


def test_a_directory_that_cannot_be_made_or_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=str(tmp_path / "file")):
        build_pack(Photographs(), make_split(), tmp_path / "file" / "pack")

    def refuse(self):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.pixels_path))

    monkeypatch.setattr(Journal, "__enter__", refuse)
    with pytest.raises(InputError, match=r"partial\.bin: no permission"):
        build_pack(Photographs(), make_split(), tmp_path)


def test_opening_refuses_other_pixels_than_were_packed(tmp_path):
    build_pack(Photographs(), make_split(), tmp_path)
    path = tmp_path / "images.bin"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    packed = path.stat().st_mtime_ns
    path.write_bytes(content)
    for verify in (True, False):  # without: all the same, because the file is newer than its index
        with pytest.raises(InputError, match=r"images\.bin: the sha256 differs"):
            open_pack(tmp_path, verify=verify)
    os.utime(path, ns=(packed, packed))
    with pytest.raises(InputError, match=r"images\.bin: the sha256 differs"):
        open_pack(tmp_path)
    open_pack(tmp_path, verify=False)
    path.write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"images\.bin: \d+ bytes"):
        open_pack(tmp_path, verify=False)
    path.unlink()
    with pytest.raises(InputError, match=r"images\.bin: 0 bytes"):
        open_pack(tmp_path)


def test_opening_refuses_a_pack_of_another_split(tmp_path):
    build_pack(Photographs(), make_split(), tmp_path)
    open_pack(tmp_path, split_sha256="a" * 64)
    with pytest.raises(InputError, match="another split"):
        open_pack(tmp_path, split_sha256="b" * 64)


@pytest.mark.parametrize(
    "edit", ["", "not json", "[]", "[" * 9000, {"ids": []}, {"num_train": 8}, {"sha256": "0" * 64}]
)
def test_opening_refuses_an_edited_index_and_the_advice_mends_it(tmp_path, edit):
    folder = tmp_path / "pack"
    build_pack(Photographs(), make_split(), folder)
    path = folder / "index.json"
    path.write_text(edit if isinstance(edit, str) else json.dumps(json.loads(path.read_text()) | edit))
    with pytest.raises(InputError, match=r"index\.json was edited or damaged: .*; delete the folder \S+pack and run"):
        open_pack(folder, verify=False)
    shutil.rmtree(folder)
    build_pack(Photographs(), make_split(), folder)


def test_no_single_flipped_bit_of_an_index_is_accepted(tmp_path):
    build_pack(Photographs(), make_split(), tmp_path, progress=False)
    path = tmp_path / "index.json"
    whole = path.read_bytes()
    for position in range(len(whole)):
        for bit in (1, 2, 16):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :])
            with pytest.raises(InputError):
                open_pack(tmp_path, verify=False)


def test_two_builds_at_once_do_not_mix(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    sources = [Photographs(), Photographs()]
    with ThreadPoolExecutor(2) as pool:
        packs = list(pool.map(lambda source: build_pack(source, make_split(), tmp_path), sources))
    assert sorted(len(source.read) for source in sources) == [0, 12]
    assert all(np.array_equal(packed, image(name)) for name, packed in zip(packs[0].ids, unpack(packs[0]), strict=True))
