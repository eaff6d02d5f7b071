"""What each step of a data set and each training must be made of, and whether what stands there is that.

Compared are contents: settings, code, labels, photographs, weights. Dates never count, nor what Snakemake remembers:
a copy of the results without its memory is judged the same. The rules ask here; ``workflow/rules/common.smk`` hands
the answer to Snakemake.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from ltmlc.data.sources.open import label_files, photographs
from ltmlc.data.split import load_split
from ltmlc.disk.reading import DAMAGED, read_json
from ltmlc.plan.grid import Grid
from ltmlc.plan.lookup import METRICS, PREDICTIONS, data_folder, run_folder, word_vector_file
from ltmlc.plan.network import EMBEDDED_WEIGHTS, MADE_VECTORS, TIMM_WEIGHTS
from ltmlc.plan.recorded import complete
from ltmlc.plan.spec import network_of
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.parts import (
    features_parts,
    hash_of,
    holdout_parts,
    pack_parts,
    run_parts,
    split_parts,
    weights_parts,
)
from ltmlc.workflow.record import NOT_MADE_YET, UNKNOWN, Record, read_record, record_of


@dataclass(frozen=True)
class Stage:
    """One file of the results.

    Attributes:
        made_of: part -> value; what it would be made of now.
        changed: why it has to be made again; empty where it stands, or would be the same if it were made again.
        sha256: the file's own, or NOT_MADE_YET.
    """

    file: Path
    made_of: dict[str, Any]
    changed: tuple[str, ...]
    sha256: str


def _remembered(stage: Callable[..., Stage]) -> Callable[..., Stage]:
    """As long as the state of the data set's folders is the same."""

    @lru_cache(maxsize=64)
    def known(stages: "Stages", base: Path, dataset: str, state: tuple[int, ...]) -> Stage:
        return stage(stages, base, dataset)

    @wraps(stage)
    def asked(self: "Stages", base: str | Path, dataset: str) -> Stage:
        return known(self, Path(base), dataset, self._state(dataset))

    return asked


