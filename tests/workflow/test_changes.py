"""What was changed, and what runs again: every row of docs/reliability.md's table, in the first call.

One small reproduction (tests/workflow/tiny_photographs.py) is really run; then every row changes something, asks
Snakemake what it would do, and puts it back. Rows whose answer depends on running are run, in a copy.
"""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from workflow.project_copy import Project

from ltmlc.training.predict import predict_images
from workflow import tiny_photographs


@pytest.fixture(scope="module")
def finished(project, tmp_path_factory):
    """The project after a whole run; its server is gone."""
    offered = tmp_path_factory.mktemp("offered")
    with tiny_photographs.served(offered) as url:
        tiny_photographs.write_project(project.root, offered / "tiny.tar", f"{url}/tiny.tar")
        done = project.snakemake()
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return project


@pytest.fixture
def copied(finished, tmp_path):
    """A copy to run in, its files dated as they come."""
    return copy_of(finished, tmp_path / "copy")


def copy_of(project: Project, folder: Path) -> Project:
    copy = object.__new__(Project)
    copy.root = shutil.copytree(project.root, folder, copy_function=shutil.copyfile)
    return copy


@contextmanager
def changed(root: Path, file: str, old: str, new: str):
    path = root / file
    before = path.read_bytes()
    assert old.encode() in before, f"{file} has no {old!r}"
    path.write_bytes(before.replace(old.encode(), new.encode(), 1))
    try:
        yield
    finally:
        path.write_bytes(before)


def edit(file: str, old: str, new: str) -> Callable[[Path], AbstractContextManager]:
    return lambda root: changed(root, file, old, new)


@contextmanager
def gone(root: Path, *names: str):
    """Files or folders that are not there meanwhile."""
    for name in names:
        (root / name).rename(root / f"{name}.gone")
    try:
        yield
    finally:
        for name in names:
            shutil.rmtree(root / name, ignore_errors=True)  # Snakemake makes its own folders anew
            (root / f"{name}.gone").rename(root / name)


@contextmanager
def other_root(root: Path):
    """A copy of the data elsewhere, with other dates."""
    shutil.copytree(root / "data", root / "elsewhere", copy_function=shutil.copyfile)
    try:
        yield
    finally:
        shutil.rmtree(root / "elsewhere")


@contextmanager
def other_labels_elsewhere(root: Path):
    with other_root(root), changed(root, LABELS.replace("data/", "elsewhere/"), "cat", "dog"):
        yield


@contextmanager
def dated(root: Path, *names: str, seconds: int):
    """Every file of these folders dated otherwise."""
    files = {path: path.stat() for name in names for path in [root / name, *(root / name).rglob("*")] if path.is_file()}
    for path in files:
        os.utime(path, (time.time() + seconds,) * 2)
    try:
        yield
    finally:
        for path, state in files.items():
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@contextmanager
def flipped_long_ago(root: Path, file: str):
    """A bit, and the date as if that had been before all else."""
    path, state = root / file, (root / file).stat()
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    os.utime(path, (0, 0))
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@contextmanager
def both(*managers: AbstractContextManager):
    with managers[0], both(*managers[1:]) if managers[1:] else nullcontext():
        yield


def appended(file: str, line: str) -> Callable[[Path], AbstractContextManager]:
    return lambda root: changed(root, file, (text := (root / file).read_text()), f"{text}\n\n{line}\n")


def all_of(*changes: Callable[[Path], AbstractContextManager]) -> Callable[[Path], AbstractContextManager]:
    return lambda root: both(*(change(root) for change in changes))


VOC = "data/VOCdevkit/VOC2007"
LABELS, PHOTOGRAPH = f"{VOC}/Annotations/000003.xml", f"{VOC}/JPEGImages/000021.jpg"
RESULTS = "results/data/photographs"
LATER = 86400
ALL = frozenset(tiny_photographs.RUNS)
DB = frozenset(run for run in ALL if "recipe-db" in run)
DR = frozenset(run for run in ALL if run.startswith("dr_"))
SUM = tiny_photographs.RUNS[-1]  # of DR and DB Focal

