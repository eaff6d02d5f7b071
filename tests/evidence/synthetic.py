"""Hand-built grids and results for the tests of evidence: no training, no configuration files."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.plan.grid import Grid, Row, Table

SPEC = {
    "loss": [{"name": "bce", "weight": 1}],
    "sampler": {"name": "class_aware", "per_class": 3, "reduce": 4},
    "batch_size": 10,
    "recipe": {"name": "dr", "lr": 0.1, "epochs": 2},
    "model": {"head": "linear", "weights": None},
}


def row(label: str, run: str, published=None, *, datasets=("voc-lt",), origin="own", **options) -> Row:
    published = {name: tuple(map(float, published)) for name in datasets} if published else {}
    return Row(label=label, run=dict.fromkeys(datasets, run), published=published, origin=origin, **options)


def table(name: str, *rows: Row, kind: str = "table") -> Table:
    return Table(name=name, title=name.title(), caption=f"Caption of {name}.", kind=kind, rows=rows)


def grid(*tables: Table, seeds=(0,)) -> Grid:
    runs: dict[str, dict[str, dict]] = {}
    for each in tables:
        for member in each.rows:
            for dataset, run in member.run.items():
                runs.setdefault(dataset, {})[run] = SPEC
    datasets = {name: {"title": name.upper()} for name in runs}
    return Grid(
        config={}, datasets=datasets, tables={each.name: each for each in tables}, runs=runs, seeds=tuple(seeds)
    )


def metrics(dataset: str, run: str, seed: int, percent, **changes) -> dict:
    """A metrics file's content; ``percent``: total, or all four columns, or None for a failed run."""
    values = [percent] * 4 if isinstance(percent, (int, float)) else percent
    finished = percent is not None
    names = ("total", "head", "medium", "tail")
    content = {
        "status": "finished" if finished else "failed",
        "error": None if finished else "the loss is not finite at iteration 3",
        "spec": SPEC,
        "dataset": dataset,
        "run": run,
        "seed": seed,
        "split_sha256": "0" * 64,
        "code": "1" * 64,
        "environment": {"device": "cpu", "torch": "2.14.1"},
        "ap_per_class": [None if values[0] is None else values[0] / 100] if finished else None,
        "map": {k: None if v is None else v / 100 for k, v in zip(names, values, strict=True)} if finished else None,
        "history": [],
        "seconds": {"start": 1.0, "load": 1.0, "train": 10.0, "evaluate": 2.0, "total": 14.0} if finished else {},
        "images_per_second": 10.0 if finished else None,
        "resumed_from": None,
        "command": "python -m ltmlc train",
    }
    return {**content, **changes}


def write(results_dir: Path, dataset: str, run: str, seed: int, percent, **changes) -> Path:
    path = results_dir / "runs" / dataset / run / f"seed{seed}" / "metrics.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics(dataset, run, seed, percent, **changes)))
    _seal(path.parent)
    return path


def write_seeds(results_dir: Path, dataset: str, run: str, values) -> None:
    for seed, value in enumerate(values):
        write(results_dir, dataset, run, seed, value)


def split(dataset: str = "voc-lt") -> SimpleNamespace:
    """Three classes (head, medium, tail), 6 training and 4 test images; the fields of ltmlc.data.split.Split."""
    train = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1], [1, 1, 0]], np.uint8)
    test = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], np.uint8)
    return SimpleNamespace(
        dataset=dataset,
        classes=["person", "dog", "cow"],
        train_ids=[f"train{i}" for i in range(6)],
        test_ids=[f"test{i}" for i in range(4)],
        train_matrix=train,
        test_matrix=test,
        class_counts=train.sum(0).tolist(),
        cooccurrence=(train.T.astype(int) @ train).tolist(),
        test_class_counts=test.sum(0).tolist(),
        groups={"head": [0], "medium": [1], "tail": [2]},
        thresholds={"head": 5, "medium": 3},
        sha256="0" * 64,
    )


def method_spec(*terms: dict) -> dict:
    """A run at the paper's protocol with these loss terms."""
    loss = [{**term, "weight": 1} for term in terms]
    return {**SPEC, "loss": loss, "batch_size": 32, "recipe": {"name": "dr", "lr": 0.1, "epochs": 2}}


def method_grid(dataset: str = "voc-lt", *, seeds=(0,), gamma2: int = 7) -> Grid:
    """LSEP, C-LSEP and DR under run ids ``lsep``, ``c_lsep`` and ``dr``."""
    asked = grid(table("t", row("LSEP", "lsep"), row("CW", "c_lsep"), row("DR", "dr")), seeds=seeds)
    asked.datasets[dataset]["constants"] = {"gamma2": gamma2}
    terms = {
        "lsep": {"name": "lsep", "gamma": 1},
        "c_lsep": {"name": "c_lsep", "gamma": 5},
        "dr": {"name": "dr", "gamma1": 5, "gamma2": 7},
    }
    asked.runs[dataset].update({run: method_spec(term) for run, term in terms.items()})
    return asked


def write_predictions(results_dir: Path, dataset: str, run: str, seed: int, logits, split) -> Path:
    path = results_dir / "runs" / dataset / run / f"seed{seed}" / "predictions.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, logits=np.asarray(logits, np.float32), labels=split.test_matrix, ids=np.array(split.test_ids))
    _seal(path.parent)
    return path


def _seal(folder: Path) -> None:
    """As a training does: predictions and metrics have checksums."""
    files = [folder / "metrics.json", folder / "predictions.npz"]
    if all(file.exists() for file in files):
        write_sums(folder / RUN_SUMS, files)
