import hashlib
import io
import json
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest
from data.download_server import IMPATIENT, serving
from data.label_helpers import REPOSITORY, write_coco, write_image, write_voc

from ltmlc.data.download import download_dataset
from ltmlc.data.download.photographs import image_sizes
from ltmlc.data.download.table import ITEM_KINDS, PARTS, items_of, torch_checkpoints
from ltmlc.data.sources.coco import CocoSource
from ltmlc.data.sources.open import open_source
from ltmlc.disk.progress import Progress
from ltmlc.errors import InputError
from ltmlc.plan.config import load_dataset

SETS = {"trainval": {"000001": ["cat"], "000002": ["dog"]}, "test": {"000003": ["cow"]}}


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


@pytest.fixture(autouse=True)
def own_torch_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def download(config, root, **settings):
    download_dataset("toy", config, root, **{"progress": False, "patience": IMPATIENT, "jobs": 2} | settings)


def entry(server, name, content, **keys):
    """An entry of the table whose file the server has."""
    server.files[name] = content
    known = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {"title": name, "urls": [server.url(name)]} | known | keys


def pack_folder(folder):
    """A folder as a tar and as a zip."""
    tar, zipped = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    return tar.getvalue(), zipped.getvalue()


@pytest.fixture
def voc(server, tmp_path):
    """A VOC source of two archives, which share a folder as those of 2007 do."""
    table = []
    for name, images in SETS.items():
        write_voc(tmp_path / name / "VOCdevkit" / "VOC2007", {name: images})
        content, _ = pack_folder(tmp_path / name)
        table.append(
            entry(server, f"{name}.tar", content, kind="voc", year="2007", sets=[name], extract=["VOCdevkit/*"])
        )
    source = {"kind": "voc"} | {
        part: {"year": "2007", "set": name} for part, name in (("train", "trainval"), ("test", "test"))
    }
    return {"source": source, "downloads": table}


@pytest.fixture
def coco(server, tmp_path):
    """A COCO source: five training photographs of which the list names two, and two to test on."""
    for name, numbers in (("train2017", [3, 1, 4, 15, 9]), ("val2017", [26, 5])):
        path = tmp_path / "coco-zip" / "annotations" / f"instances_{name}.json"
        write_coco(
            path,
            images={number: f"{number:012d}.jpg" for number in numbers},
            categories={1: "cat"},
            annotations=[{"image_id": number, "category_id": 1} for number in numbers],
        )
        content = json.loads(path.read_text())
        for image in content["images"]:
            image |= {"height": 6, "width": 8}
            photograph = tmp_path / f"{image['id']}.jpg"
            write_image(photograph)
            server.files[f"{name}/{image['file_name']}"] = photograph.read_bytes()
        path.write_text(json.dumps(content))
    _, content = pack_folder(tmp_path / "coco-zip")
    ids = b"4\n3\n"
    sets = ["train2017", "val2017"]
    photographs = {"kind": "photographs", "urls": [server.url("{set}/{id}.jpg")], "size": 4000}
    return {
        "source": {"kind": "coco", "train": {"set": "train2017"}, "test": {"set": "val2017"}},
        "subset": {"ids": "ids.txt", "sha256": hashlib.sha256(ids).hexdigest()},
        "downloads": [
            entry(server, "ids.txt", ids, kind="ids", file="ids.txt"),
            entry(server, "a.zip", content, kind="coco", sets=sets, extract=["annotations/*"]),
            *({"title": name, "set": name, "count": 2, **photographs} for name in sets),
        ],
    }


def asked(server):
    return sorted(path for path, _ in server.requests)


def test_voc_is_complete_after_a_download_and_its_archives_are_gone(server, voc, root):
    download(voc, root)
    source = open_source(voc, root)
    assert source.train_pool().ids == ["000001", "000002"] and source.test_pool().ids == ["000003"]
    assert source.read_image("000003").shape == (6, 8, 3)
    assert not list((root / "archives").iterdir())


