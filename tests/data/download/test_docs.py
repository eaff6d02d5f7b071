"""docs/data.md against the code: its examples of an own data set work, and its table is what is downloaded."""

import re

import pytest
from data.label_helpers import REPOSITORY, write_coco, write_image

from ltmlc.data.download import download_dataset
from ltmlc.data.sources.open import open_source
from ltmlc.data.split import make_split
from ltmlc.disk.trouble import size_text
from ltmlc.plan.config import load_dataset

PAGE = (REPOSITORY / "docs" / "data.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(# config/datasets/mine\.yaml\n.*?)```", PAGE, flags=re.S)
(TABLE,) = re.findall(r"```csv\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def project(tmp_path):
    """A project whose data root has the photographs and the labels of the examples."""
    datasets = tmp_path / "config" / "datasets"
    datasets.mkdir(parents=True)
    (datasets / "voc-lt.yaml").write_text((REPOSITORY / "config/datasets/voc-lt.yaml").read_text())
    mine = tmp_path / "data" / "mine"
    for name in re.findall(r"^(\S+\.jpg),", TABLE, flags=re.M):
        write_image(mine / "photographs" / name)
    (mine / "labels.csv").write_text(TABLE)
    for part, name in (("train", "beach/0001.jpg"), ("test", "street/0001.jpg")):
        annotations = [{"image_id": 1, "category_id": 1}]
        write_coco(mine / f"{part}.json", images={1: name}, categories={1: "person"}, annotations=annotations)
    return tmp_path


@pytest.mark.parametrize("text", EXAMPLES, ids=["csv", "coco"])
def test_example_of_an_own_data_set_works(project, text):
    (project / "config/datasets/mine.yaml").write_text(text)
    config = load_dataset("mine", project)
    assert config["subset"] == {"alpha": 6, "maximum": 400, "minimum": 1, "seed": 0}
    assert config["model"]["backbone"] == "resnet50"
    root = project / "data"
    before = sorted(root.rglob("*"))
    download_dataset("mine", config, root, progress=False, only=["data"])  # has nothing to do, and asks nobody
    assert sorted(root.rglob("*")) == before
    source = open_source(config, root)
    split = make_split("mine", source, config, root=root)
    assert "person" in split.classes and split.train_ids
    assert source.read_image(split.train_ids[0]).shape == (6, 8, 3)


def test_table_gives_the_configured_sizes():
    for name in ("voc-lt", "coco-lt"):
        for entry in load_dataset(name, REPOSITORY)["downloads"]:
            if "sha256" in entry:
                assert f"| {size_text(entry['size'])} | sha256 |" in PAGE, entry["title"]
