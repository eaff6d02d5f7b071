import json
from pathlib import Path

import pytest

from ltmlc.disk.files import canonical_json
from ltmlc.errors import InputError
from ltmlc.plan.config import load_config, load_dataset
from ltmlc.plan.grid import load_grid
from ltmlc.plan.network import complete_model
from ltmlc.plan.reading.schema import read_schema
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.plan.spec import build_spec, checked_spec, run_id
from ltmlc.plan.sweep import load_sweep

ROOT = Path(__file__).parents[2]
VOC = load_dataset("voc-lt", ROOT)
COCO = load_dataset("coco-lt", ROOT)
DIGITS = load_dataset("digits20-lt", ROOT)
RECIPES = read_yaml(ROOT / "config" / "recipes.yaml")


def spec(run, *, dataset=VOC, recipes=RECIPES, config=None):
    return build_spec(
        run, dataset=dataset, recipes=recipes, config=load_config(config or {}), where="t.yaml, row 1 (X)"
    )


def loss(name, **parameters):
    return {"loss": [{"name": name, **parameters}]}


def message(run, **options) -> str:
    with pytest.raises(InputError) as error:
        spec(run, **options)
    assert str(error.value).startswith("t.yaml, row 1 (X): ")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_a_specification_says_is_all_that_is_asked_of_one_by_hand():
    assert list(spec(loss("bce"))) == read_schema("spec")["required"]


def test_every_planned_specification_passes_unchanged_where_one_is_given_by_hand():
    """The rules pass it on, as JSON; a changed one would be another run."""
    paper, others = ({"datasets": names} for names in (["voc-lt", "coco-lt"], ["voc07-lt-pooled", "digits20-lt"]))
    tables = {"tables": ["table1", "table5", "fig4"]}
    sweep = load_sweep({**others, "tune": {"factors": [0.1, 50, 100]}}, ROOT).grid
    for grid in (load_grid(paper | tables, ROOT), load_grid(others | tables, ROOT), sweep):
        for planned in (spec for runs in grid.runs.values() for spec in runs.values()):
            assert canonical_json(checked_spec(json.loads(canonical_json(planned)), "--spec")) == canonical_json(
                planned
            )


def test_a_specification_by_hand_is_completed_as_planning_does():
    whole = spec(loss("asl"))
    short = {**whole, "loss": [{"name": "asl"}], "model": {"image_size": 448, "weights": "imagenet"}}
    short |= {"sampler": {"name": "uniform"}, "recipe": {key: whole["recipe"][key] for key in ("name", "lr", "epochs")}}
    short["recipe"]["steps"] = [5]
    made = checked_spec(short, "--spec")
    assert made["loss"] == whole["loss"] and made["recipe"] == {**whole["recipe"], "steps": [5]}
    assert made["model"] == complete_model({"image_size": 448, "weights": "imagenet"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recipe": {"lr": 0}}, "--spec: recipe.lr: 0 is less than or equal to the minimum of 0"),
        ({"recipe": {"momentun": 0.9}}, "--spec: recipe: unknown key 'momentun'; valid keys: backbone_lr_factor"),
        ({"recipe": {"steps": [99]}}, "--spec: recipe: steps has 99, but the run has only"),
        ({"model": {"backbone": "resnet5"}}, "--spec: model.backbone: 'resnet5' is not valid; write resnet50"),
        ({"model": {"cached_views": 8}}, "--spec: model.cached_views needs a backbone that does not change"),
        ({"sampler": {"per_class": 0}}, "--spec: sampler.per_class: 0 is less than the minimum of 1"),
        ({"sampler": {"name": "random"}}, "--spec: unknown sampler 'random'; valid: class_aware, uniform"),
        ({"sampler": {"name": "uniform"}}, "--spec: sampler uniform has no per_class and no reduce; remove it"),
        ({"augmentation": {"contrast": [2, 1]}}, "--spec: augmentation.contrast is [2, 1]; write [low, high]"),
        ({"augmentation": {"mean": None}}, "--spec: augmentation.mean is missing; write three numbers"),
        ({"batch_size": 1}, "--spec: batch_size: 1 is less than the minimum of 2"),
        ({"precision": "half"}, "--spec: precision: 'half' is not valid; choose one of tf32"),
        ({"loss": []}, "--spec: loss: [] should be non-empty"),
        ({"loss": [{"name": "dr"}]}, "--spec: loss dr needs a value for 'gamma2'"),
        (
            {"loss": [{"name": "bce", "weight": {"dataset": "w"}}]},
            "--spec: loss.0.weight: {'dataset': 'w'} has the wrong",
        ),
        ({"seed": 3}, "--spec: the specification: unknown key 'seed'; valid keys: augmentation, batch_size"),
    ],
)
def test_a_specification_by_hand_is_refused_as_a_configuration_is(change, words):
    whole = spec(loss("bce"))
    given = whole | {key: whole[key] | part if isinstance(part, dict) else part for key, part in change.items()}
    with pytest.raises(InputError) as told:
        checked_spec(given, "--spec")
    assert str(told.value).startswith(words)


