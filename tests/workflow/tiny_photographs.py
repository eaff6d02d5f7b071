"""A small reproduction with everything a large one has: photographs that are downloaded (VOC's layout, an archive from
a server of this machine), weights of one's own, and an embedded set that makes its own. Two tables, ten trainings.
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
import tiny_config
import torch
import yaml

from ltmlc.disk.files import sha256_file
from ltmlc.models import build_model

CLASSES = ["cat", "dog", "person"]
MODEL = {"backbone": "small", "width": 4, "image_size": 16, "frozen_stages": 0, "neck_features": 16}
RECIPES = {name: {"epochs": 2, "steps": [1], "warmup_iterations": 2} for name in ("dr", "db")}
ROWS = [
    {"label": "DR", "origin": "own", "run": {"loss": [{"name": "dr", "gamma2": 7}], "batch_size": 16}},
    {"label": "LSEP", "origin": "own", "run": {"loss": [{"name": "lsep"}], "batch_size": 16}},
    {"label": "ASL", "origin": "own", "run": {"loss": [{"name": "asl"}], "batch_size": 16, "recipe": "db"}},
]
DB = {"name": "db_focal", "mu": {"dataset": "db_mu"}}
OTHER_ROWS = [
    {"label": "BCE", "origin": "own", "run": {"loss": [{"name": "bce"}], "batch_size": 16, "recipe": "db"}},
    {"label": "DR + DB Focal", "origin": "own", "run": {"loss": [{"name": "dr", "gamma2": 7}, DB], "batch_size": 16}},
]
RUNS = (
    "dr_gamma1-5_gamma2-7_bs-16",
    "lsep_bs-16",
    "asl_bs-16_recipe-db",
    "bce_bs-16_recipe-db",
    "dr_gamma1-5_gamma2-7+db_focal_bs-16",
)
XML = "<annotation>\n{objects}\n</annotation>\n"


def write_project(root: Path, archive: Path, url: str) -> None:
    """Into a copy of the project; the download comes from ``url``, where ``archive`` is offered."""
    _write_archive(archive)
    photographs = {
        "title": "Photographs",
        "source": {
            "kind": "voc",
            "train": {"year": "2007", "set": "train"},
            "test": {"year": "2007", "set": "val"},
            "classes": CLASSES,
        },
        "subset": {"alpha": 6, "maximum": 10, "minimum": 2, "seed": 0},
        "thresholds": {"head": 8, "medium": 4},
        "constants": {"dr_lr": 0.01, "dr_epochs": 2, "gamma2": 7, "db_mu": 0.3},
        "model": {**MODEL, "weights": "weights/backbone.pt"},
        "augmentation": {"brightness": 8, "mean": [120, 120, 120], "std": [60, 60, 60]},
        "recipes": RECIPES,
        "downloads": [
            {
                "title": "tiny photographs",
                "kind": "voc",
                "year": "2007",
                "sets": ["train", "val"],
                "urls": [url],
                "sha256": sha256_file(archive),
                "extract": ["VOCdevkit/*"],
            }
        ],
    }
    strokes = {
        **tiny_config.DATASET,
        "title": "Strokes",
        "model": {**tiny_config.DATASET["model"], "weights": "pretrained"},
        "recipes": RECIPES,
    }
    config = {
        "datasets": ["photographs", "strokes"],
        "tables": ["mine", "other"],
        "training": {"device": "cpu", "precision": "float32", "threads": 1},
    }
    write_yaml(root / "config/datasets/photographs.yaml", photographs)
    write_yaml(root / "config/datasets/strokes.yaml", strokes)
    write_yaml(root / "config/tables/mine.yaml", tiny_config.table(*ROWS))
    write_yaml(root / "config/tables/other.yaml", tiny_config.table(*OTHER_ROWS))
    write_yaml(root / "config.yaml", config)
    (root / "weights").mkdir()
    torch.save(build_model(MODEL, 3, generator_seed=0).backbone.state_dict(), root / "weights" / "backbone.pt")


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def _write_archive(archive: Path) -> None:
    """Twenty photographs of noise to train on, eight to test on; a third has two labels."""
    folder = archive.parent / "VOCdevkit" / "VOC2007"
    draw = np.random.default_rng(0)
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / part).mkdir(parents=True)
    ids = {"train": [f"{number:06d}" for number in range(20)], "val": [f"{number:06d}" for number in range(20, 28)]}
    for name, images in ids.items():
        (folder / "ImageSets/Main" / f"{name}.txt").write_text("".join(f"{image}\n" for image in images))
        for number, image in enumerate(images):
            pixels = draw.integers(0, 256, (20, 24, 3), np.uint8)
            cv2.imwrite(str(folder / "JPEGImages" / f"{image}.jpg"), pixels)
            labels = [CLASSES[number % 3]] + [CLASSES[(number + 1) % 3]] * (number % 3 == 0)
            objects = "\n".join(f"<object><name>{label}</name></object>" for label in labels)
            (folder / "Annotations" / f"{image}.xml").write_text(XML.format(objects=objects))
    with tarfile.open(archive, "w") as file:
        file.add(folder.parent, "VOCdevkit")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of this machine that offers the files of a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass
