"""What data sets need before a training, each here, to be downloaded, or missing; and the disk that takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltmlc.data.download.items import Item
from ltmlc.data.download.table import items_of, torch_checkpoints
from ltmlc.data.sources.open import open_source
from ltmlc.data.split import Split
from ltmlc.disk.trouble import size_text
from ltmlc.errors import InputError
from ltmlc.evidence.outlook.estimate import expected_counts
from ltmlc.plan.config import merge
from ltmlc.plan.datasets import EMBEDDED
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import METRICS, data_folder, under_root
from ltmlc.plan.network import EMBEDDED_WEIGHTS, MADE_VECTORS, TIMM_WEIGHTS

HERE, DOWNLOAD, MADE, MISSING = "here", "will be downloaded", "made by the workflow", "missing"
TEST_IMAGES = {"2007 test": 4952, "2007 val": 2510, "val2017": 5000}
"""Of the published sets that the shipped data sets are tested on."""
PIXELS = {"voc": 500 * 375, "coco": 640 * 480}
"""Of a usual photograph, where none is here yet."""
RUN_BYTES = 2_000_000
"""Of a finished run: logits, metrics and log."""


@dataclass(frozen=True)
class Need:
    """One thing a data set needs."""

    dataset: str
    what: str  # data | weights | word vectors
    state: str
    size: int | None = None  # bytes to download; None: not known, or nothing
    note: str = ""  # where it is, or what is wrong

    @property
    def text(self) -> str:
        size = f" ({size_text(self.size)})" if self.state == DOWNLOAD else ""
        return f"{self.what:13}{self.state}{size}{f': {self.note}' if self.note else ''}"


def needs_of(grid: Grid, dataset: str) -> list[Need]:
    """Data, weights and word vectors of a data set, as its runs use them. Asks the disk alone."""
    config, own = grid.config, grid.datasets[dataset]
    settings = {**own, "model": merge(own["model"], config["model"])}
    root = Path(config["data"]["root"])
    needs = [_data(dataset, settings, root, data_folder(config["results"], dataset))]
    weights = settings["model"].get("weights")
    if weights == "pretrained":
        needs.append(Need(dataset, "weights", MADE))
    elif weights == TIMM_WEIGHTS:
        note = "by timm when a training starts, to the Hugging Face Hub's cache"
        needs.append(Need(dataset, "weights", DOWNLOAD, note=note))
    elif weights not in (None, EMBEDDED_WEIGHTS):
        file = None if weights == "imagenet" else Path(weights).expanduser()
        needs.append(_file(dataset, "weights", items_of(dataset, settings, root, ["weights"]), file))
    if any(spec["model"].get("head") == "graph" for spec in grid.runs[dataset].values()):
        named = settings["model"].get("word_vectors")
        if named not in MADE_VECTORS:
            path = under_root(named, root) if named else Path("none given")
            items = [] if path.exists() else items_of(dataset, settings, root, ["word_vectors"])
            needs.append(_file(dataset, "word vectors", items, path))
    return needs


def _data(dataset: str, settings: Mapping[str, Any], root: Path, made: Path) -> Need:
    if settings["source"]["kind"] in EMBEDDED:
        return Need(dataset, "data", HERE, note="embedded")
    if (made / "split.json").exists() and (made / "pack" / "index.json").exists():
        return Need(dataset, "data", HERE, note=f"packed in {made / 'pack'}")
    items = items_of(dataset, dict(settings), root, ["data"])
    if items:
        return _file(dataset, "data", items, root)
    try:  # of one's own: nothing can be fetched, so the annotations and one image must be readable
        source = open_source(dict(settings), root)
        pool = source.train_pool()
        if not pool.ids:
            return Need(dataset, "data", MISSING, note=f"the annotations under {root} list no training image")
        source.read_image(pool.ids[0])
    except InputError as error:
        return Need(dataset, "data", MISSING, note=str(error))
    return Need(dataset, "data", HERE, note=f"{len(pool.ids) + len(source.test_pool().ids)} images under {root}")


def _file(dataset: str, what: str, items: list[Item], path: Path | None) -> Need:
    """Of what is downloaded, or else a file that must be there."""
    if items:
        todos = [todo for item in items if (todo := item.todo())]
        sizes = [todo.size for todo in todos]
        known = None if None in sizes else sum(sizes)
        note = f"in {items[0].folder}" if not todos else f"to {items[0].folder}"
        return Need(dataset, what, DOWNLOAD if todos else HERE, known, note)
    if path is None:
        return Need(dataset, what, DOWNLOAD, note=f"by torchvision when a training starts, to {torch_checkpoints()}")
    return Need(dataset, what, HERE if path.exists() else MISSING, note=str(path))


def disk_bytes(grid: Grid, needs: Iterable[Need], splits: Mapping[str, Split]) -> dict[str, int]:
    """Bytes that are still to be written: downloads and their content, packs, runs."""
    wanted = {need.dataset for need in needs if need.what == "data"}
    packs = sum(_pack_bytes(grid, name, splits.get(name)) for name in wanted)
    files = {(need.what, need.note, need.size or 0) for need in needs if need.state == DOWNLOAD}  # weights are shared
    unpacked = 2  # an archive and its content; weights and word vectors are no archives
    return {
        "downloads with their content": sum(size * (unpacked if what == "data" else 1) for what, _, size in files),
        "packs": packs,
        "runs": sum(not (run / METRICS).exists() for run in grid.run_folders()) * RUN_BYTES,
    }


def _pack_bytes(grid: Grid, dataset: str, split: Split | None) -> int:
    """Of a pack that is not there yet: three bytes a pixel. 0 where an image's size is unknown."""
    source = grid.datasets[dataset]["source"]
    pack = data_folder(grid.config["results"], dataset) / "pack" / "index.json"
    pixels = PIXELS.get(source["kind"])
    if pixels is None or pack.exists():
        return 0
    side = grid.config["data"]["max_side"]
    pixels = min(pixels, int(0.75 * side**2)) if side else pixels
    if split is not None:
        return 3 * pixels * (len(split.train_ids) + len(split.test_ids))
    test = source.get("test") or {}
    images = TEST_IMAGES.get(f"{test.get('year', '')} {test.get('set', '')}".strip(), 0)
    counts = expected_counts(grid.datasets[dataset])
    return 3 * pixels * (images + (counts[1] if counts else 0))
