"""`ltmlc tune` on a tiny configuration, from nothing to the table: real trainings, seconds."""

import csv
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml
from tiny_config import CONFIG, DATASET, DR, table

from ltmlc.cli import main
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.split import load_split
from ltmlc.disk.checksums import RUN_SUMS, has_checksum
from ltmlc.plan.config import load_config
from ltmlc.plan.environment import DATA_ROOT_VARIABLE, data_root

ROOT = Path(__file__).parents[1]
TABLE = table(DR)
PRESENT, TUNED = "dr_gamma1-5_gamma2-7_bs-16", "dr_gamma1-5_gamma2-7_bs-16_recipe-dr_lr-0.003"
RUN, HELD_OUT = f"results/runs/tiny/{TUNED}/seed0", f"results/tune/runs/tiny/{TUNED}/seed0"
SPLIT, PACK = "results/data/tiny/split.json", "results/data/tiny/pack"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The configuration and a finished sweep; every file but logs as `ltmlc tune` left it."""
    root = tmp_path_factory.mktemp("tune")
    shutil.copytree(ROOT / "config", root / "config")
    (root / "config" / "datasets" / "tiny.yaml").write_text(yaml.safe_dump(DATASET))
    (root / "config" / "tables" / "mine.yaml").write_text(yaml.safe_dump(TABLE))
    (root / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("LTMLC_TRAINING", raising=False)
        patch.setenv(DATA_ROOT_VARIABLE, "data")  # what the verbs say ends with these tests
        assert main(["tune", "tiny"]) == 0
    return root


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.delenv("LTMLC_TRAINING", raising=False)
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "data")


def test_word_vectors_lie_below_the_data_root_that_was_asked_for(monkeypatch):
    """Where the workflow, or an earlier verb, has said another one, too."""
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "elsewhere")
    told = []
    monkeypatch.setattr("ltmlc.commands.tune._prepare", lambda *_: None)
    monkeypatch.setattr("ltmlc.commands.tune._train", lambda *_: told.append(data_root()) or 75)
    for arguments, expected in ((["--data-root", "mine"], "mine"), ([], "mine")):
        assert main(["tune", "tiny", *arguments]) == 75
        assert told.pop() == expected
    monkeypatch.delenv(DATA_ROOT_VARIABLE)
    main(["tune", "tiny"])
    assert told == [load_config("config.yaml")["data"]["root"]]


def test_a_warm_up_that_outlasts_the_sweeps_shorter_epochs_is_on_its_page(capsys):
    main(["tune", "tiny", "--no-training"])
    split = load_split("results/tune/data/tiny/split.json")
    one_epoch = int(max(split.class_counts) * len(split.classes) / 8) // 16  # after it the rate falls
    assert one_epoch == 1  # on all images 2, as long as the warm-up
    sentence = f"{PRESENT}, {TUNED} peaks after 1 iteration, at 33 % of the recipe's: the warm-up takes 2"
    assert sentence in capsys.readouterr().err
    assert sentence in Path("results/tune/tiny.md").read_text().replace("\\", "").split("## Warnings")[1]


def metrics(run: str) -> dict:
    return json.loads(Path("results/tune/runs/tiny", run, "seed0", "metrics.json").read_text())


def test_no_test_image_is_packed_trained_on_or_scored():
    whole, derived = load_split(SPLIT), load_split("results/tune/data/tiny/split.json")
    forbidden = set(whole.test_ids)
    assert forbidden
    pack = open_pack("results/tune/data/tiny/pack", split_sha256=derived.sha256)
    scored = set(np.load(f"results/tune/runs/tiny/{TUNED}/seed0/predictions.npz")["ids"])
    for ids in (derived.train_ids, derived.test_ids, pack.ids, scored):
        assert forbidden.isdisjoint(ids)
    assert set(pack.ids) == set(whole.train_ids)
    assert scored == set(derived.test_ids)
    assert not Path("results/data/tiny/pack").exists()  # the test images need not even be decoded


def test_every_candidate_is_an_ordinary_run_at_its_rate():
    assert [metrics(run)["spec"]["recipe"]["lr"] for run in (PRESENT, TUNED)] == [0.001, 0.003]
    assert {metrics(run)["status"] for run in (PRESENT, TUNED)} == {"finished"}


def test_every_candidate_has_checksums_as_one_of_the_workflow():
    """And so was trained by the one process that held its folder."""
    folder = Path("results/tune/runs/tiny", TUNED, "seed0")
    assert has_checksum(folder / RUN_SUMS, folder / "metrics.json")
    assert has_checksum(folder / RUN_SUMS, folder / "predictions.npz")


@pytest.mark.parametrize("part", ["code", "specification", "split"])
def test_a_training_of_what_was_edited_after_planning_stops_with_one_sentence(part, capsys, tmp_path):
    options = ["--data", "results/tune/data/tiny", "--out", str(tmp_path), "--made-of", json.dumps({part: "other"})]
    assert main(["train", "tiny", PRESENT, *options]) == 2
    assert f"edited after this job was planned: its {part}; run the same command again" in capsys.readouterr().err
    assert not (tmp_path / "metrics.json").exists()


def test_the_table_names_the_candidate_with_the_best_held_out_mean():
    lines = {line["run"]: line for line in csv.DictReader(Path("results/tune/tiny.csv").read_text().splitlines())}
    assert set(lines) == {PRESENT, TUNED}
    ap = {run: np.mean(metrics(run)["ap_per_class"]) for run in lines}  # every class has a held-out image here
    assert {run: float(line["total"]) for run, line in lines.items()} == pytest.approx(
        {run: 100 * value for run, value in ap.items()}, abs=1e-4
    )
    assert [run for run, line in lines.items() if line["chosen"]] == [max(ap, key=ap.get)]
    assert "Tiny" in Path("results/tune/tiny.md").read_text()


def test_a_second_call_trains_nothing_and_says_the_same(capsys):
    before = {path: path.read_bytes() for path in Path("results/tune").rglob("*") if path.is_file()}
    assert main(["tune", "tiny"]) == 0
    assert "training" not in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_a_pack_of_other_photographs_is_said_and_trains_nothing_by_itself(monkeypatch, capsys):
    monkeypatch.setattr("ltmlc.workflow.packing.pack_photographs", lambda *_, **__: True)
    assert main(["tune", "tiny"]) == 0
    said = capsys.readouterr().err
    assert "tiny: trainings of the former pack stay; delete results/tune/runs/tiny to do them again" in said
    assert "training 1 of" not in said


def test_a_missing_candidate_alone_is_trained_again_to_the_same_numbers(capsys):
    folder, old = Path("results/tune/runs/tiny", TUNED, "seed0"), metrics(TUNED)
    shutil.rmtree(folder)
    assert main(["tune", "tiny", "--no-training"]) == 0
    assert "1 of 2 candidates are not trained yet" in Path("results/tune/tiny.md").read_text()
    assert main(["tune", "tiny"]) == 0
    assert "training 1 of 1" in capsys.readouterr().err
    assert metrics(TUNED)["ap_per_class"] == old["ap_per_class"]


def test_the_tuned_table_and_the_command_that_trains_for_it(capsys):
    assert main(["tuned"]) == 0
    text = Path("results/tables/tuned.md").read_text()
    assert "| DR | 0.001 | … |" in text
    train_the_chosen()
    ours = json.loads(Path(RUN, "metrics.json").read_text())
    assert ours["split_sha256"] == load_split(SPLIT).sha256


def train_the_chosen() -> None:
    assert main(["pack", "tiny", "--split", SPLIT, "--out", PACK, "--workers", "1"]) == 0
    assert main(["train", "tiny", TUNED, "--keep-weights"]) == 0


def predicted(network: str, out: str, *options: str) -> list[list[dict[str, str]]]:
    """The rows of `ltmlc predict`'s file, and those of the thresholds beside it."""
    assert main(["predict", network, "--pack", PACK, "--device", "cpu", *options, "--out", f"{out}.csv"]) == 0
    files = (Path(f"{out}.csv"), Path(f"{out}.thresholds.csv"))
    return [list(csv.DictReader(file.read_text().splitlines())) for file in files]