@pytest.mark.parametrize("name", ["voc", "coco"])
def test_second_download_asks_for_nothing_and_touches_nothing(server, name, root, request):
    config = request.getfixturevalue(name)
    download(config, root)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    server.requests.clear()
    download(config, root)
    assert server.requests == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


@pytest.mark.parametrize("layout", ["VOCdevkit/VOC2007", "VOC2007", "VOCdevkit2007/VOC2007"])
def test_existing_voc_copy_is_used_and_its_folder_may_be_read_only(server, voc, root, layout):
    write_voc(root / layout, SETS)
    root.chmod(0o500)
    try:
        download(voc, root)
    finally:
        root.chmod(0o700)
    assert server.requests == [] and [path.name for path in root.iterdir()] == [layout.split("/")[0]]


@pytest.mark.parametrize("lost", ["JPEGImages/000003.jpg", "Annotations/000003.xml", "ImageSets/Main/test.txt"])
def test_only_the_archive_with_what_is_missing_is_downloaded(server, voc, root, lost):
    write_voc(root / "VOC2007", SETS)
    (root / "VOC2007" / lost).unlink()
    download(voc, root)
    assert asked(server) == ["test.tar"]
    assert open_source(voc, root).read_image("000003").shape == (6, 8, 3)


def test_archive_that_was_put_there_by_hand_is_used_and_kept(server, voc, root):
    (root / "archives").mkdir(parents=True)
    for name in ("trainval.tar", "test.tar"):
        (root / "archives" / name).write_bytes(server.files[name])
    download(voc, root)
    assert server.requests == []
    assert (root / "archives" / "test.tar").exists() and (root / "VOCdevkit").exists()


def test_wrong_archive_in_its_place_is_named_and_kept(server, voc, root):
    (root / "archives").mkdir(parents=True)
    (root / "archives" / "test.tar").write_bytes(b"half")
    with pytest.raises(InputError, match=r"test\.tar is not the published file: it has 4 bytes .*; delete it"):
        download(voc, root)
    assert (root / "archives" / "test.tar").read_bytes() == b"half"


def test_archive_that_lacks_what_it_should_have_is_an_error(server, voc, root, tmp_path):
    (tmp_path / "test/VOCdevkit/VOC2007/JPEGImages/000003.jpg").unlink()
    content, _ = pack_folder(tmp_path / "test")
    voc["downloads"][1] |= entry(server, "test.tar", content)
    with pytest.raises(InputError, match=r"test\.tar was extracted into .*, but .*'set': 'test'.* still not complete"):
        download(voc, root)


def test_files_that_were_complete_stay_when_a_later_one_fails(server, voc, root):
    server.faults["test.tar"] = [{"status": 404}]
    with pytest.raises(InputError, match=r"test\.tar could not be downloaded: .* HTTP status 404"):
        download(voc, root)
    server.requests.clear()
    download(voc, root)
    assert asked(server) == ["test.tar"]


def test_of_coco_only_the_photographs_of_the_list_and_of_the_test_set_come(server, coco, root):
    download(coco, root)
    numbers = {"train2017": [3, 4], "val2017": [5, 26]}
    photographs = [f"{name}/{number:012d}.jpg" for name in numbers for number in numbers[name]]
    assert asked(server) == sorted(["ids.txt", "a.zip", *photographs])
    source = open_source(coco, root)
    assert source.test_pool().ids == ["26", "5"] and source.read_image("4").shape == (6, 8, 3)


def test_only_missing_photographs_are_downloaded(server, coco, root):
    download(coco, root)
    (root / "coco/val2017/000000000026.jpg").unlink()
    server.requests.clear()
    download(coco, root)
    assert asked(server) == ["val2017/000000000026.jpg"]


