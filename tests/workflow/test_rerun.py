"""Which trainings an edit makes Snakemake repeat: exactly those whose specification, data or code it changes.

The demo's 92 trainings are really run by Snakemake, so that it has recorded them, but each ``python -m ltmlc`` is a
stand-in that only writes the files. Then every test edits something, asks for a dry run, and puts it back.
"""

from contextlib import contextmanager

import pytest

DEMO = ("tables", "--configfile", "config/demo.yaml")
SETS = ("digits20-lt", "digits80-lt")
STAND_IN = """
import sys
from pathlib import Path

from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.disk.files import canonical_json, sha256_text
from ltmlc.workflow.record import write_record

verb, arguments = sys.argv[1], sys.argv[2:]
out = Path(arguments[arguments.index("--out") + 1])
if verb == "subset":
    lists = ("classes", "train_ids", "test_ids", "train_labels", "test_labels", "class_counts", "test_class_counts")
    fields = {"dataset": arguments[0], "cooccurrence": [], "groups": {}, "thresholds": {}} | {key: [] for key in lists}
    texts = {out: canonical_json(fields | {"sha256": sha256_text(canonical_json(fields))})}
elif verb == "pretrain":
    texts = {out: "weights"}
else:
    names = {
        "pack": ["index.json", "images.bin"],
        "train": ["metrics.json", "predictions.npz"],
        "tabulate": [f"{arguments[0]}.{kind}" for kind in ("csv", "md", "tex")],
        "compare": ["diff.csv", "diff.md", "runs.csv", "rank_agreement.csv"],
    }[verb]
    texts = {out / name: canonical_json(arguments) for name in names}
for path, text in texts.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
if "--made-of" in arguments:
    write_record(next(iter(texts)), arguments[arguments.index("--made-of") + 1])
if verb == "train":
    write_sums(out / RUN_SUMS, [out / "metrics.json", out / "predictions.npz"])
"""


@pytest.fixture(scope="module")
def finished(project):
    """The project after a whole run."""
    (project.root / "src" / "ltmlc" / "__main__.py").write_text(STAND_IN)
    done = project.snakemake(*DEMO)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return project


@contextmanager
def edited(project, file, old, new):
    path = project.root / file
    text = path.read_text()
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)


@contextmanager
def appended(project, file, line):
    path = project.root / file
    text = path.read_text()
    path.write_text(f"{text}\n\n{line}\n")
    try:
        yield
    finally:
        path.write_text(text)


def trainings(project) -> set[tuple[str, str]]:
    return {(dataset, run) for dataset, run, _ in project.plan(*DEMO).trainings}


def losses(runs: set[tuple[str, str]]) -> set[str]:
    return {name for _, run in runs for name in run.split("_", 1)[0].split("+")}


def both(*runs: str) -> set[tuple[str, str]]:
    return {(dataset, run) for dataset in SETS for run in runs}


def test_a_second_run_does_nothing(finished):
    plan = finished.plan(*DEMO)
    assert not plan.jobs
    assert "Nothing to be done" in plan.text


def test_comments_and_code_that_only_reads_results_repeat_nothing(finished):
    with (
        appended(finished, "src/ltmlc/evidence/tables/tables.py", "EDITED = 1"),
        appended(finished, "src/ltmlc/training/loop.py", "# a comment"),
        edited(finished, "src/ltmlc/losses/asl.py", "\nimport", "\n\n# a comment\nimport"),
    ):
        assert trainings(finished) == set()


def test_an_edit_of_one_loss_repeats_its_runs_alone(finished):
    with appended(finished, "src/ltmlc/losses/asl.py", "assert True"):
        assert trainings(finished) == both("asl_recipe-db")


def test_an_edit_of_a_loss_that_is_part_of_sums_repeats_these_too(finished):
    with appended(finished, "src/ltmlc/losses/dr.py", "assert True"):
        runs = trainings(finished)
    assert all("dr_gamma1-5" in run for _, run in runs)
    # gamma2 from 1 to 10, and DR + BCE, DR + DB Focal with the data set's own
    assert {dataset: sum(of == dataset for of, _ in runs) for dataset in SETS} == dict.fromkeys(SETS, 12)


def test_an_edit_of_the_trainer_repeats_all(finished):
    with appended(finished, "src/ltmlc/training/loop.py", "assert True"):
        assert len(trainings(finished)) == 92


def test_labels_published_numbers_and_how_to_train_repeat_nothing(finished):
    training = "training: {device: cpu, precision: float32, threads: 1}"
    how = "training: {device: auto, precision: float32, threads: 2, checkpoint_minutes: 1, gpu_share: 2}"
    with (
        edited(finished, "config/tables/table1.yaml", "label: ERM", "label: Empirical risk"),
        edited(finished, "config/tables/table1.yaml", "68.91", "68.92"),
        edited(finished, "config/tables/table3.yaml", "Sample-wise against", "Sample- against"),
        edited(finished, "config/demo.yaml", training, how),
        edited(finished, "config/demo.yaml", "demo.csv", "other.csv"),
    ):
        plan = finished.plan(*DEMO)
    assert not plan.trainings
    assert plan.jobs["compare"] == 1  # the other reference


def test_a_constant_of_a_data_set_repeats_the_runs_that_use_it(finished):
    with edited(finished, "config/datasets/digits80-lt.yaml", "db_mu: 0.2", "db_mu: 0.25"):
        runs = trainings(finished)
    assert {dataset for dataset, _ in runs} == {"digits80-lt"}
    assert len(runs) == 3  # DB Focal, and its sums with C-LSEP and DR
    assert all("db_focal" in run for _, run in runs)


def test_a_recipe_repeats_its_runs(finished):
    with edited(finished, "config/datasets/digits20-lt.yaml", "db: {lr: 0.1,", "db: {lr: 0.2,"):
        runs = trainings(finished)
    assert {dataset for dataset, _ in runs} == set(SETS)  # digits80-lt extends digits20-lt
    assert losses(runs) == {"bce", "db", "asl", "balpoe"}


def test_a_new_row_is_one_training_a_data_set(finished):
    new = "rows:\n  - {label: Mine, origin: own, run: {loss: [{name: c_lsep, gamma: 11}]}}\n"
    with edited(finished, "config/tables/table3.yaml", "rows:\n", new):
        assert trainings(finished) == both("c_lsep_gamma-11")


def test_a_new_seed_leaves_the_first_alone(finished):
    with edited(finished, "config.yaml", "seeds: [0]", "seeds: [0, 1]"):
        plan = finished.plan(*DEMO)
    assert len(plan.trainings) == 92
    assert {seed for _, _, seed in plan.trainings} == {"1"}


def test_another_selection_of_images_repeats_the_data_sets_runs(finished):
    with edited(finished, "config/datasets/digits80-lt.yaml", "maximum: 1200", "maximum: 1000"):
        plan = finished.plan(*DEMO)
    assert plan.jobs["subset"] == 1
    assert {dataset for dataset, _, _ in plan.trainings} == {"digits80-lt"}
    assert len(plan.trainings) == 46
