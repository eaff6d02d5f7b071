"""Every reader of files with a valid file to start from: name -> (content, its place in a folder, how it is read)."""

import hashlib
import io
import json
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml
from evidence import synthetic
from security.fuzz_made import MADE, Case
from tiny_config import CONFIG, DATASET, DR, table

from ltmlc.data.download.archive import extract
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.selection import read_ids
from ltmlc.data.sources.coco_file import read_labels
from ltmlc.data.sources.csv_table import CsvSource
from ltmlc.data.sources.images import read_rgb
from ltmlc.data.sources.voc import class_indices, open_image_set
from ltmlc.data.split import load_split
from ltmlc.disk.checksums import RUN_SUMS, changed_files, write_sums
from ltmlc.disk.files import canonical_json, sha256_text
from ltmlc.evidence.claims.file import load_claims
from ltmlc.evidence.outlook.status import make_status, status_text
from ltmlc.evidence.results.costs import read_costs
from ltmlc.evidence.results.frame import frame_csv, run_frame
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.tables.tables import tabulate
from ltmlc.evidence.uncertainty.bootstrap import read_predictions
from ltmlc.models.weights import read_tensors
from ltmlc.models.word_vectors import load_word_vectors
from ltmlc.plan.config import load_config, load_dataset
from ltmlc.plan.grid import load_grid
from ltmlc.plan.lookup import PROJECT
from ltmlc.workflow.running import Running, recorded_failure

CLASSES = ["cat", "dog", "red fox"]


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value).encode()


def _saved(save: Callable, *arguments: Any, **keywords: Any) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *arguments, **keywords)
    return buffer.getvalue()


def _small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < 1_000_000


def _config(folder: Path) -> Case:
    return _yaml({**CONFIG, "seeds": [0, 1], "data": {"root": "data"}, "results": "r"}), "config.yaml", load_config


def _config_json(folder: Path) -> Case:
    content = json.dumps({**CONFIG, "seeds": [0]}).encode()
    return (
        content,
        "config.json",
        lambda path: load_config("{" + (path.read_bytes() if _small(path) else b"").decode("utf-8", "replace")[1:]),
    )


def _project(folder: Path) -> None:
    for name, content in (("datasets/tiny", DATASET), ("tables/mine", table(DR))):
        path = folder / "config" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_yaml(content))


def _dataset(folder: Path) -> Case:
    entry = {"title": "t", "kind": "ids", "file": "a.txt", "urls": ["https://a.b/c.txt"], "sha256": "0" * 64}
    return _yaml({**DATASET, "downloads": [entry]}), "config/datasets/tiny.yaml", lambda _: load_dataset("tiny", folder)


def _table(folder: Path) -> Case:
    _project(folder)
    return _yaml(table(DR)), "config/tables/mine.yaml", lambda _: load_grid(CONFIG, folder)


def _recipes(folder: Path) -> Case:
    _project(folder)
    return (PROJECT / "config/recipes.yaml").read_bytes(), "config/recipes.yaml", lambda _: load_grid(CONFIG, folder)


def _claims(folder: Path) -> Case:
    content = yaml.safe_load((PROJECT / "config/claims.yaml").read_text())
    return _yaml({"claims": content["claims"][:4]}), "config/claims.yaml", lambda _: load_claims(root=folder)


def _csv(folder: Path) -> Case:
    content = b"path,labels,split\na.jpg,cat|dog,train\nb.jpg,dog,train\nc.jpg,cat,test\nd.jpg,,test\n"

    def read(path: Path) -> None:
        source = CsvSource(folder, table="all.csv")
        source.train_pool(), source.test_pool()

    return content, "all.csv", read


def _xml(folder: Path) -> Case:
    objects = b"<object><name>cat</name><difficult>1</difficult></object><object><name>dog</name></object>"
    text = b"<annotation>" + objects + b"</annotation>"
    return text, "000001.xml", class_indices


def _image_set(folder: Path) -> Case:
    return (
        b"000001  1\n000002 -1\n",
        "VOC2007/ImageSets/Main/train.txt",
        lambda _: open_image_set(folder, {"year": "2007", "set": "train"}, key="source.train"),
    )


def _ids(folder: Path) -> Case:
    return b"000001\n000002\nan id\n", "ids.txt", read_ids


def _coco(folder: Path) -> Case:
    content = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in (1, 2)],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 2, 2], "area": 4, "iscrowd": 0}],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
    }
    return json.dumps(content).encode(), "instances.json", read_labels


def _split(folder: Path) -> Case:
    fields = {
        **{"dataset": "tiny", "classes": CLASSES, "train_ids": ["a", "b"], "test_ids": ["c"]},
        **{
            "train_labels": [[0, 1], [2]],
            "test_labels": [[1]],
            "class_counts": [1, 1, 1],
            "test_class_counts": [0, 1, 0],
        },
        **{"cooccurrence": [[1, 1, 0], [1, 1, 0], [0, 0, 1]], "thresholds": {"head": 2, "medium": 1}},
        "groups": {"head": [], "medium": [0, 1, 2], "tail": []},
    }
    return json.dumps({**fields, "sha256": sha256_text(canonical_json(fields))}).encode(), "split.json", load_split


