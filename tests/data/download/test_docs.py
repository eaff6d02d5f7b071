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
PUBLIC = re.findall(r"```yaml\n(source:\n  kind: csv\n.*?)```", PAGE, flags=re.S)
CHESTXRAY14 = """\
Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],\
OriginalImagePixelSpacing[x,y],
1_000.png,Mass,0,1,40,F,PA,2000,2000,0.1,0.1,
1_001.png,Effusion|Mass,1,1,41,F,AP,2000,2000,0.1,0.1,
2_000.png,No Finding,0,2,50,M,PA,2000,2000,0.1,0.1,
"""
CHEXPERT = """\
Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,\
Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices
CheXpert-v1.0-small/{part}/patient1/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0
CheXpert-v1.0-small/{part}/patient2/study2/view1_frontal.jpg,Female,87,Frontal,AP,,,-1.0,1.0,,-1.0,0.0,,-1.0,,-1.0,,1.0,
CheXpert-v1.0-small/{part}/patient3/study1/view2_lateral.jpg,Male,41,Lateral,,,,,,,,1.0,,,0.0,0.0,,,
"""


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


def opened(project, text: str):
    (project / "config/datasets/mine.yaml").write_text(f"extends: voc-lt\ntitle: Mine\n{text}")
    return open_source(load_dataset("mine", project), project / "data")


def test_the_example_of_chestxray14_reads_its_table_and_lists(project):
    folder = project / "data/chestxray14"
    folder.mkdir()
    (folder / "Data_Entry_2017.csv").write_text(CHESTXRAY14)
    (folder / "train_val_list.txt").write_text("1_000.png\n1_001.png\n")
    (folder / "test_list.txt").write_text("2_000.png\n")
    source = opened(project, PUBLIC[0])
    assert source.classes == ["Effusion", "Mass"]
    assert source.train_pool().labels.tolist() == [[0, 1], [1, 1]]
    assert source.test_pool().ids == ["2_000.png"] and not source.test_pool().labels.any()


def test_the_example_of_chexpert_reads_uncertain_findings_as_there_and_empty_cells_as_not(project):
    folder = project / "data/CheXpert-v1.0-small"
    folder.mkdir()
    for part in ("train", "valid"):
        (folder / f"{part}.csv").write_text(CHEXPERT.format(part=part))
    source = opened(project, PUBLIC[1])
    assert source.classes == ["Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion"]
    pool = source.test_pool()
    assert [image.split("/")[2] for image in pool.ids] == ["patient1", "patient2", "patient3"]
    assert pool.labels.tolist() == [[0] * 5, [1, 1, 0, 1, 1], [0, 0, 1, 0, 0]]


def test_table_gives_the_configured_sizes():
    for name in ("voc-lt", "coco-lt"):
        for entry in load_dataset(name, REPOSITORY)["downloads"]:
            if "sha256" in entry:
                assert f"| {size_text(entry['size'])} | sha256 |" in PAGE, entry["title"]
