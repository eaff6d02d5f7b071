"""A finished run that was recorded before a key of its specification came is not trained again."""

import json
import os
import time
from pathlib import Path

import pytest

from ltmlc.data.sources.open import open_source
from ltmlc.data.split import load_split, make_split, save_split
from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.disk.files import canonical_json, sha256_file
from ltmlc.plan.config import load_dataset
from ltmlc.plan.fingerprint import run_fingerprint
from ltmlc.plan.grid import load_grid
from ltmlc.plan.lookup import data_folder
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.parts import hash_of
from ltmlc.workflow.record import record_of, write_record
from ltmlc.workflow.stages import Stages

ROOT = Path(__file__).parents[2]
DATASET = "digits20-lt"


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """``recorded(spec)``: why the first run of Table 1 is due if it was made with ``spec(its specification)``."""
    grid = load_grid({"datasets": [DATASET], "tables": ["table1"], "results": "results"})
    monkeypatch.chdir(tmp_path)
    run, wanted = next(iter(grid.runs[DATASET].items()))

    def changes(spec) -> tuple[str, ...]:
        stages = Stages(grid, Contents(tmp_path / "contents.json"))
        stage = stages.run("results", DATASET, run, 0, wanted)
        stage.file.parent.mkdir(parents=True, exist_ok=True)
        made = spec(json.loads(json.dumps(wanted)))
        stage.file.write_text(json.dumps({"spec": made}))
        stage.file.with_name("predictions.npz").touch()
        write_record(stage.file, canonical_json(stage.made_of | {"specification": hash_of(made)}))
        return stages.run("results", DATASET, run, 0, wanted).changed

    return changes


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """``finished(**said)``: its record, and asks why such a run is due; its metrics file says that."""
    grid = load_grid({"datasets": [DATASET], "tables": ["table1"], "results": "results"})
    settings = load_dataset(DATASET)
    monkeypatch.chdir(tmp_path)
    run, wanted = next(iter(grid.runs[DATASET].items()))
    split = data_folder("results", DATASET) / "split.json"
    save_split(make_split(DATASET, open_source(settings, tmp_path), settings), split)

    def make(**said):
        stages = Stages(grid, Contents(tmp_path / "contents.json"))
        stage = stages.run("results", DATASET, run, 0, wanted)
        stage.file.parent.mkdir(parents=True, exist_ok=True)
        content = {"spec": wanted, "code": run_fingerprint(wanted), "split_sha256": load_split(split).sha256}
        stage.file.write_text(json.dumps(content | said))
        stage.file.with_name("predictions.npz").touch()
        write_record(stage.file, canonical_json(stage.made_of))
        files = [stage.file, record_of(stage.file)]
        write_sums(stage.file.with_name(RUN_SUMS), files)
        return record_of(stage.file), lambda: stages.run("results", DATASET, run, 0, wanted).changed

    return make


@pytest.mark.parametrize("part", ["code", "specification", "photographs", "weights", "split"])
def test_a_flipped_digit_in_a_record_trains_nothing(finished, part):
    record, changes = finished()
    content = json.loads(record.read_text())
    content["made_of"][part] = f"x{content['made_of'][part][1:]}"
    record.write_text(json.dumps(content))
    assert changes() == ()


def test_beside_a_damaged_record_what_the_metrics_file_says_is_compared(finished):
    for said, part in (({"code": "older"}, "code"), ({"split_sha256": "0"}, "split"), ({"spec": {}}, "specification")):
        record, changes = finished(**said)
        assert changes() == (), "the record, which is whole, says otherwise"
        record.write_text(record.read_text().replace('"made_of"', '"made_or"'))
        assert changes() == (part,)


@pytest.mark.parametrize("age", [0, 10**9])
def test_pixels_that_do_not_fit_their_index_are_packed_again_whatever_their_date(finished, tmp_path, age):
    folder = data_folder("results", DATASET) / "pack"
    folder.mkdir(parents=True)
    (folder / "images.bin").write_bytes(b"pixels")
    (folder / "index.json").write_text(json.dumps({"images_sha256": sha256_file(folder / "images.bin")}))
    grid = load_grid({"datasets": [DATASET], "tables": ["table1"], "results": "results"}, ROOT)
    finished()

    def pack():
        return Stages(grid, Contents(tmp_path / "contents.json")).pack("results", DATASET)

    write_record(folder / "index.json", canonical_json(pack().made_of))
    whole = pack()
    assert whole.changed == ()
    (folder / "images.bin").write_bytes(b"pixelz")
    os.utime(folder / "images.bin", (time.time() - age,) * 2)
    assert pack().changed == ("damaged pixels",)
    assert pack().sha256 == whole.sha256, "nothing behind it is due: it comes out as before"
    (folder / "images.bin").unlink()
    assert pack().changed == ()


def without(part: str, key: str):
    return lambda spec: {**spec, part: {name: value for name, value in spec[part].items() if name != key}}


@pytest.mark.parametrize(("part", "key"), [("recipe", "momentum"), ("recipe", "clip_norm"), ("recipe", "step_factor")])
def test_a_key_that_came_later_with_its_default_makes_nothing_due(recorded, part, key):
    assert recorded(without(part, key)) == ()


def test_another_value_does(recorded):
    assert recorded(lambda spec: {**spec, "recipe": spec["recipe"] | {"momentum": 0.8}}) == ("specification",)


def test_a_metrics_file_that_says_nothing_is_not_believed(recorded):
    assert recorded(lambda spec: None) == ("specification",)