VERDICTS = Counter(compare=1, claims=1, label_metrics=1, figure_totals=1, summary=1)  # runs of one data set
DEFINED = VERDICTS + Counter(audit=1, plan=1, figure_totals=1)
ONE, DATA = Counter(tabulate=1, figure_curves=1), Counter(figure_data=1)
BOTH = ONE + ONE
DRAWN = Counter(figure_data=2, figure_gradients=1)
SPLIT, PACK, PRETRAIN = Counter(subset=1, pack=1), Counter(pack=1), Counter(pretrain=1)

# What is changed -> (how, configuration, jobs beside the trainings, runs trained on the photographs, on the strokes).
CHANGES = {
    "nothing": (None, (), Counter(), (), ()),
    "a comment": (
        all_of(
            appended("src/ltmlc/training/loop.py", "# a comment"),
            appended("src/ltmlc/losses/asl.py", "# a comment"),
            appended("src/ltmlc/evidence/tables/cells.py", "# a comment"),
        ),
        (),
        Counter(),
        (),
        (),
    ),
    "seeds": (None, ("seeds=[0,1]",), PRETRAIN + BOTH + DEFINED, ALL, ALL),
    "tables: one less": (None, ("tables=[mine]",), DEFINED, (), ()),
    "precision": (None, ("training={precision: float64}",), BOTH + DEFINED, ALL, ALL),
    "how to train": (None, ("training={threads: 2, checkpoint_minutes: 1, gpu_share: 3}",), Counter(), (), ()),
    "model": (None, ("model={stride_in_1x1: true}",), BOTH + DEFINED, ALL, ALL),
    "model without weights": (None, ("model={weights: null}",), BOTH + DEFINED, ALL, ALL),
    "a recipe": (
        edit("config/datasets/photographs.yaml", "  db:\n    epochs: 2", "  db:\n    epochs: 3"),
        (),
        BOTH + DEFINED + DRAWN,
        DB,
        (),
    ),
    "a recipe of the data set that one extends": (
        edit("config/datasets/digits20-lt.yaml", "db: {lr: 0.1,", "db: {lr: 0.2,"),
        (),
        BOTH + DEFINED + DRAWN,
        (),
        DB,
    ),
    "a constant of a data set": (
        edit("config/datasets/photographs.yaml", "db_mu: 0.3", "db_mu: 0.25"),
        (),
        BOTH + DEFINED + DRAWN,
        {SUM.replace("db_focal", "db_focal_mu-0.25")},
        (),
    ),
    "gamma of a row": (
        edit("config/tables/mine.yaml", "gamma2: 7", "gamma2: 5"),
        (),
        ONE + DEFINED,
        {"dr_gamma1-5_gamma2-5_bs-16"},
        {"dr_gamma1-5_gamma2-5_bs-16"},
    ),
    "a row more": (
        edit("config/tables/mine.yaml", "rows:", "rows:\n- {label: Mine, origin: own, run: {loss: [{name: zlpr}]}}"),
        (),
        ONE + DEFINED,
        {"zlpr"},
        {"zlpr"},
    ),
    "data.root, the same content": (other_root, ("data={root: elsewhere}",), Counter(), (), ()),
    "data.root, nothing there": (None, ("data={root: nowhere}",), Counter(), (), ()),
    "data.root, other content": (
        other_labels_elsewhere,
        ("data={root: elsewhere}",),
        SPLIT + DATA + BOTH + VERDICTS,
        ALL,
        (),
    ),
    "weights": (edit("weights/backbone.pt", "backbone/data", "backbone/dat_"), (), BOTH + VERDICTS, ALL, ()),
    "subset": (
        edit("config/datasets/photographs.yaml", "maximum: 10", "maximum: 6"),
        (),
        SPLIT + BOTH + DEFINED + DRAWN,
        ALL,
        (),
    ),
    "augmentation": (
        edit("config/datasets/photographs.yaml", "brightness: 8", "brightness: 9"),
        (),
        BOTH + DEFINED + DRAWN,
        ALL,
        (),
    ),
    "code of one loss": (
        appended("src/ltmlc/losses/asl.py", "assert True"),
        (),
        ONE + VERDICTS + Counter(figure_totals=1),
        {"asl_bs-16_recipe-db"},
        {"asl_bs-16_recipe-db"},
    ),
    "code of a loss that is also part of a sum": (
        appended("src/ltmlc/losses/dr.py", "assert True"),
        (),
        BOTH + VERDICTS + Counter(figure_totals=1, figure_gradients=1),
        DR,
        DR,
    ),
    "code of the trainer": (
        appended("src/ltmlc/training/loop.py", "assert True"),
        (),
        BOTH + VERDICTS + Counter(figure_totals=1, figure_gradients=1),
        ALL,
        ALL,
    ),
    "code of the tables": (
        appended("src/ltmlc/evidence/tables/cells.py", "EDITED = 1"),
        (),
        BOTH + DEFINED + DRAWN,
        (),
        (),
    ),
    "a label file": (edit(LABELS, "cat", "dog"), (), SPLIT + DATA + BOTH + VERDICTS, ALL, ()),
    "a photograph": (edit(PHOTOGRAPH, "JFIF", "JFIX"), (), PACK + DATA + BOTH + VERDICTS, ALL, ()),
    "a row's label": (edit("config/tables/other.yaml", "label: BCE", "label: Mine"), (), ONE + DEFINED, (), ()),
    "a published number": (
        edit("config/tables/other.yaml", "  origin: own", "  published: {voc-lt: [1, 2, 3, 4]}\n  origin: own"),
        (),
        ONE + DEFINED,
        (),
        (),
    ),
    "other numbers to compare with": (None, ("reference=config/reference/demo.csv",), BOTH + DEFINED + DRAWN, (), ()),
    "a claim": (appended("config/claims.yaml", "# a word"), (), DEFINED, (), ()),
    "a title": (
        edit("config/datasets/photographs.yaml", "title: Photographs", "title: Pictures"),
        (),
        BOTH + DEFINED + DRAWN,
        (),
        (),
    ),
    "dates of what is outside": (
        lambda root: dated(root, "data", "weights", "config", seconds=LATER),
        (),
        Counter(),
        (),
        (),
    ),
    "dates of starting weights": (
        lambda root: dated(root, "results/data/strokes", seconds=0),
        (),
        Counter(),
        (),
        (),
    ),
    "a byte of starting weights": (edit("results/data/strokes/backbone-seed0.pt", "PK", "PQ"), (), PRETRAIN, (), ()),
    "the split is gone": (lambda root: gone(root, f"{RESULTS}/split.json"), (), Counter(), (), ()),
    "the pack is gone": (lambda root: gone(root, f"{RESULTS}/pack"), (), Counter(), (), ()),
    "a pixel, dated long ago": (
        lambda root: flipped_long_ago(root, f"{RESULTS}/pack/images.bin"),
        (),
        PACK + DATA + Counter(summary=1),  # the sheets may have been drawn from such pixels
        (),
        (),
    ),
    "a run is gone": (
        lambda root: gone(root, f"results/runs/strokes/{tiny_photographs.RUNS[1]}"),
        (),
        ONE + VERDICTS,
        (),
        {tiny_photographs.RUNS[1]},
    ),
    "Snakemake's memory is gone": (lambda root: gone(root, ".snakemake/metadata"), (), Counter(), (), ()),
    "its memory is gone, and a recipe is another": (
        all_of(
            lambda root: gone(root, ".snakemake/metadata"),
            edit("config/datasets/photographs.yaml", "  db:\n    epochs: 2", "  db:\n    epochs: 3"),
        ),
        (),
        BOTH + VERDICTS,
        DB,
        (),
    ),
    "data.root with the archive alone, and a label of old": (
        lambda root: gone(root, f"{RESULTS}/split.json", f"{RESULTS}/split.json.made-of", "data"),
        (),
        Counter(download=1) + SPLIT + DATA + BOTH + VERDICTS,
        ALL,
        (),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_runs_again_in_the_first_call(finished, change):
    how, configuration, jobs, photographs, strokes = CHANGES[change]
    with how(finished.root) if how else nullcontext():
        plan = finished.plan(*(["--config", *configuration] if configuration else []))
    seed = "1" if change == "seeds" else "0"
    runs = [*(("photographs", run, seed) for run in photographs), *(("strokes", run, seed) for run in strokes)]
    assert plan.trainings == sorted(runs)
    others = {rule: number for rule, number in plan.jobs.items() if rule not in ("train", "all")}
    assert others == dict(jobs)


def metrics(project: Project) -> dict[str, bytes]:
    paths = (project.root / "results/runs").glob("*/*/seed*/metrics.json")
    return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in paths}


def run(project: Project, *arguments: str) -> str:
    done = project.snakemake(*arguments)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


def test_a_copy_without_dates_is_as_good(copied):
    assert not copied.plan().trainings


def test_another_seed_is_trained_in_the_call_that_asks_for_it(copied):
    before, new = metrics(copied), "results/runs/photographs/lsep_bs-16/seed1/metrics.json"
    run(copied, "--config", "seeds=[0,1]", "--", new)
    after = metrics(copied)
    assert after.pop(new)
    assert after == before


def test_a_label_file_that_says_the_same_otherwise_trains_nothing(copied):
    """The split has to be made to know: the trainings begin, find that they would come out the same, and end."""
    before, name = metrics(copied), "results/runs/photographs/lsep_bs-16/seed0"
    with changed(copied.root, LABELS, "<annotation>", "<annotation> "):
        run(copied, "--", f"{name}/metrics.json")
        assert metrics(copied) == before
        assert "finished already: its result is kept" in (copied.root / name / "train.log").read_text()
        run(copied, "--", f"{name}/metrics.json")  # plans, finds nothing to do and the result in its place
        assert metrics(copied) == before
        assert not (copied.root / name / "finished").exists(), "it was in safety until then"


def test_a_finished_result_is_there_until_another_takes_its_place(copied):
    name = "results/runs/photographs/lsep_bs-16/seed0"
    before = metrics(copied)[f"{name}/metrics.json"]
    with changed(copied.root, "weights/backbone.pt", "PK", "PQ"):
        assert copied.snakemake("--", f"{name}/metrics.json").returncode != 0
        assert (copied.root / name / "finished" / "metrics.json").read_bytes() == before
    run(copied, "--", f"{name}/metrics.json")
    assert metrics(copied)[f"{name}/metrics.json"] == before


def test_damaged_starting_weights_are_made_again_and_nothing_is_trained(copied):
    file = copied.root / "results/data/strokes/backbone-seed0.pt"
    before, weights = metrics(copied), file.read_bytes()
    file.write_bytes(b"")
    run(copied, "--", *(name for name in before if "/strokes/" in name))
    assert metrics(copied) == before
    assert file.read_bytes() == weights


def test_a_run_trained_again_to_keep_its_network_is_the_same_result(copied):
    """As docs/use-a-network.md says; the workflow has nothing to do afterwards."""
    folder = copied.root / "results/runs/photographs/lsep_bs-16/seed0"
    before = result(folder)
    done = copied.run("ltmlc", "train", "photographs", "lsep_bs-16", "--seed", "0", "--keep-weights")
    assert done.returncode == 0, done.stderr
    assert result(folder) == before
    found = predict_images(folder, pack=copied.root / f"{RESULTS}/pack", device="cpu")
    own = np.load(folder / "predictions.npz")
    np.testing.assert_allclose(found.logits[-len(own["ids"]) :], own["logits"], rtol=1e-5, atol=1e-6)
    assert not copied.plan().trainings


def result(folder: Path) -> dict[str, object]:
    """What two trainings of one run have in common: all but when, how fast and by which command."""
    fields = json.loads((folder / "metrics.json").read_text())
    names = ("map", "ap_per_class", "spec", "code", "split_sha256", "weights_sha256", "status")
    history = [(epoch["epoch"], epoch["loss"], epoch["lr"]) for epoch in fields["history"]]
    made_of = json.loads((folder / "metrics.json.made-of").read_text())["made_of"]
    predictions = (folder / "predictions.npz").read_bytes()
    return {name: fields[name] for name in names} | {"history": history, "of": made_of, "predictions": predictions}


def test_a_label_reaches_its_table(copied):
    with changed(copied.root, "config/tables/other.yaml", "label: BCE", "label: Other words"):
        run(copied, "--", "results/tables/other.md")
    assert "Other words" in (copied.root / "results/tables/other.md").read_text()


def test_an_option_with_an_n_in_it_is_no_dry_run(copied):
    damaged = copied.root / "results/tables/other.csv"
    damaged.write_text("edited")
    done = copied.run("snakemake", "-junlimited", "--nocolor", "--", "results/tables/other.csv")
    assert done.returncode == 0, done.stderr
    assert damaged.read_text() != "edited"
    assert damaged.with_name("other.csv.damaged").read_text() == "edited"