def test_the_held_out_run_of_a_network_gives_its_probabilities_and_thresholds():
    """Exported with its curves, the network gives the same."""
    train_the_chosen()
    probabilities, thresholds = predicted(RUN, "probabilities", "--held-out", HELD_OUT)
    held_out = load_split("results/tune/data/tiny/split.json")
    assert [row["image"] for row in probabilities] == open_pack(PACK).ids
    assert all(0 < float(row[name]) < 1 for row in probabilities for name in held_out.classes)
    assert list(thresholds[0]) == ["class", "logit", "probability", "f1_held_out", "positives_held_out"]
    assert [row["class"] for row in thresholds] == held_out.classes
    assert [int(row["positives_held_out"]) for row in thresholds] == held_out.test_class_counts

    pytest.importorskip("safetensors")
    onnx = ["--onnx"] if find_spec("onnxscript") and find_spec("onnxruntime") else []
    assert main(["export-model", RUN, "--held-out", HELD_OUT, *onnx, "--out", "model"]) == 0
    files = {"README.md", "model.json", "model.safetensors", *(["model.onnx"] if onnx else [])}
    assert {path.name for path in Path("model").iterdir()} == files
    assert predicted("model", "again", "--probabilities") == [probabilities, thresholds]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tune", "tony"], ["'tony'", "tiny"]),
        (["tune", "tiny", "--table", "yours"], ["yours", "mine"]),
        (["tune", "tiny", "--factors", "0"], ["tune.factors", "above 0"]),
        (["holdout", "--split", SPLIT, "--share", "1", "--out", "x"], ["share", "0 and 1"]),
        (["holdout", "--split", "nowhere.json", "--out", "x"], ["split file", "not found", "nowhere.json"]),
    ],
)
def test_bad_input_is_one_sentence(arguments, words, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert [word for word in words if word not in error] == []
