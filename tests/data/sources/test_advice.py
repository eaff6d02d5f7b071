"""What the messages about other people's files advise, followed to the letter: it must lead to a split."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from ltmlc.data.sources.open import open_source
from ltmlc.data.split import make_split
from ltmlc.errors import InputError
from ltmlc.plan.config import load_dataset

HEAD = "path,labels,split\n"


@dataclass
class Project:
    """A data set's file, and the files it names, in a folder of its own."""

    root: Path
    source: dict[str, Any] = field(default_factory=lambda: {"kind": "csv", "table": "all.csv"})
    subset: dict[str, Any] | None = None

    def split(self):
        own = {"extends": "voc-lt", "title": "Mine", "source": self.source, "subset": self.subset}
        path = self.root / "config" / "datasets" / "mine.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(own, allow_unicode=True))
        settings = load_dataset("mine", self.root)
        return make_split("mine", open_source(settings, self.root), settings, root=self.root)

    def table(self, text: str | bytes) -> "Project":
        (self.root / "all.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def say(self, text: str) -> None:
        """A key as a message writes it: ``none: No Finding``."""
        self.source |= yaml.safe_load(text)

    def edit(self, old: str, new: str, *, file: str = "all.csv") -> None:
        path = self.root / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


def advised(message: str, key: str, *, number: int = 0) -> str:
    """What the message says to write for ``source.KEY``, as YAML."""
    value = r"\{.*?\}|\[.*?\]|'.*?'|\".*?\"|.+?"
    found = re.findall(rf"source\.{key}: ({value})(?=; |: |, |\. | if | or |$)", message)
    assert found, message
    return f"{key}: {found[number]}"


def say(key: str, *, number: int = 0) -> Callable[[Project, str], None]:
    return lambda project, message: project.say(advised(message, key, number=number))


def heeding(advice: str, change: Callable[[Project], None]) -> Callable[[Project, str], None]:
    """The change, where the message advises it."""

    def follow(project: Project, message: str) -> None:
        assert advice in message
        change(project)

    return follow


def edit(advice: str, old: str, new: str, file: str = "all.csv") -> Callable[[Project, str], None]:
    return heeding(advice, lambda project: project.edit(old, new, file=file))


def write(advice: str, text: str) -> Callable[[Project, str], None]:
    return heeding(advice, lambda project: project.say(text))


def chosen_and_written(project: Project) -> None:
    project.say("classes: [cat]")
    project.edit("yes", "1")


GOOD = "g.jpg,cat;dog,train\nh.jpg,dog;,train\nt.jpg,cat;,test\n"
TABLES = {
    "surplus": (
        HEAD + GOOD + "a.jpg,cat,dog,train\n",
        edit("put a cell that has a comma in it between quotation marks", "a.jpg,cat,dog", 'a.jpg,"cat;dog"'),
    ),
    "surplus, by ;": (
        HEAD + GOOD + "a.jpg,cat,dog,train\n",
        edit("or part labels by ;", "a.jpg,cat,dog", "a.jpg,cat;dog"),
    ),
    "too few": (
        "path,split,labels\na.jpg,train,cat\nb.jpg,test\n",
        edit("after the path of an image without labels stands a comma", "b.jpg,test", "b.jpg,test,"),
    ),
    "encoding, said": ((HEAD + "a.jpg,Masé,train\nb.jpg,Masé,test\n").encode("latin-1"), say("encoding")),
    "columns": ("Image Index,Finding Labels,split\na.jpg,cat,train\nb.jpg,cat,test\n", say("columns")),
    "no column of the split": (
        "path,labels\na.jpg,cat;\n",
        edit("add one (split: train or test)", "path,labels\na.jpg,cat;\n", HEAD + GOOD),
    ),
    "classes among columns": ("path,cat,age,split\na.jpg,1,54,train\nb.jpg,0,9,test\n", say("classes")),
    "labels in another column": ("path,tags,split\na.jpg,cat,train\nb.jpg,cat,test\n", say("columns")),
    "no label, said": (HEAD + GOOD + "a.jpg,No Finding,test\n", say("none")),
    "no label, empty": (HEAD + GOOD + "a.jpg,nan,test\n", edit("leave the cell empty", "nan", "")),
    "no label is a class": (
        HEAD + GOOD + "a.jpg,None,train\n",
        write("if it is a class, list all classes in source.classes", "classes: [cat, dog, 'None']"),
    ),
    "spellings, renamed": (HEAD + GOOD + "a.jpg,Cat;,train\n", say("rename")),
    "spellings, written": (HEAD + GOOD + "a.jpg,Cat;,train\n", edit("write each in one way", "Cat", "cat")),
    "spellings, classes": (
        HEAD + GOOD + "a.jpg,Cat;,train\n",
        write("if they are different classes, list all in source.classes", "classes: [cat, Cat, dog]"),
    ),
    "two signs, one": (
        HEAD + GOOD + "a.jpg,cat|dog,train\n",
        edit("part all of them by one sign", "cat|dog", "cat;dog"),
    ),
    "two signs, said": (HEAD + GOOD + "a.jpg,big|small,train\n", say("separator")),
    "space, one label": (HEAD + "a.jpg,hot dog,train\nb.jpg,dog,train\nc.jpg,dog,test\n", say("separator", number=0)),
    "space, two labels": (HEAD + "a.jpg,hot dog,train\nb.jpg,dog,train\nc.jpg,dog,test\n", say("separator", number=1)),
    "comma, several": (HEAD + 'a.jpg,"boy, young",train\nb.jpg,dog,train\nc.jpg,dog,test\n', say("separator")),
    "other sign": (HEAD + "a.jpg,cat/dog,train\nb.jpg,dog,train\nc.jpg,cat,test\nd.jpg,cat,train\n", say("separator")),
    "brackets": (HEAD + GOOD + "a.jpg,['cat'],train\n", edit("write the names alone", "['cat']", "cat")),
    "bracket, all lists": (
        HEAD + "a.jpg,['cat'],train\nb.jpg,cat,test\n",
        edit("or every cell as a list such as ['cat', 'dog']", "b.jpg,cat", "b.jpg,['cat']"),
    ),
    "minus one": (
        "path,cat,dog,split\na.jpg,1,-1,train\nb.jpg,1,1,train\nc.jpg,0,1,test\n",
        write("source.uncertain: positive, negative or exclude", "uncertain: negative"),
    ),
    "blank": (
        "path,cat,dog,split\na.jpg,1,,train\nb.jpg,1,1,train\nc.jpg,0,1,test\n",
        write("source.blank: positive, negative or exclude", "blank: exclude"),
    ),
    "a word in a column": (
        "path,cat,split\na.jpg,yes,train\nb.jpg,1,train\nc.jpg,0,test\n",
        heeding("(cat is not); name the classes", chosen_and_written),
    ),
    "val and test": (HEAD + "a.jpg,cat,train\nb.jpg,cat,val\nc.jpg,cat,test\n", say("splits")),
    "split": (HEAD + GOOD + "a.jpg,cat,somewhere\n", edit("write train or test", "somewhere", "test")),
    "split, said": (
        HEAD + "a.jpg,cat,0\nb.jpg,cat,1\n",
        write(
            "say what the values mean, such as source.splits: {train: [a], test: [b]}",
            "splits: {train: ['0'], test: ['1']}",
        ),
    ),
    "twice": (
        HEAD + GOOD + "a.jpg,cat;,train\na.jpg,dog;,train\n",
        edit("give each image one row, with all its labels in it", "cat;,train\na.jpg,dog;", "cat;dog"),
    ),
    "path": (
        HEAD + GOOD + "C:\\x\\a.jpg,cat;,train\n",
        edit("write the path of a file below source.images", "C:\\x\\", ""),
    ),
    "only tested, left out": (
        HEAD + GOOD + "a.jpg,cow;,test\n",
        write("leave it out with source.classes, which lists the others", "classes: [cat, dog]"),
    ),
    "only tested, trained": (
        HEAD + GOOD + "a.jpg,cow;,test\n",
        edit("or add a training image of it", "h.jpg,dog;", "h.jpg,dog;cow"),
    ),
    "no label at all": (
        HEAD + "a.jpg,,train\nb.jpg,,test\n",
        edit("no training image has a label; label some", "a.jpg,", "a.jpg,cat"),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_following_the_advice_about_a_table_leads_to_a_split(tmp_path, name):
    text, follow = TABLES[name]
    project = Project(tmp_path).table(text)
    with pytest.raises(InputError) as error:
        project.split()
    follow(project, str(error.value))
    assert project.split().train_ids


BOX = {"bbox": [1, 1, 9, 9], "area": 81}
COCO = {
    "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, **BOX},
        {"id": 2, "image_id": 2, "category_id": 2, **BOX},
    ],
}


def changed(part: str, number: int, **values) -> dict:
    """COCO with values of one record in place of its own."""
    entries = [dict(entry) for entry in COCO[part]]
    entries[number] |= values
    return COCO | {part: [{k: v for k, v in entry.items() if v != "left out"} for entry in entries]}


def added(part: str, **record) -> dict:
    return COCO | {part: [*COCO[part], record]}


SHARES = changed("annotations", 0, bbox=[0.1, 0.1, 0.5, 0.5], area=0.25)
SHARES["annotations"][1] |= {"bbox": [0.2, 0.1, 0.5, 0.5], "area": 0.25}
WITHOUT = COCO | {"annotations": [{k: v for k, v in each.items() if k not in BOX} for each in COCO["annotations"]]}
NAMED = added("annotations", id=3, image_id=1, category_id=3, **BOX)
TWO_CATS, CAT_AND_COW = (
    NAMED | {"categories": [*COCO["categories"], {"id": 3, "name": name}]} for name in ("cat", "cow")
)
COW = added("categories", id=3, name="cow")
LABELS_OF_IMAGES = "for labels of whole images leave bbox out of every annotation"
PIXELS = "write [x, y, width, height] in pixels"


class Fault(NamedTuple):
    """A training file, what the message advises, and the file, or the keys of ``source``, after following it."""

    file: dict
    advice: str
    mended: dict | str
    test: dict = COCO


ANNOTATIONS = {
    "no box, written": Fault(changed("annotations", 1, bbox="left out", area="left out"), PIXELS, COCO),
    "no box, none has one": Fault(
        changed("annotations", 1, bbox="left out", area="left out"), LABELS_OF_IMAGES, WITHOUT
    ),
    "empty box": Fault(changed("annotations", 1, bbox=[]), PIXELS, COCO),
    "area, none": Fault(
        changed("annotations", 1, area=None),
        "an area that is a number or none",
        changed("annotations", 1, area="left out"),
    ),
    "shares, in pixels": Fault(SHARES, "multiply x and width by the image's width, y and height by its height", COCO),
    "shares, labels alone": Fault(SHARES, LABELS_OF_IMAGES, WITHOUT),
    "one name, one id": Fault(added("categories", id=3, name="cat"), "have one name: give them one id", COCO),
    "one name, other names": Fault(
        TWO_CATS, "or names that differ in more than case and spacing", CAT_AND_COW, test=CAT_AND_COW
    ),
    "id twice": Fault(
        added("images", id=1, file_name="c.jpg"),
        "give each image an id of its own",
        added("images", id=3, file_name="c.jpg"),
    ),
    "file twice": Fault(added("images", id=3, file_name="./a.jpg"), "give each file one image", COCO),
    "text for a number": Fault(
        changed("annotations", 1, image_id="2"), "write the id of its image as image ids are written there", COCO
    ),
    "no such category": Fault(
        changed("annotations", 1, category_id=9), "write the id of its category as category ids", COCO
    ),
    "no category": Fault(changed("annotations", 1, category_id="left out"), "write the id of its category", COCO),
    "not a path": Fault(
        changed("images", 0, file_name="https://example.org/a.jpg"), "write a path below the folder images", COCO
    ),
    "no image of a class, left out": Fault(
        COW, "leave it out with source.classes, which lists the others", "classes: [cat, dog]", test=COW
    ),
    "other categories, chosen": Fault(COW, "or name those that both have in source.classes", "classes: [cat, dog]"),
}


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_following_the_advice_about_annotations_leads_to_a_split(tmp_path, name):
    fault = ANNOTATIONS[name]
    parts = {part: {"annotations": f"{part}.json", "images": part} for part in ("train", "test")}
    project = Project(tmp_path, source={"kind": "coco", **parts})
    (tmp_path / "train.json").write_text(json.dumps(fault.file))
    (tmp_path / "test.json").write_text(json.dumps(fault.test))
    with pytest.raises(InputError, match=re.escape(fault.advice)):
        project.split()
    if isinstance(fault.mended, str):
        project.say(fault.mended)
    else:
        (tmp_path / "train.json").write_text(json.dumps(fault.mended))
    assert project.split().train_ids == ["train/a.jpg", "train/b.jpg"]


LISTS = {
    "of images that are not there": (
        "g.jpg\nq.jpg\n",
        edit("list ids as they are there, such as g.jpg", "q.jpg", "h.jpg", "ids.txt"),
    ),
    "twice": ("g.jpg\nh.jpg\ng.jpg\n", edit("list each image once", "h.jpg\ng.jpg\n", "h.jpg\n", "ids.txt")),
    "empty": ("\n", heeding("or leave subset.ids out", lambda project: project.subset.clear())),
    "too short": ("h.jpg\n", edit("select more of them (subset.ids", "h.jpg", "h.jpg\ng.jpg", "ids.txt")),
    "another checksum": (
        "g.jpg\nh.jpg\n",
        heeding("if the list is your own, say subset.sha256: null", lambda project: project.subset.update(sha256=None)),
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_following_the_advice_about_a_list_leads_to_a_split(tmp_path, name):
    text, follow = LISTS[name]
    (tmp_path / "ids.txt").write_text(text)
    checksum = {"sha256": "0" * 64} if name == "another checksum" else {}
    project = Project(tmp_path, subset={"ids": "ids.txt"} | checksum).table(HEAD + GOOD)
    with pytest.raises(InputError) as error:
        project.split()
    follow(project, str(error.value))
    assert set(project.split().train_ids) == {"g.jpg", "h.jpg"}