def test_a_row_that_names_only_its_loss_gets_the_papers_protocol():
    assert spec(loss("bce")) == {
        "loss": [{"name": "bce", "weight": 1}],
        "sampler": {"name": "class_aware", "per_class": 3, "reduce": 4},
        "batch_size": 32,
        "recipe": {
            "name": "dr",
            "lr": 0.0003,
            "epochs": 30,
            "steps": [5],
            "warmup_iterations": 500,
            "warmup_ratio": 1 / 3,
            "step_factor": 0.1,
            "momentum": 0.9,
            "weight_decay": 0.0001,
            "clip_norm": 35,
            "backbone_lr_factor": 1,
        },
        # Word vectors are the graph head's alone.
        "model": {
            **{
                "head": "linear",
                "cached_views": None,
                "stem": None,
                "width": None,
                "neck_features": 256,
                "dropout": 0.5,
            },
            **{key: value for key, value in VOC["model"].items() if key != "word_vectors"},
        },
        "augmentation": VOC["augmentation"],
        "precision": "tf32",
    }


def test_constants_are_those_of_the_data_set():
    run = loss("dr", gamma1=5, gamma2={"dataset": "gamma2"})
    assert spec(run)["loss"] == [{"name": "dr", "gamma1": 5, "gamma2": 7, "weight": 1}]
    assert spec(run, dataset=COCO)["loss"] == [{"name": "dr", "gamma1": 5, "gamma2": 10, "weight": 1}]
    assert [spec(run, dataset=data)["recipe"]["lr"] for data in (VOC, COCO)] == [0.0003, 0.0001]
    assert [spec(run, dataset=data)["recipe"]["epochs"] for data in (VOC, COCO)] == [30, 35]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (loss("c_lsep"), loss("c_lsep", gamma=1)),
        (loss("c_lsep", gamma=5), loss("c_lsep", gamma=5.0)),
        (loss("bce"), loss("bce", weight=1.0)),
        (loss("balpoe"), loss("balpoe", tau=[0, 1.0, 2])),
        (loss("bce"), {**loss("bce"), "batch_size": 32.0, "sampler": "class_aware", "recipe": "dr"}),
        (loss("bce"), {**loss("bce"), "model": {"head": "linear"}}),
    ],
)
def test_equal_runs_have_equal_specifications_and_ids_however_they_are_written(one, other):
    assert spec(one) == spec(other)
    assert run_id(spec(one)) == run_id(spec(other))
    assert isinstance(spec(other)["batch_size"], int)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (loss("bce"), "bce"),
        (loss("c_lsep"), "c_lsep"),
        (loss("c_lsep", gamma=5), "c_lsep_gamma-5"),
        (loss("dr", gamma2=7), "dr_gamma1-5_gamma2-7"),
        ({**loss("bce"), "sampler": "uniform", "recipe": "uniform"}, "bce_sampler-uniform_recipe-uniform"),
        ({**loss("lsep"), "batch_size": 16}, "lsep_bs-16"),
        ({"loss": [{"name": "bce"}, {"name": "c_lsep", "weight": 0.5}]}, "bce+0.5xc_lsep"),
        ({**loss("balpoe", tau=[0, 2]), "model": {"head": "experts", "num_experts": 2}}, None),
        ({**loss("bce"), "model": {"head": "graph"}}, "bce_head-graph"),
        ({**loss("lsep"), "lr": 0.003}, "lsep_recipe-dr_lr-0.003"),
        ({**loss("bce"), "recipe": "db", "lr": 0.1, "epochs": 6}, "bce_recipe-db_lr-0.1_epochs-6"),
    ],
)
def test_the_id_shows_what_differs_from_the_defaults(run, expected):
    assert run_id(spec(run)) == (expected or "balpoe_tau-0-2_head-experts_num_experts-2")


def test_a_row_can_have_a_rate_and_a_length_of_its_own():
    changed = spec({**loss("bce"), "recipe": "db", "lr": 0.1, "epochs": 6})["recipe"]
    shared = spec({**loss("bce"), "recipe": "db"})["recipe"]
    # The step at epoch 7 lies behind a run of 6 epochs: it is the beginning of the one of 8.
    assert changed == {**shared, "name": "db_lr-0.1_epochs-6", "lr": 0.1, "epochs": 6, "steps": [5]}


def test_a_rate_that_is_the_recipes_own_changes_nothing():
    assert spec({**loss("bce"), "lr": 3e-4, "epochs": 30}) == spec(loss("bce"))
    assert spec({**loss("bce"), "lr": {"dataset": "dr_lr"}}) == spec(loss("bce"))


def test_ids_can_be_file_names():
    names = [run_id(spec(loss("cb_focal", mode="by_class", beta=0.999))), run_id(spec(loss("asl", eps=1e-9)))]
    assert all(name and "/" not in name and " " not in name for name in names)


