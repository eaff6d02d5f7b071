"""Readers of what this program itself leaves on a disk, for ``fuzz.py``: checkpoints, features, journals, records.

A checksum tells damage, not a file that was made to do harm, so some are read a second time with one that fits.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from training import tiny

from ltmlc.data.download.archive import extract
from ltmlc.data.download.fetch import Expected
from ltmlc.data.download.items import File
from ltmlc.data.pack.journal import Journal
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.split import load_split
from ltmlc.disk.files import canonical_json, sha256_text
from ltmlc.disk.logs import last_line
from ltmlc.evidence.results.archive import read_probe, read_statistics, write_archive
from ltmlc.evidence.results.results import Results
from ltmlc.evidence.tables.tables import split_controls
from ltmlc.models import build_model
from ltmlc.training.features import FEATURES, make_features, open_features
from ltmlc.training.network import weights_sha256
from ltmlc.training.predict import predict_images
from ltmlc.training.record.checkpoint import FORMAT, load_checkpoint, save_checkpoint
from ltmlc.workflow.attempt import _holder
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.kept import restore_finished
from ltmlc.workflow.packing import ORIGIN_FILE, forget_others
from ltmlc.workflow.record import read_record, record_of, write_record

Case = tuple[bytes, str, Callable[[Path], Any]]
STAMP = {"dataset": "tiny", "seed": 0, "spec": {"loss": [{"name": "dr"}], "recipe": {"lr": 0.01}}, "split": "0" * 64}
ORIGIN = {"split_sha256": "0" * 64, "max_side": None}


def _checkpoint(name: str) -> Callable[[Path], Case]:
    def case(folder: Path) -> Case:
        state = {"model": {"w": torch.arange(6.0)}, "rng": [1, 2], "iteration": 7}
        save_checkpoint(folder, state, STAMP)

        def read(path: Path) -> None:
            found, _ = load_checkpoint(folder, STAMP)
            assert found is None or (found.pop("model")["w"].tolist(), found) == (
                [0, 1, 2, 3, 4, 5],
                {"rng": [1, 2], "iteration": 7},
            )

        return (folder / "last.pt").read_bytes(), name, read

    return case


def _checkpoint_with_checksum(folder: Path) -> Case:
    save_checkpoint(folder, {"model": {"w": torch.ones(3)}, "rng": [1, 2]}, STAMP)
    content = (folder / "last.pt").read_bytes().split(b"\n", 2)[2]

    def read(path: Path) -> None:
        if path.is_file():
            with path.open("rb") as file:
                payload = file.read(1_000_000)
            header = {"stamp": STAMP, "sha256": hashlib.sha256(payload).hexdigest(), "bytes": len(payload)}
            path.write_bytes(FORMAT + canonical_json(header).encode() + b"\n" + payload)
        load_checkpoint(folder, STAMP)

    return content, "last.pt", read


def _features(folder: Path) -> Case:
    data = tiny.make_data(folder)
    torch.save(build_model(tiny.SPEC["model"], 10, generator_seed=0).backbone.state_dict(), folder / "backbone.pt")
    spec = tiny.changed(model={"frozen_stages": 4, "cached_views": 1, "weights": str(folder / "backbone.pt")})
    pack, labels = open_pack(data / "pack"), load_split(data / "split.json").matrix
    make_features(pack, spec, tiny.CPU, data / FEATURES, progress=False)
    backbone = weights_sha256(build_model({**spec["model"]}, 1, generator_seed=0).backbone)
    whole = open_features(data / FEATURES, pack, labels, spec, backbone, tiny.CPU)

    def read(path: Path) -> None:
        found = open_features(path, pack, labels, spec, backbone, tiny.CPU)
        assert torch.equal(found.features, whole.features), "damaged features were taken"

    return (data / FEATURES).read_bytes(), FEATURES, read


def _journal(file: str) -> Callable[[Path], Case]:
    def case(folder: Path) -> Case:
        images = np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3)
        with Journal(folder, ORIGIN) as journal:
            for image in images:
                journal.append(image)
        contents = {name: (folder / name).read_bytes() for name in ("partial.jsonl", "partial.bin")}

        def read(path: Path) -> None:
            other = {"partial.jsonl": "partial.bin", "partial.bin": "partial.jsonl"}[file]
            (folder / other).write_bytes(contents[other])
            with Journal(folder, ORIGIN) as journal:
                assert journal.sizes in [[(4, 5)] * count for count in range(4)]

        return contents[file], file, read

    return case


def _statistics(folder: Path) -> Case:
    split = load_split(tiny.make_data(folder) / "split.json")
    (path,) = write_archive(Results({}, (0,)), {"tiny": split}, folder)

    def read(path: Path) -> None:
        split_controls(read_statistics(path))

    return path.read_bytes(), str(path.relative_to(folder)), read


def _probe(folder: Path) -> Case:
    value = {
        "backbone": "resnet50", "image_size": 224, "training_images": 9, "test_images": 9,
        "map": dict.fromkeys(("total", "head", "medium", "tail"), 0.5),
    }  # fmt: skip
    return json.dumps(value).encode(), "data/tiny/linear_probe.json", lambda _: read_probe(folder, "tiny")


def _tar(kind: str) -> Callable[[Path], Case]:
    def case(folder: Path) -> Case:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as file:
            for name, content in (("set/a.jpg", b"a" * 50), ("set/a.xml", b"<annotation/>")):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                file.addfile(member, io.BytesIO(content))
        name = f"set.tar.{kind}".rstrip(".")
        return buffer.getvalue(), name, lambda path: extract(path, folder / "into", members=["set/*"])

    return case


def _made_of(folder: Path) -> Case:
    file, made_of = folder / "split.json", {"settings": "0" * 16, "code": "1" * 16, "labels": None}
    file.write_text("{}")
    write_record(file, json.dumps(made_of))

    def read(path: Path) -> None:
        record = read_record(file)
        assert record is None or isinstance(record.changes(made_of), list)

    return record_of(file).read_bytes(), record_of(file).name, read


def _origin(folder: Path) -> Case:
    parts, found = {"settings": "0" * 16, "code": "1" * 16}, {"a.png": "2" * 64, "b.png": None}

    def note(_: Path | None = None) -> None:
        forget_others(folder, parts, found)

    note()
    return (folder / ORIGIN_FILE).read_bytes(), ORIGIN_FILE, note


def _kept(folder: Path) -> Case:
    metrics = {"dataset": "tiny", "run": "dr", "seed": 0, "spec": {"loss": []}, "code": "0" * 16}
    return (
        json.dumps(metrics).encode(),
        "finished/metrics.json",
        lambda _: restore_finished(folder, "{}", **metrics, split_sha256="0" * 64),
    )


def _memory(folder: Path) -> Case:
    (folder / "a.txt").write_text("a")

    def read(path: Path) -> None:
        contents = Contents(path)
        assert contents.derived("name", lambda: "x") is not None
        contents.file(folder / "a.txt")

    return json.dumps({"name": "x", "0" * 64: "1" * 64}).encode(), "contents.json", read


def _hash_record(folder: Path) -> Case:
    (folder / "v.pkl").write_bytes(b"vectors")
    file = File("word vectors", folder, "v.pkl", ["https://a.b/v.pkl"], Expected())
    return f"{sha256_text('vectors')}  v.pkl\n".encode(), "v.pkl.sha256", lambda _: file.todo()


def _run_to_predict(folder: Path) -> Case:
    classes = [f"class {number}" for number in range(10)]
    model = build_model(tiny.SPEC["model"], 10, generator_seed=0)
    torch.save(model.state_dict(), folder / "weights.pt")
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(cv2.imencode(".png", np.zeros((16, 16, 3), np.uint8))[1])
    fields = {"status": "finished", "dataset": "tiny", "run": "lsep", "classes": classes, "spec": tiny.SPEC}
    return (
        json.dumps(fields).encode(),
        "metrics.json",
        lambda path: predict_images(path.parent, images=folder / "images", device="cpu"),
    )


MADE: dict[str, Callable[[Path], Case]] = {
    "checkpoint": _checkpoint("last.pt"),
    "checkpoint of a killed job": _checkpoint("partial.pt"),
    "checkpoint with a checksum": _checkpoint_with_checksum,
    "features": _features,
    "journal": _journal("partial.jsonl"),
    "journal's pixels": _journal("partial.bin"),
    "statistics": _statistics,
    "linear probe": _probe,
    "tar": _tar(""),
    "tar.gz": _tar("gz"),
    "tar.xz": _tar("xz"),
    "made-of": _made_of,
    "origin of a pack": _origin,
    "kept run": _kept,
    "remembered contents": _memory,
    "recorded hash": _hash_record,
    "log": lambda folder: (b"a\nltmlc train: error: b\n", "train.log", last_line),
    "holder": lambda folder: (b'{"pid": 7, "host": "h"}', "running.json", lambda path: _holder(path.parent)),
    "run to predict": _run_to_predict,
}
