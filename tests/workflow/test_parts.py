import json

import pytest

from ltmlc.cli import main
from ltmlc.disk.files import canonical_json, sha256_file
from ltmlc.errors import InputError
from ltmlc.plan.config import load_dataset
from ltmlc.workflow import parts
from ltmlc.workflow.attempt import attempt_training
from ltmlc.workflow.record import NOT_MADE_YET

DIGITS = load_dataset("digits20-lt")


def test_what_was_planned_passes():
    unknown = {"settings": None, "code": "not made yet"}
    parts.refuse_edited(canonical_json(unknown), parts.split_parts(DIGITS))
    parts.refuse_edited(canonical_json(parts.split_parts(DIGITS)), parts.split_parts(DIGITS))
    parts.refuse_edited(None, {"code": "a job that nobody planned"})
    parts.refuse_edited('{"labels": "of which this job says nothing"}', {"code": "x"})


@pytest.mark.parametrize("part", ["settings", "code"])
def test_a_part_that_was_edited_is_named(part):
    planned = parts.split_parts(DIGITS) | {part: "another"}
    with pytest.raises(InputError, match=f"edited after this job was planned: its {part}; run the same command again"):
        parts.refuse_edited(canonical_json(planned), parts.split_parts(DIGITS))


def test_each_key_that_selects_images_is_part_of_a_split():
    for key, value in (("source", {"kind": "digits"}), ("subset", {"maximum": 9}), ("thresholds", {"head": 1})):
        assert parts.split_parts(DIGITS | {key: value})["settings"] != parts.split_parts(DIGITS)["settings"]
    assert parts.split_parts(DIGITS | {"title": "another"}) == parts.split_parts(DIGITS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["subset", "digits20-lt", "--out", "split.json"],
        ["pretrain", "digits20-lt", "--out", "backbone.pt"],
        ["features", "digits20-lt", "--config", "{}"],
    ],
)
def test_a_job_whose_code_was_edited_after_planning_makes_nothing(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "--made-of", json.dumps({"code": "the one that was planned"})]) == 2
    assert "edited after this job was planned: its code" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    path = tmp_path_factory.mktemp("split") / "split.json"
    assert main(["subset", "digits20-lt", "--out", str(path)]) == 0
    return path


@pytest.mark.parametrize("verb", [["pack", "digits20-lt"], ["holdout"]])
@pytest.mark.parametrize("part", ["split", "code"])
def test_a_job_on_an_edited_split_makes_nothing(verb, part, split, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    planned = json.dumps({part: "the one that was planned"})
    assert main([*verb, "--split", str(split), "--out", str(tmp_path / "out"), "--made-of", planned]) == 2
    assert f"edited after this job was planned: its {part}; run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def hashes_of(folder, **files):
    return {part: sha256_file(folder / name) for part, name in files.items()}


@pytest.mark.parametrize("part", ["weights", "photographs", "features"])
def test_a_training_on_another_file_than_it_was_planned_with_makes_nothing(part, split, tmp_path):
    spec = {"loss": [{"name": "dr"}], "model": {"weights": "pretrained", "cached_views": 1}}
    data, out = tmp_path / "data", tmp_path / "out"
    files = {"weights": "backbone-seed0.pt", "photographs": "pack/index.json", "features": "features.npz"}
    (data / "pack").mkdir(parents=True)
    (data / "split.json").write_bytes(split.read_bytes())
    for name in files.values():
        (data / name).write_text("as planned")
    planned = {**parts.run_parts(spec), "split": sha256_file(split), **hashes_of(data, **files)}
    (data / files[part]).write_text("edited")
    job = {"spec": spec, "dataset": "digits20-lt", "run": "dr", "seed": 0, "code": "c0de", "settings": {}}
    with pytest.raises(InputError, match=f"{files[part]}: changed after this job was planned with it; run") as told:
        attempt_training(out, data=data, started=0, made_of=canonical_json(planned), **job)
    assert "\n" not in str(told.value)
    parts.refuse_other_files(canonical_json(planned | {part: NOT_MADE_YET}), {part: data / files[part]})
    parts.refuse_other_files(canonical_json(planned), {part: data / "not there"})