@pytest.mark.parametrize("images", [".", "images", "coco", "coco/images"])
@pytest.mark.parametrize("annotations", ["annotations", "coco/annotations"])
def test_existing_coco_copy_is_used_in_every_layout_that_its_reader_knows(
    server, coco, root, tmp_path, images, annotations
):
    (root / annotations).mkdir(parents=True)
    for name, numbers in (("train2017", [3, 4]), ("val2017", [26, 5])):
        file = f"instances_{name}.json"
        (root / annotations / file).write_bytes((tmp_path / "coco-zip" / "annotations" / file).read_bytes())
        for number in numbers:
            write_image(root / images / name / f"{number:012d}.jpg")
    (root / "ids.txt").write_text("4\n3\n")
    download(coco, root)
    assert server.requests == []
    source = CocoSource(root, train={"set": "train2017"}, test={"set": "val2017"})
    assert source.test_pool().ids == ["26", "5"] and source.read_image("3").shape == (6, 8, 3)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"content": b"not a photograph"}, "damaged"),
        ({"cut": 100, "length": None}, "damaged or of no format"),
        ({"cut": 100}, None),
        ({"status": 503}, None),
        ({"stall": 50}, None),
    ],
)
def test_bad_photograph_never_gets_into_place(server, coco, root, fault, problem):
    path = root / "coco/val2017/000000000005.jpg"
    server.faults["val2017/000000000005.jpg"] = [fault] * (9 if problem else 1)
    if problem:
        with pytest.raises(InputError, match=rf"000000000005\.jpg could not be downloaded: .*{problem}"):
            download(coco, root)
        assert not path.exists()
        server.faults.clear()
        download(coco, root)
    else:
        download(coco, root)
    assert path.read_bytes() == server.files["val2017/000000000005.jpg"]


def test_photograph_of_another_size_than_annotated_is_refused(server, coco, root, tmp_path):
    write_image(tmp_path / "large.jpg", height=60, width=80)
    server.files["val2017/000000000005.jpg"] = (tmp_path / "large.jpg").read_bytes()
    with pytest.raises(InputError, match="it is 80 x 60 pixels, but 8 x 6 in the annotations"):
        download(coco, root)
    assert not (root / "coco/val2017/000000000005.jpg").exists()


def test_photograph_that_its_exif_orientation_turns_is_accepted(server, coco, root, tmp_path):
    write_image(tmp_path / "turned.jpg", height=8, width=6)
    server.files["val2017/000000000005.jpg"] = (tmp_path / "turned.jpg").read_bytes()
    download(coco, root)


def test_without_a_published_list_the_photographs_that_the_construction_selects_come(server, coco, root):
    coco["subset"] = {"alpha": 6, "maximum": 3, "minimum": 1, "seed": 0}
    coco["downloads"][2]["count"] = 3
    download(coco, root)
    assert sum(path.startswith("train2017/") for path in asked(server)) == 3
    assert "ids.txt" not in asked(server)


def test_without_a_subset_all_photographs_come(server, coco, root):
    del coco["subset"]
    download(coco, root)
    assert sum(path.startswith("train2017/") for path in asked(server)) == 5


@pytest.mark.parametrize(("own", "public", "count"), [("train", "val2017", 2), ("test", "train2017", 5)])
def test_beside_annotations_of_ones_own_the_photographs_of_cocos_set_come(server, coco, root, own, public, count):
    write_coco(root / "mine.json", images={1: "mine.jpg"}, categories={1: "cat"}, annotations=[])
    coco["source"][own] = {"annotations": "mine.json", "images": "photos"}
    del coco["subset"]
    download(coco, root)
    assert [path.split("/")[0] for path in asked(server)] == ["a.zip", *[public] * count]


def test_list_with_an_image_that_the_annotations_lack_is_named(server, coco, root):
    content = b"4\n77\n"
    coco["subset"]["sha256"] = hashlib.sha256(content).hexdigest()
    coco["downloads"][0] |= entry(server, "ids.txt", content)
    with pytest.raises(InputError, match=r"instances_train2017\.json has no image 77"):
        download(coco, root)


