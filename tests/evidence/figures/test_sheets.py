"""Contact sheets: files as those of all figures, whole or not at all, whatever the user's settings of matplotlib."""

import cv2
import matplotlib
import pytest
from training.tiny import SPEC, make_data

from ltmlc.data.pack.pack import open_pack
from ltmlc.data.split import load_split
from ltmlc.evidence.figures import style
from ltmlc.evidence.figures.sheets import write_sheets


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    data = make_data(tmp_path_factory.mktemp("data"))
    pack, split = open_pack(data / "pack"), load_split(data / "split.json")
    return lambda out: write_sheets(pack, split, image_size=16, settings=SPEC["augmentation"], directory=out)


def test_sheets_are_the_same_to_the_byte_whatever_the_user_s_settings(sheets, tmp_path):
    paths = sheets(tmp_path / "a")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        again = sheets(tmp_path / "b")
    assert [path.name for path in paths] == [
        *("images_tiny.pdf", "images_tiny.png", "augmentation_tiny.pdf", "augmentation_tiny.png"),
    ]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


def test_without_photographs_the_sheets_say_so(tmp_path):
    split = load_split(make_data(tmp_path / "data") / "split.json")
    paths = write_sheets(None, split, image_size=16, settings=SPEC["augmentation"], directory=tmp_path)
    assert [path.name for path in paths][1::2] == ["images_tiny.png", "augmentation_tiny.png"]
    assert [cv2.imread(str(path)).shape[:2] for path in paths[1::2]] == [(200, 1200)] * 2, "one line of words"


def test_a_sheet_that_cannot_be_written_leaves_the_old_one_whole(sheets, tmp_path, monkeypatch):
    paths = sheets(tmp_path)
    before = [path.read_bytes() for path in paths]

    def full_disk(path, content):
        raise OSError("no space")

    monkeypatch.setattr(style, "write_atomically", full_disk)
    with pytest.raises(OSError, match="no space"):
        sheets(tmp_path)
    assert [path.read_bytes() for path in paths] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