def _pack(folder: Path) -> Case:
    (folder / "images.bin").write_bytes(b"\1" * 24)
    fields = {"ids": ["a", "b"], "num_train": 1, "max_side": None, "split_sha256": "0" * 64, "sizes": [[2, 2], [2, 2]]}
    fields["images_sha256"] = hashlib.sha256(b"\1" * 24).hexdigest()
    content = {**fields, "sha256": sha256_text(canonical_json(fields))}
    return json.dumps(content).encode(), "index.json", lambda path: open_pack(path.parent)


def _metrics(folder: Path) -> Case:
    path = synthetic.write(folder, "voc-lt", "dr", 0, 70.0)
    grid = synthetic.grid(synthetic.table("t", synthetic.row("DR", "dr")))

    def read(path: Path) -> None:
        if _small(path):
            write_sums(path.with_name(RUN_SUMS), [path])  # as if it had been written so
        results = load_results(grid, folder)
        tabulate(grid, results, "t"), frame_csv(run_frame(results)), status_text(make_status(results))
        recorded_failure(path.parent)

    return path.read_bytes(), str(path.relative_to(folder)), read


def _running(folder: Path) -> Case:
    beat = {
        "updated": time.time(),
        "host": "h",
        "pid": 7,
        "epoch": 1,
        "epochs": 4,
        "seconds_left": 3.5,
    }
    grid = synthetic.grid(synthetic.table("t", synthetic.row("DR", "dr")))

    def read(path: Path) -> None:
        status_text(make_status(load_results(grid, folder)))
        Running("t", True, path.parent, []).text()

    return json.dumps(beat).encode(), "runs/voc-lt/dr/seed0/running.json", read


def _sums(folder: Path) -> Case:
    (folder / "metrics.json").write_bytes(b"{}")
    write_sums(folder / RUN_SUMS, [folder / "metrics.json"])
    return (folder / RUN_SUMS).read_bytes(), RUN_SUMS, changed_files


def _predictions(folder: Path) -> Case:
    arrays = {
        "logits": np.zeros((4, 3), np.float32),
        "labels": np.eye(4, 3, dtype=np.uint8),
        "ids": np.array(list("abcd")),
    }
    return _saved(np.savez, **arrays), "predictions.npz", read_predictions


def _weights(folder: Path) -> Case:
    return _saved(lambda file, value: torch.save(value, file), {"w": torch.ones(3, 3)}), "weights.pt", read_tensors


def _vectors(name: str, content: bytes) -> Callable[[Path], Case]:
    return lambda folder: (content, name, lambda path: load_word_vectors(path, CLASSES, "classes"))


def _reference(folder: Path) -> Case:
    content = b"dataset,run,seed,total,head,medium,tail,seconds,train_seconds,device\nvoc-lt,dr,0,70,60,75,,9.5,8,cpu\n"

    def read(path: Path) -> None:
        read_reference(path)
        read_costs(path)

    return content, "reference.csv", read


def _archive(folder: Path) -> Case:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("set/a.jpg", b"a" * 50)
        file.writestr("set/a.xml", b"<annotation/>")
    return buffer.getvalue(), "set.zip", lambda path: extract(path, folder / "into", members=["set/*"])


def _image(kind: str) -> Callable[[Path], Case]:
    content = cv2.imencode(kind, np.arange(768, dtype=np.uint8).reshape(16, 16, 3))[1].tobytes()
    return lambda folder: (content, f"a{kind}", read_rgb)


TABLE = np.arange(12, dtype=np.float32).reshape(3, 4)
READERS: dict[str, Callable[[Path], Case]] = {
    "configuration": _config,
    "configuration as JSON": _config_json,
    "data set": _dataset,
    "table": _table,
    "recipes": _recipes,
    "claims": _claims,
    "CSV": _csv,
    "VOC annotation": _xml,
    "VOC list": _image_set,
    "id list": _ids,
    "COCO": _coco,
    "split": _split,
    "pack index": _pack,
    "metrics": _metrics,
    "running": _running,
    "checksums": _sums,
    "predictions": _predictions,
    "weights": _weights,
    "word vectors as text": _vectors("v.txt", b"cat 0.1 0.2\ndog 0.3 0.4\nred 1 2\nfox 3 4\n"),
    "word vectors pickled": _vectors("v.pkl", pickle.dumps(TABLE)),
    "word vectors": _vectors("v.npy", _saved(np.save, TABLE)),
    "reference": _reference,
    "archive": _archive,
    **{kind: _image(f".{kind.lower()}") for kind in ("JPEG", "PNG", "BMP", "WebP", "TIFF")},
    **MADE,
}