def test_annotations_with_a_byte_order_mark_are_read(tmp_path):
    (tmp_path / "a.json").write_text('{"images": [{"id": 7, "height": 2, "width": 3}]}', encoding="utf-8-sig")
    assert image_sizes(tmp_path / "a.json") == {7: (2, 3)}


def test_damaged_annotations_are_named(server, coco, root):
    download(coco, root)
    (root / "coco/annotations/instances_val2017.json").write_text("{")
    with pytest.raises(InputError, match=r"instances_val2017\.json is not a COCO annotation file"):
        download(coco, root)


def test_dry_run_lists_what_is_missing_with_sizes_and_downloads_nothing(server, coco, root, capsys):
    download(coco, root, dry_run=True)
    printed = capsys.readouterr().out
    size = len(server.files["a.zip"]) + 4 + 8000
    assert printed.startswith(f"toy: {size / 1000:.0f} kB to download\n")
    assert all(name in printed for name in ("ids.txt", "a.zip", "train2017", "val2017"))
    assert server.requests == [] and not root.exists()
    download(coco, root)
    capsys.readouterr()
    download(coco, root, dry_run=True)
    assert capsys.readouterr().out == f"toy: complete in {root}, nothing to download\n"


def test_total_is_announced_before_the_first_request(server, voc, root, capsys):
    server.faults["trainval.tar"] = [{"status": 404}]
    with pytest.raises(InputError):
        download(voc, root, progress=True)
    assert capsys.readouterr().err.startswith("toy: ")


def test_file_without_a_published_hash_is_recorded_and_held_to_it(server, root):
    vectors = entry(server, "v.pkl", b"vectors", kind="word_vectors", file="word_vectors/v.pkl")
    del vectors["size"], vectors["sha256"]
    config = {"source": {"kind": "voc"}, "downloads": [vectors]}
    download(config, root)
    path, record = root / "word_vectors/v.pkl", root / "word_vectors/v.pkl.sha256"
    assert record.read_text() == f"{hashlib.sha256(b'vectors').hexdigest()}  v.pkl\n"
    path.write_bytes(b"edited")
    with pytest.raises(InputError, match=r"v\.pkl is not the published file"):
        download(config, root)
    path.unlink()
    server.files["v.pkl"] = b"others"
    with pytest.raises(InputError, match="its sha256 is"):
        download(config, root)


@pytest.mark.parametrize(("own", "needed"), [(None, 1), ("data/word_vectors/v.pkl", 1), ("/my/glove.txt", 0)])
def test_word_vectors_are_left_out_where_the_model_has_its_own(root, own, needed):
    entry = {"title": "v", "kind": "word_vectors", "file": "word_vectors/v.pkl", "urls": ["http://x/v"]}
    config = {"source": {"kind": "voc"}, "model": {"word_vectors": own}, "downloads": [entry]}
    assert len(items_of("toy", config, root)) == needed


@pytest.mark.parametrize(
    ("model", "needed"),
    [
        ({"weights": "imagenet", "backbone": "resnet50"}, 1),
        ({"weights": "imagenet", "backbone": "resnet18"}, 0),
        ({"weights": "mine.pth", "backbone": "resnet50"}, 0),
    ],
)
def test_weights_come_only_where_the_model_starts_from_them(server, root, tmp_path, model, needed):
    weights = entry(server, "resnet50.pth", b"weights", kind="weights", backbone="resnet50")
    download({"source": {"kind": "voc"}, "model": model, "downloads": [weights]}, root)
    assert len(server.requests) == needed
    assert (tmp_path / "torch/hub/checkpoints/resnet50.pth").exists() == bool(needed)


