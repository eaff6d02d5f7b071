"""The pipeline in small: image files of the embedded digits, two rows, seconds a training. Written, not kept in files.

The images lie as PNG files under a data root, so that reading, decoding and packing are the real ones.
"""

from pathlib import Path

import cv2
import yaml

from ltmlc.data.sources.digits import DigitsSource

DATASET, RUNS = "faulty", ("dr_gamma1-5_gamma2-7", "c_lsep")
CONFIG = {
    "datasets": [DATASET],
    "tables": ["faulty"],
    "data": {"root": "data"},
    "training": {"device": "cpu", "precision": "float32", "threads": 1, "checkpoint_minutes": 0.002},
    "results": "results/faulty",
    "figures": "figures/faulty",
}
SETTINGS = {
    "title": "Faulty",
    "source": {"kind": "csv", "table": "images.csv"},
    "thresholds": {"head": 40, "medium": 10},
    "model": {
        **{"backbone": "small", "width": 8, "image_size": 32, "frozen_stages": 0, "norm_eval": True, "weights": None},
        **{"neck_features": 64, "dropout": 0.5},
    },
    "augmentation": {"brightness": 32, "crop_scale": [0.8, 1.0], "mean": [64, 64, 64], "std": [60, 60, 60]},
    "recipes": {"dr": {"lr": 0.01, "epochs": 6, "steps": [4], "warmup_iterations": 10}},
}
TABLE = {
    "title": "Faulty",
    "kind": "table",
    "caption": "Two losses.",
    "rows": [
        {"label": "DR", "run": {"loss": [{"name": "dr", "gamma1": 5, "gamma2": 7}]}, "origin": "own"},
        {"label": "C-LSEP", "run": {"loss": [{"name": "c_lsep"}]}, "origin": "own"},
    ],
}


def write_configuration(root: Path, **changes: object) -> None:
    """Data set, table and ``config.yaml``; ``changes`` replace whole keys of the latter."""
    for file, content in (
        (f"config/datasets/{DATASET}.yaml", SETTINGS),
        ("config/tables/faulty.yaml", TABLE),
        ("config.yaml", {**CONFIG, **changes}),
    ):
        (root / file).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def write_images(folder: Path) -> None:
    """About 300 canvases of 10 classes as files, and ``images.csv``."""
    source = DigitsSource(inks=1, pool=240, test=80)
    folder.mkdir(parents=True)
    lines = ["path,labels,split"]
    for split, pool in (("train", source.train_pool()), ("test", source.test_pool())):
        for image_id, row in zip(pool.ids, pool.labels, strict=True):
            name = f"{image_id.replace('/', '_')}.png"
            cv2.imwrite(str(folder / name), source.read_image(image_id)[..., ::-1])
            lines.append(
                f"{name},{';'.join(source.classes[index].replace(' ', '-') for index in row.nonzero()[0])},{split}"
            )
    (folder / "images.csv").write_text("\n".join(lines) + "\n")
