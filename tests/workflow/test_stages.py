"""A finished run that was recorded before a key of its specification came is not trained again."""

import json

import pytest

from ltmlc.disk.files import canonical_json
from ltmlc.plan.grid import load_grid
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.parts import hash_of
from ltmlc.workflow.record import write_record
from ltmlc.workflow.stages import Stages

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


def without(part: str, key: str):
    return lambda spec: {**spec, part: {name: value for name, value in spec[part].items() if name != key}}


@pytest.mark.parametrize(("part", "key"), [("recipe", "momentum"), ("recipe", "clip_norm"), ("recipe", "step_factor")])
def test_a_key_that_came_later_with_its_default_makes_nothing_due(recorded, part, key):
    assert recorded(without(part, key)) == ()


def test_another_value_does(recorded):
    assert recorded(lambda spec: {**spec, "recipe": spec["recipe"] | {"momentum": 0.8}}) == ("specification",)


def test_a_metrics_file_that_says_nothing_is_not_believed(recorded):
    assert recorded(lambda spec: None) == ("specification",)
