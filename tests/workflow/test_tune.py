"""`snakemake tune` and `snakemake tuned`: which jobs, and that the chosen rates alone are trained afterwards.

The workflow is really run by Snakemake, checkpoint included; each ``python -m ltmlc`` is a stand-in that writes files.
"""

import pytest

CONFIG = (
    "--configfile",
    "config/tune-digits.yaml",
    "--config",
    "tune={tables: [table2], factors: [1, 3], seeds: [0]}",
    "seeds=[0,1]",
)
STAND_IN = """
import sys
from pathlib import Path

from ltmlc.cli import build_parser
from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.disk.files import canonical_json, sha256_text
from ltmlc.workflow.record import write_record

build_parser().parse_args(sys.argv[1:])  # the rules' options must be those of the real command
verb, arguments = sys.argv[1], sys.argv[2:]
option = lambda name: arguments[arguments.index(name) + 1]
results = Path("results/tune-digits")
if verb in ("subset", "holdout"):
    lists = ("classes", "train_ids", "test_ids", "train_labels", "test_labels", "class_counts", "test_class_counts")
    fields = {"dataset": verb, "cooccurrence": [], "groups": {}, "thresholds": {}} | {key: [] for key in lists}
    texts = {Path(option("--out")): canonical_json(fields | {"sha256": sha256_text(canonical_json(fields))})}
elif verb == "pretrain":
    texts = {Path(option("--out")): "weights"}
elif verb == "tune":
    rows = ["table,choice,candidate,run,factor,lr,status,n,total,head,medium,tail,present,chosen,note"]
    for name, chosen in (("lsep", 3), ("c_lsep_gamma-5", 1)):
        rows += [
            f"t,{name},c,{name if f == 1 else name + '_recipe-dr_lr-0.003'},{f},1,finished,1,1,1,1,1,"
            f"{'yes' if f == 1 else ''},{'yes' if f == chosen else ''},"
            for f in (1, 3)
        ]
    folder = results / "tune"
    texts = {folder / f"{arguments[0]}.csv": "\\n".join(rows) + "\\n", folder / f"{arguments[0]}.md": "page"}
elif verb == "tuned":
    texts = {results / "tables" / f"tuned.{kind}": "table" for kind in ("csv", "md")}
else:
    names = {"pack": ["index.json", "images.bin"], "train": ["metrics.json", "predictions.npz"]}[verb]
    texts = {Path(option("--out")) / name: f'"{verb}"' for name in names}
for path, text in texts.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
if "--made-of" in arguments:
    write_record(next(iter(texts)), option("--made-of"))
if verb == "train":
    out = Path(option("--out"))
    write_sums(out / RUN_SUMS, [out / "metrics.json", out / "predictions.npz"])
"""


def test_the_sweep_is_ordinary_train_jobs_on_the_held_out_split(project):
    plan = project.plan("tune", *CONFIG)
    expected = {"subset": 1, "pretrain": 1, "holdout": 1, "holdout_weights": 1, "pack_held_out": 1}
    assert {rule: plan.jobs[rule] for rule in expected} == expected
    assert plan.jobs["train_held_out"] == 4 * 2
    assert "train" not in plan.jobs and "pack" not in plan.jobs  # neither the whole training set nor the test images


def test_the_sweep_on_embedded_photographs_holds_out_its_features_and_needs_no_weights(project):
    """Tried in full by hand: two rates of LSEP, then the chosen one on all training images."""
    sweep = ["tune={tables: [table2], factors: [1, 3]}", "results=results/embedded"]
    plan = project.plan("tune", "--configfile", "config/photographs.yaml", "--config", *sweep)
    assert {"holdout": 1, "pack_held_out": 1, "features_held_out": 1}.items() <= plan.jobs.items()
    assert plan.jobs["train_held_out"] == 4 * 2
    assert not {"train", "pretrain", "download", "holdout_weights"} & plan.jobs.keys()


@pytest.fixture(scope="module")
def tuned(project):
    (project.root / "src" / "ltmlc" / "__main__.py").write_text(STAND_IN)
    done = project.snakemake("tuned", *CONFIG)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return project


def test_after_the_sweep_the_chosen_rates_are_trained_beside_the_recipes(tuned):
    runs = sorted((tuned.root / "results" / "tune-digits" / "runs" / "digits20-lt").glob("*/seed*/metrics.json"))
    assert {(path.parts[-3], path.parts[-2]) for path in runs} == {
        (run, seed)
        for run in ("lsep", "lsep_recipe-dr_lr-0.003", "c_lsep_gamma-5")  # the second kept its rate
        for seed in ("seed0", "seed1")
    }
    assert (tuned.root / "results" / "tune-digits" / "tables" / "tuned.md").exists()


def test_a_second_run_does_nothing(tuned):
    assert not tuned.plan("tuned", *CONFIG).jobs


def test_what_the_sweep_made_is_put_in_order_too(tuned):
    """Edited results are made again, whether of held-out images or at a rate that was chosen."""
    held_out, chosen = (
        tuned.root / "results" / "tune-digits" / part / "runs/digits20-lt/lsep_recipe-dr_lr-0.003/seed0/metrics.json"
        for part in ("tune", "")
    )
    whole = held_out.read_bytes(), chosen.read_bytes()
    for path in (held_out, chosen):
        path.write_text("edited")
    plan = tuned.plan("tune", chosen.relative_to(tuned.root).as_posix(), *CONFIG)
    for path, content in zip((held_out, chosen), whole, strict=True):
        path.write_bytes(content)
    assert plan.jobs["train_held_out"] == 1 and plan.jobs["train"] == 1
    assert plan.text.count("was edited or cut short since it was made; a real run keeps it") == 2


def test_another_factor_trains_its_candidates_alone(tuned):
    more = [part.replace("[1, 3]", "[1, 3, 10]") for part in CONFIG]
    plan = tuned.plan("tune", *more)
    assert plan.jobs["train_held_out"] == 4
    assert "holdout" not in plan.jobs


def test_another_share_holds_out_anew(tuned):
    plan = tuned.plan("tune", *(part.replace("factors", "share: 0.4, factors") for part in CONFIG))
    assert plan.jobs["holdout"] == 1
    assert plan.jobs["train_held_out"] == 8


def test_a_mistake_in_the_settings_is_said_while_planning(project):
    done = project.snakemake("--dry-run", "tune", *(part.replace("table2", "table9") for part in CONFIG))
    assert done.returncode != 0
    assert "'table9' is not among the files" in done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["results/tune-digits", "results/tune-digits/tune"])
def test_a_target_of_a_run_that_is_not_planned_is_said_with_those_that_are(project, folder):
    done = project.snakemake("--dry-run", f"{folder}/runs/digits20-lt/lsap/seed0/metrics.json", *CONFIG)
    assert done.returncode != 0
    assert "no run 'lsap' on digits20-lt; it has: " in done.stdout + done.stderr