def test_a_data_sets_own_recipe_and_sampler_come_before_the_shared_ones():
    digits = spec(loss("bce"), dataset=DIGITS)
    assert digits["sampler"] == {"name": "class_aware", **DIGITS["samplers"]["class_aware"]}
    assert digits["recipe"]["warmup_iterations"] == DIGITS["recipes"]["dr"]["warmup_iterations"]
    assert digits["recipe"]["momentum"] == 0.9


def test_choices_of_a_recipe_are_remarks_and_no_part_of_a_run():
    assert "choices" in RECIPES["dr"]
    assert "choices" not in spec(loss("bce"))["recipe"]


def test_the_configurations_model_and_precision_apply_to_every_run():
    made = spec(loss("bce"), config={"model": {"weights": "w.pth"}, "training": {"precision": "bf16"}})
    assert (made["model"]["weights"], made["precision"]) == ("w.pth", "bf16")
    assert run_id(made) == "bce"


def test_how_a_run_is_trained_is_no_part_of_what_it_is():
    how = {"training": {"threads": 1, "device": "cpu", "gpu_share": 3, "checkpoint_minutes": 1, "deterministic": True}}
    assert spec(loss("bce"), config=how) == spec(loss("bce"))


def test_a_data_set_need_not_say_what_has_a_default():
    model = spec(loss("bce"), dataset={**VOC, "model": {"backbone": "resnet18"}})["model"]
    assert model == complete_model({"backbone": "resnet18"})
    assert {"head": "linear", "image_size": 224, "weights": None, "frozen_stages": 1}.items() <= model.items()


def test_a_head_carries_only_its_own_keys():
    config = {"model": {"word_vectors": "glove.txt"}}
    assert "word_vectors" not in spec(loss("bce"), config=config)["model"]
    graph = spec({**loss("bce"), "model": {"head": "graph"}}, config=config)["model"]
    assert (graph["word_vectors"], graph["adjacency_threshold"]) == ("glove.txt", 0.4)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (loss("drloss"), ["unknown loss 'drloss'", "asl, balpoe, bce"]),
        (loss("dr", gamma2=7, gamma=5), ["loss dr", "'gamma'", "gamma1, gamma2, weight"]),
        (loss("bce", gamma=5), ["loss bce", "'gamma'", "valid: none, weight"]),
        (loss("dr"), ["loss dr", "'gamma2'", "needs a value"]),
        (loss("dr", gamma2="7"), ["gamma2", "'7'", "like 5"]),
        (loss("dr", gamma2=True), ["gamma2", "True"]),
        (loss("c_lsep", gamma=float("nan")), ["gamma", "nan", "like 1"]),
        (loss("c_lsep", gamma=None), ["gamma", "None"]),
        (loss("asl", detach_focus=1), ["detach_focus", "1", "like True"]),
        (loss("balpoe", tau=["a"]), ["tau", "'a'"]),
        (loss("balpoe", tau=1), ["tau", "1"]),
        (loss("cb_focal", mode=1), ["mode", "1", "average_w"]),
        (loss("dr", gamma2={"dataset": ["gamma2"]}), ["{dataset: ['gamma2']}", "not among", "gamma2"]),
        (loss("dr", gamma2={"dataset": "gama2"}), ["{dataset: gama2}", "gamma2", "config/datasets"]),
        (loss("bce", weight=float("nan")), ["loss bce", "weight is nan", "finite"]),
        ({**loss("bce"), "sampler": "random"}, ["unknown sampler 'random'", "class_aware, uniform"]),
        ({**loss("bce"), "recipe": "adam"}, ["unknown recipe 'adam'", "db, dr, gcn, uniform"]),
        ({**loss("bce"), "epochs": 2.5}, ["epochs is 2.5", "whole number"]),
        ({**loss("bce"), "lr": -0.1}, ["lr is -0.1", "above 0"]),
        ({**loss("bce"), "lr": {"dataset": "my_lr"}}, ["{dataset: my_lr}", "dr_lr"]),
    ],
)
def test_a_mistake_in_a_row_is_one_sentence_that_says_what_is_valid(run, words):
    text = message(run)
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"lr": 0.1, "epochs": 2.5, "steps": []}, ["recipe mine", "epochs is 2.5", "whole number"]),
        ({"lr": 0.1, "epochs": 5, "steps": [5]}, ["recipe mine", "steps has 5", "only 5 epochs"]),
        ({"lr": 0.1, "epochs": 5}, ["recipe mine", "no steps"]),
        ({"lr": 0.1, "epochs": 0, "steps": []}, ["recipe mine", "epochs is 0", "above 0"]),
        ({"lr": -0.1, "epochs": 5, "steps": []}, ["recipe mine", "lr is -0.1", "above 0"]),
    ],
)
def test_a_recipe_that_no_training_could_follow_is_refused_while_planning(recipe, words):
    text = message({**loss("bce"), "recipe": "mine"}, recipes={"mine": recipe})
    assert [word for word in words if word not in text] == []
