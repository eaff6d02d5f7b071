"""What very many classes cost: a split, its file, and planning, of a CSV and of COCO annotations.

    python benchmarks/large_inputs.py [--csv 10000] [--coco 200000] [--kept 1000] [--images 20000]

Each image has three labels or more, each class a training image at least. Of the COCO file's categories ``--kept`` are
chosen by ``source.classes``; a file of a quarter of the images is also read without choosing. Prints Markdown; seconds
are of the wall and, in brackets, of the processor, which a busy machine stretches less; memory is the largest resident
size of the process.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from planning import measure

COLUMNS = ("`ltmlc subset`", "split file", "`ltmlc plan`", "`snakemake --dry-run`")
MODEL = {"backbone": "resnet10", "image_size": 32, "weights": None, "frozen_stages": 0, "norm_eval": False}
CONFIG = {"datasets": ["many"], "tables": ["table2"], "training": {"device": "cpu"}, "data": {"root": "data"}}


def labels_of(images: int, classes: int, draw: random.Random) -> Iterator[list[int]]:
    """The classes in turn, so that each has an image, and two drawn ones more an image."""
    each = -(-classes // images)
    for image in range(images):
        in_turn = ((image * each + k) % classes for k in range(each))
        yield list(dict.fromkeys([*in_turn, *(int(classes * draw.random() ** 3) for _ in range(2))]))


def write_csv(data: Path, *, classes: int, images: int) -> dict[str, Any]:
    draw, lines = random.Random(0), ["path,labels,split"]
    for part, count in (("train", images), ("test", images // 4)):
        for image, labels in enumerate(labels_of(count, classes, draw)):
            lines.append(f"{part}{image}.jpg,{';'.join(f'class {k}' for k in labels)},{part}")
    (data / "labels.csv").write_text("\n".join(lines))
    return {"kind": "csv", "table": "labels.csv", "images": "."}


def write_coco(data: Path, *, categories: int, kept: int, images: int) -> dict[str, Any]:
    draw, names = random.Random(0), [f"class {k}" for k in range(categories)]
    for part, count in (("train", images), ("test", images // 4)):
        pairs = [(i, k) for i, labels in enumerate(labels_of(count, kept or categories, draw)) for k in labels]
        content = {
            "categories": [{"id": k, "name": name} for k, name in enumerate(names)],
            "images": [{"id": i, "file_name": f"{part}{i}.jpg"} for i in range(count)],
            "annotations": [{"id": n, "image_id": i, "category_id": k} for n, (i, k) in enumerate(pairs)],
        }
        (data / f"{part}.json").write_text(json.dumps(content))
    parts = {part: {"annotations": f"{part}.json", "images": "."} for part in ("train", "test")}
    return {"kind": "coco", **parts} | ({"classes": names[:kept]} if kept else {})


def cost_of(project: Path, source: dict[str, Any]) -> list[str]:
    """The cells of one line."""
    settings = {"extends": "voc-lt", "title": "Many", "subset": None, "downloads": None, "model": MODEL}
    (project / "config" / "datasets").mkdir(parents=True, exist_ok=True)
    (project / "config" / "datasets" / "many.yaml").write_text(yaml.safe_dump(settings | {"source": source}))
    (project / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    split = project / "results" / "data" / "many" / "split.json"
    subset = measure(project, "ltmlc", "subset", "many", "--out", str(split))
    size = f"{split.stat().st_size / 2**20:.1f} MiB"
    planned = measure(project, "ltmlc", "plan")
    root = Path(__file__).parents[1]
    dry = measure(project, "snakemake", "--snakefile", str(root / "Snakefile"), "--cores", "2", "--dry-run", "tables")
    return [str(subset), size, str(planned), str(dry)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("csv", 10_000), ("coco", 200_000), ("kept", 1000), ("images", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    print(f"| | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}")
    for name, write in (
        (f"CSV, {options.csv} classes", lambda data: write_csv(data, classes=options.csv, images=options.images)),
        (
            f"COCO, {options.kept} of {options.coco} categories",
            lambda data: write_coco(data, categories=options.coco, kept=options.kept, images=options.images),
        ),
        (
            f"COCO, all of {options.coco} categories, {options.images // 4} images",
            lambda data: write_coco(data, categories=options.coco, kept=0, images=options.images // 4),
        ),
    ):
        with tempfile.TemporaryDirectory(prefix="large-") as folder:
            project = Path(folder)
            (project / "data").mkdir()
            print(f"| {name} | {' | '.join(cost_of(project, write(project / 'data')))} |", flush=True)


if __name__ == "__main__":
    main()
