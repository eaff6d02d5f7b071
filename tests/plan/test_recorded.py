"""A specification that lacks a key added later counts as having that key's default."""

import copy
from pathlib import Path

import pytest

from ltmlc.plan.grid import load_grid
from ltmlc.plan.methods import method_runs
from ltmlc.plan.recorded import complete

ROOT = Path(__file__).parents[2]
DIGITS = {"datasets": ["digits20-lt"], "tables": ["table1", "table2"]}
RUNS = load_grid(DIGITS, ROOT).runs["digits20-lt"]
DR = "dr_gamma1-5_gamma2-7"


@pytest.mark.parametrize(
    ("part", "key", "default"),
    [
        ("recipe", "warmup_iterations", 500),
        ("recipe", "backbone_lr_factor", 1),
        ("recipe", "clip_norm", 35),
        ("sampler", "reduce", 4),
        ("model", "cached_views", None),
        ("model", "neck_features", 256),
    ],
)
def test_each_key_that_has_a_default_may_lack(part, key, default):
    older = {**RUNS[DR], part: {name: value for name, value in RUNS[DR][part].items() if name != key}}
    for value, same in ((default, True), (3, False)):
        assert (complete(older) == complete({**older, part: older[part] | {key: value}})) is same


def test_a_parameter_of_a_loss_and_a_weight_may_lack():
    spec = next(spec for spec in RUNS.values() if spec["loss"][0]["name"] == "asl")
    (term,) = spec["loss"]
    older = {**spec, "loss": [{key: value for key, value in term.items() if key not in ("clip", "weight")}]}
    assert complete(older) == complete(spec)


def test_a_part_of_the_augmentation_that_is_off_may_lack_or_be_null():
    spec = RUNS[DR]
    assert complete({**spec, "augmentation": spec["augmentation"] | {"sharpness": None}}) == complete(spec)


def test_what_a_timm_model_said_itself_counts_as_not_stated():
    """A run records the size, mean and std that it took from the model; the plan of the same run has none."""
    planned = copy.deepcopy(RUNS[DR])
    planned["model"] |= {"backbone": "timm:test_resnet", "image_size": None, "frozen_stages": []}
    planned["augmentation"] = {"flip": 0.5, "std": [1, 1, 1]}
    recorded = {
        **planned,
        "model": planned["model"] | {"image_size": 160},
        "augmentation": planned["augmentation"] | {"mean": [127.5] * 3},
        "from_backbone": ["image_size", "mean"],
    }
    assert complete(recorded) == complete(planned)
    assert complete({**planned, "model": planned["model"] | {"image_size": 160}}) != complete(recorded)
    assert complete({**planned, "augmentation": {"flip": 0.5, "std": [2, 2, 2]}}) != complete(recorded)


def test_another_value_than_the_default_is_another_specification():
    older = copy.deepcopy(RUNS[DR])
    del older["recipe"]["momentum"]
    assert complete(older) == complete(RUNS[DR])
    other = copy.deepcopy(RUNS[DR])
    other["recipe"]["momentum"] = 0.8
    assert complete(older) != complete(other)
    assert complete(other) != complete(RUNS[DR])


@pytest.mark.parametrize("none", [{}, {"loss": None}, {"loss": [{"name": ["x"]}]}, {**RUNS[DR], "sampler": []}])
def test_what_is_no_specification_is_left_as_it_is(none):
    assert complete(none) == none


def test_a_neutral_new_parameter_of_a_loss_leaves_the_three_methods_found(monkeypatch):
    from ltmlc.plan import catalogue, terms

    known = catalogue.loss_parameters

    def with_new_parameter(name):
        return known(name) | ({"epsilon": 0.0} if name in ("dr", "lsep", "c_lsep") else {})

    monkeypatch.setattr(terms, "loss_parameters", with_new_parameter)
    grid = load_grid(DIGITS, ROOT)
    found = method_runs(grid, "digits20-lt")
    assert list(found) == ["LSEP", "C-LSEP", "DR"]
    assert grid.runs["digits20-lt"][found["DR"]]["loss"][0]["epsilon"] == 0
