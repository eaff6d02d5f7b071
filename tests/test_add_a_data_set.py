"""docs/data.md, "Your own data set", followed to the last command: one file is enough to train on it and tabulate."""

import csv

import cv2
import numpy as np
import pytest
from project_copy import ROOT, ProjectCopy, commands, titled_blocks

PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8").split("## Your own data set")[1]
CLASSES = ["person", "surfboard", "traffic light"]


def write_photographs(root) -> None:
    """Noise with a bright band for each class, and labels in the page's form: 80 images to train on, 30 to test on."""
    rng = np.random.default_rng(0)
    lines = ["path,labels,split"]
    for index in range(110):
        labels = [name for name, share in zip(CLASSES, (0.9, 0.3, 0.2), strict=True) if rng.random() < share]
        labels = labels or CLASSES[:1]
        pixels = rng.integers(0, 120, (24, 24, 3), np.uint8)
        for name in labels:
            pixels[8 * CLASSES.index(name) : 8 * CLASSES.index(name) + 8] += 120
        path = root / "mine" / "photographs" / f"{index:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), pixels)
        lines.append(f"{path.name},{';'.join(labels)};,{'train' if index < 80 else 'test'}")
    (root / "mine" / "labels.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder of results after the page's commands."""
    root = tmp_path_factory.mktemp("page")
    copy = ProjectCopy(root)
    blocks = {}
    for title, text in titled_blocks(PAGE).items():
        blocks.setdefault(title, text)
    first = PAGE.split("```yaml\n# config/datasets/mine.yaml\n")[1].split("```")[0]  # of the two kinds, the table
    for title, text in {**blocks, "config/datasets/mine.yaml": first}.items():
        (root / title).write_text(text)
    write_photographs(root / "data")
    for command in commands(PAGE):
        copy.run(command)
    return root / "results" / "mine"


def test_an_own_data_set_is_trained_on_and_tabulated(results):
    rows = {row["row"]: row for row in csv.DictReader((results / "tables" / "table2.csv").open())}
    assert rows["LSEP"]["mine-small run"] == "lsep" and rows["LSEP"]["mine-small n"] == "1"
    assert 0 < float(rows["LSEP"]["mine-small total"]) <= 100
    assert rows["LSEP + CW"]["mine-small total"] == "…"
    assert float(rows["oracle"]["mine-small total"]) == 100
    assert 0 < float(rows["chance"]["mine-small total"]) < 100


def test_its_classes_and_images_are_those_of_the_labels(results):
    from ltmlc.data.split import load_split

    split = load_split(results / "data" / "mine-small" / "split.json")
    assert split.classes == CLASSES and len(split.test_ids) == 30