class Stages:
    """All of them, for one configuration."""

    def __init__(self, grid: Grid, contents: Contents) -> None:
        self._config, self._datasets, self._contents = grid.config, grid.datasets, contents
        self._results, self._root = Path(grid.config["results"]), Path(grid.config["data"]["root"])
        self._held_out = self._results / "tune"

    @_remembered
    def split(self, base: Path, dataset: str) -> Stage:
        """Who is in which set. ``base``: the folder of results, or the one of the sweep with its held-out images."""
        settings, file = self._datasets[dataset], data_folder(base, dataset) / "split.json"
        if base == self._held_out:
            tune, whole = self._config["tune"], self.split(self._results, dataset).sha256
            return self._stage(file, {"split": whole, **holdout_parts(tune["share"], tune["holdout_seed"])})
        labels = self._contents.of(label_files(settings, self._root))
        return self._stage(file, split_parts(settings) | {"labels": labels})

    @_remembered
    def pack(self, base: Path, dataset: str) -> Stage:
        """Every image, decoded once; by its index, which has the pixels' hash."""
        settings, split = self._datasets[dataset], self.split(base, dataset)
        made_of = {
            **pack_parts(settings),
            "split": split.sha256,
            "max_side": self._config["data"]["max_side"] or 0,
            "photographs": self._photographs(split, settings),
        }
        stage = self._stage(data_folder(base, dataset) / "pack" / "index.json", made_of)
        if not stage.changed and self._pixels_changed(stage.file):
            return replace(stage, changed=("damaged pixels",))
        return stage

    @_remembered
    def features(self, base: Path, dataset: str) -> Stage:
        """What a fixed backbone makes of the images."""
        settings = self._datasets[dataset]
        model = network_of(settings, self._config)
        made_of = {
            **features_parts(settings, model),
            "split": self.split(base, dataset).sha256,
            "photographs": self.pack(base, dataset).sha256,
            "weights": self.given_weights(dataset, model) if model.get("weights") else UNKNOWN,
        }
        return self._stage(data_folder(base, dataset) / "features.npz", made_of)

    def weights(self, base: str | Path, dataset: str, seed: int | str) -> Stage:
        """The starting weights that ``ltmlc pretrain`` makes."""
        file = data_folder(base, dataset) / f"backbone-seed{seed}.pt"
        if Path(base) == self._held_out:
            return self._stage(file, {"weights": self.weights(self._results, dataset, seed).sha256})
        return self._stage(file, weights_parts(self._datasets[dataset]))

    def run(self, base: str | Path, dataset: str, run: str, seed: int | str, spec: dict[str, Any]) -> Stage:
        """A training; by its metrics file."""
        file = run_folder(base, dataset, run, seed) / METRICS
        made_of = {
            **run_parts(spec),
            "split": self.split(base, dataset).sha256,
            "photographs": self.pack(base, dataset).sha256,
            **self._network(base, dataset, seed, spec["model"]),
        }
        if not (file.exists() and file.with_name(PREDICTIONS).exists()):
            return Stage(file, made_of, ("not there",), NOT_MADE_YET)
        record = read_record(file) or self._by_hand(file, base, dataset, made_of)
        changes = record.changes(made_of)
        if "specification" in changes and _is_specification(file, spec):
            changes.remove("specification")
        return Stage(file, made_of, tuple(changes), record.sha256)

    def _network(self, base: str | Path, dataset: str, seed: int | str, model: dict[str, Any]) -> dict[str, Any]:
        """What a network starts from."""
        parts = {}
        if model["weights"] == "pretrained":
            parts["weights"] = self.weights(base, dataset, seed).sha256
        elif model["weights"] is not None:
            parts["weights"] = self.given_weights(dataset, model)
        if model["head"] == "graph" and model["word_vectors"] not in (None, *MADE_VECTORS):
            parts["word vectors"] = self._contents.file(word_vector_file(model, self._root))
        if model.get("cached_views"):
            parts["features"] = self.features(base, dataset).sha256
        return parts

    def given_weights(self, dataset: str, model: dict[str, Any]) -> str | None:
        """Of ImageNet's the published hash, of a file its own; of timm's nothing is known before they are there."""
        if model["weights"] == EMBEDDED_WEIGHTS:
            return EMBEDDED_WEIGHTS  # the labels' hash is that of their file, too
        if model["weights"] == TIMM_WEIGHTS:
            return UNKNOWN
        if model["weights"] != "imagenet":
            return self._contents.file(Path(model["weights"]).expanduser())
        downloads = self._datasets[dataset].get("downloads", [])
        published = [entry.get("sha256") for entry in downloads if entry.get("backbone") == model["backbone"]]
        return published[0] if published else UNKNOWN

    def _by_hand(self, file: Path, base: str | Path, dataset: str, wanted: dict[str, Any]) -> Record:
        """Of a run that the workflow did not make, what its metrics file says; the rest is believed."""
        try:
            metrics = read_json(file)
            split = load_split(data_folder(base, dataset) / "split.json").sha256
            made_of = {"specification": hash_of(metrics["spec"]), "code": metrics["code"]}
            if metrics["split_sha256"] != split:
                made_of["split"] = metrics["split_sha256"]
        except DAMAGED:
            return Record({}, NOT_MADE_YET)
        return Record(wanted | made_of, NOT_MADE_YET)

    def _state(self, dataset: str) -> tuple[int, ...]:
        """Changes whenever a job has changed something in the data set's folders: then everything is asked anew."""
        bases, names = (self._results, self._held_out), (".downloaded-data", "split.json", "pack/index.json")
        files = [data_folder(base, dataset) / name for base in bases for name in (*names, "features.npz")]
        return tuple(_date(path) for file in files for path in (file, record_of(file)))

    def _pixels_changed(self, index: Path) -> bool:
        """Read again wherever a size or a date has changed, also one set back: the date of the change cannot be set."""
        pixels = self._contents.file(index.with_name("images.bin"))
        try:
            return pixels not in (None, read_json(index)["images_sha256"])
        except DAMAGED:  # gone since; or of another form, which its reader says
            return False

    def _photographs(self, split: Stage, settings: dict[str, Any]) -> str | None:
        if split.changed:
            return NOT_MADE_YET
        if not split.file.exists():
            return UNKNOWN
        who = load_split(split.file)
        return self._contents.of(photographs(settings, self._root, [*who.train_ids, *who.test_ids]))

    def _stage(self, file: Path, made_of: dict[str, Any]) -> Stage:
        record = read_record(file)
        if record is None:
            return Stage(file, made_of, ("not there",), NOT_MADE_YET)
        if changes := record.changes(made_of):
            return Stage(file, made_of, tuple(changes), NOT_MADE_YET)
        damaged = self._contents.file(file) not in (None, record.sha256)
        return Stage(file, made_of, ("damaged",) if damaged else (), record.sha256)


def _is_specification(file: Path, spec: dict[str, Any]) -> bool:
    """Whether a run was recorded before a key of its specification came, and so had the key's default."""
    try:
        return complete(read_json(file)["spec"]) == complete(spec)
    except DAMAGED:
        return False


def _date(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
