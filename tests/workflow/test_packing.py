"""Photographs that are exported anew under the same names are other pixels, also for a pack that was begun before."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from ltmlc.cli import main
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.sources.open import open_source, photographs
from ltmlc.data.split import make_split
from ltmlc.errors import InputError
from ltmlc.plan.config import load_dataset
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.packing import ORIGIN_FILE, pack_photographs

NAMES = [f"{number}.png" for number in range(6)]
SETTINGS = {
    "title": "Mine",
    "source": {"kind": "csv", "table": "mine.csv", "classes": ["cat", "dog"]},
    "model": {"backbone": "small", "image_size": 16, "weights": None},
    "augmentation": {"mean": [0, 0, 0], "std": [1, 1, 1]},
}


def export(name: str, grey: int) -> None:
    cv2.imwrite(f"photos/{name}", np.full((4, 5, 3), grey, np.uint8))


@pytest.fixture(autouse=True)
def exported(tmp_path, monkeypatch):
    """Six grey photographs, four to train and two to test on, and the data set that they are."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "config/datasets"):
        Path(folder).mkdir(parents=True)
    for number, name in enumerate(NAMES):
        export(name, 10 * number)
    sets = [*["train"] * 4, *["test"] * 2]
    lines = [f"{name},cat;dog,{part}\n" for name, part in zip(NAMES, sets, strict=True)]
    Path("photos/mine.csv").write_text("path,labels,split\n" + "".join(lines))
    Path("config/datasets/mine.yaml").write_text(yaml.safe_dump(SETTINGS))


class Interrupted:
    """A source that is killed before an image, and lists what is read."""

    def __init__(self, source, before: str | None = None) -> None:
        self.source, self.before, self.read = source, before, []

    def read_image(self, image: str):
        if image == self.before:
            raise KeyboardInterrupt
        self.read.append(image)
        return self.source.read_image(image)


def pack(*, killed_before: str | None = None, folder="pack", **how) -> tuple[list[str], bool]:
    """What is read, and whether a whole pack was replaced."""
    settings, root = load_dataset("mine"), Path("photos")
    source = open_source(settings, root)
    split, watched = make_split("mine", source, settings, root=root), Interrupted(source, killed_before)
    replaced = pack_photographs(settings, root, watched, split, Path(folder), workers=1, progress=False, **how)
    return watched.read, replaced


def interrupt(before: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        pack(killed_before=before)


def greys(folder="pack") -> list[int]:
    found = open_pack(folder)
    return [int(found.image(index).mean()) for index in range(len(found.ids))]


def test_an_interrupted_pack_goes_on_before_the_first_photograph_that_is_another_one():
    interrupt("4.png")
    export("2.png", 222)
    assert pack() == (NAMES[2:], False)
    assert greys() == [0, 10, 222, 30, 40, 50]


def test_a_photograph_that_is_mended_leaves_what_was_packed_before_it():
    """As the message of damaged ones says."""
    Path("photos/4.png").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"4\.png"):
        pack()
    export("4.png", 44)
    assert pack()[0] == NAMES[4:]
    assert greys() == [0, 10, 20, 30, 44, 50]


def test_an_interrupted_pack_of_the_same_photographs_goes_on_where_it_stopped():
    interrupt("4.png")
    assert pack()[0] == NAMES[4:]


def test_a_whole_pack_of_other_photographs_is_replaced_and_one_of_the_same_kept(capsys):
    pack()
    before = Path("pack/index.json").read_bytes()
    assert pack() == ([], False)
    export("5.png", 222)
    assert pack() == (NAMES, True)
    assert "packing again: pack: the photographs changed since" in capsys.readouterr().err
    assert greys()[5] == 222
    export("5.png", 50)
    pack()
    assert Path("pack/index.json").read_bytes() == before, "trainings are recorded with it, and are to stand"


def test_a_whole_pack_is_kept_where_its_photographs_are_gone():
    pack()
    for name in NAMES:
        Path("photos", name).unlink()
    assert pack() == ([], False)
    for name in NAMES:
        export(name, 99)
    assert pack() == (NAMES, True), "what it is of was not forgotten"


def test_a_pack_of_an_earlier_version_is_believed_once_and_an_interrupted_one_begun_anew():
    pack()
    Path("pack", ORIGIN_FILE).unlink()
    assert pack() == ([], False)
    export("1.png", 111)
    assert pack() == (NAMES, True)
    Path("pack/index.json").unlink()
    interrupt("4.png")
    Path("pack", ORIGIN_FILE).unlink()
    assert pack()[0] == NAMES


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"parts": 1, "photographs": 2}', '{"parts": {}, "photographs": []}']
)
def test_a_damaged_note_is_none(content):
    pack()
    Path("pack", ORIGIN_FILE).write_text(content)
    pack()
    assert json.loads(Path("pack", ORIGIN_FILE).read_text())["photographs"].keys() == set(NAMES)


@pytest.mark.parametrize("interrupted", [True, False])
def test_pixels_of_other_settings_or_code_are_not_gone_on_with(monkeypatch, interrupted):
    interrupt("4.png") if interrupted else pack()
    monkeypatch.setattr("ltmlc.workflow.packing.pack_parts", lambda settings: {"code": "edited"})
    assert pack() == (NAMES, not interrupted)


def test_photographs_that_change_between_planning_and_packing_are_refused():
    """Else they would be recorded as the ones that were planned with."""
    planned = Contents(Path("memory.json")).of(photographs(SETTINGS, Path("photos"), NAMES))
    assert pack(made_of=json.dumps({"photographs": planned}))[0] == NAMES
    export("5.png", 222)
    with pytest.raises(InputError, match="edited after this job was planned: its photographs; run the same command"):
        pack(made_of=json.dumps({"photographs": planned}), folder="other")
    assert not Path("other").exists()


def test_the_verb_packs_again_what_was_exported_anew():
    root = ["--data-root", "photos"]
    assert main(["subset", "mine", *root, "--out", "split.json"]) == 0
    for grey in (30, 33):
        export("3.png", grey)
        assert main(["pack", "mine", *root, "--split", "split.json", "--out", "pack"]) == 0
        assert greys()[3] == grey