def test_two_processes_download_once(server, voc, root):
    errors = []

    def run():
        try:
            download(voc, root)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and asked(server) == ["test.tar", "trainval.tar"]


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True])
def test_number_of_jobs_is_checked(voc, root, jobs):
    with pytest.raises(InputError, match=r"jobs is .*; give the number of simultaneous downloads"):
        download(voc, root, jobs=jobs)


def test_only_some_parts_can_be_asked_for(root):
    config = load_dataset("voc-lt", REPOSITORY)
    titles = {part: [item.title for item in items_of("voc-lt", config, root, [part])] for part in PARTS}
    assert titles == {
        "data": ["VOC2007 test", "VOC2012 trainval"],
        "weights": ["ImageNet weights of ResNet-50"],
        "word_vectors": ["word vectors of the 20 classes"],
    }
    with pytest.raises(InputError, match="only: unknown part images; valid: data, weights, word_vectors"):
        download(config, root, only=["images"])


def test_every_kind_belongs_to_one_part():
    assert sorted(kind for kinds in PARTS.values() for kind in kinds) == sorted(ITEM_KINDS)


def test_data_set_without_downloads_needs_nothing(root):
    download({"source": {"kind": "csv", "table": "mine.csv"}}, root)
    assert not root.exists()


def test_away_from_a_terminal_progress_is_a_line_at_every_tenth(capsys):
    with Progress("archive", 1000) as progress:
        for position in (50, 100, 120, 350, 40, 360, 1000):
            progress.at(position)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["archive: 10 %", "archive: 30 %", "archive: 100 %"]


CONFIGURED = {
    "voc-lt": ["VOC2007 test", "VOC2012 trainval", "ImageNet weights of ResNet-50", "word vectors of the 20 classes"],
    "voc07-lt": ["VOC2007 trainval", "ImageNet weights of ResNet-50", "word vectors of the 20 classes"],
    "coco-lt": [
        "published list of 1909 ids",
        "COCO 2017 annotations",
        "photographs of train2017",
        "photographs of val2017",
        "ImageNet weights of ResNet-50",
        "word vectors of the 80 classes",
    ],
    "digits20-lt": [],
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_each_configured_data_set_needs_what_its_source_and_model_use(name, root):
    items = items_of(name, load_dataset(name, REPOSITORY), root)
    assert [item.title for item in items] == CONFIGURED[name]
    assert all(item.todo() for item in items)


def test_configured_list_is_the_one_that_the_subset_is_held_to():
    config = load_dataset("coco-lt", REPOSITORY)
    entry = next(entry for entry in config["downloads"] if entry["kind"] == "ids")
    assert (entry["file"], entry["sha256"]) == (config["subset"]["ids"], config["subset"]["sha256"])


def test_configured_archives_and_weights_are_torchvisions(monkeypatch):
    torchvision = pytest.importorskip("torchvision")
    import torch

    table = [entry for name in ("voc-lt", "coco-lt") for entry in load_dataset(name, REPOSITORY)["downloads"]]
    for year in ("2007", "2007-test", "2012"):
        known = torchvision.datasets.voc.DATASET_YEAR_DICT[year]
        (match,) = [entry for entry in table if known["url"] in entry["urls"]]
        assert match["md5"] == known["md5"]
    url = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.url
    for entry in table:
        if entry["kind"] == "weights":
            assert entry["urls"] == [url]
            assert entry["sha256"].startswith(Path(url).stem.rpartition("-")[2])
    for home in ("/somewhere/torch", None):
        monkeypatch.setenv("TORCH_HOME", home) if home else monkeypatch.delenv("TORCH_HOME")
        assert torch_checkpoints() == Path(torch.hub.get_dir()) / "checkpoints"


def test_planning_a_download_imports_no_torch():
    import subprocess

    code = (
        "import sys; from ltmlc.plan.config import load_dataset; from ltmlc.data.download import download_dataset; "
        "download_dataset('voc-lt', load_dataset('voc-lt'), 'nowhere', dry_run=True); assert 'torch' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(REPOSITORY / "src")}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
