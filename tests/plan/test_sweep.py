"""What a sweep tries: rates around each row's own, and the rows of a panel as they stand."""

import shutil
from pathlib import Path

import pytest
import yaml

from ltmlc.errors import InputError
from ltmlc.plan.config import load_config
from ltmlc.plan.grid import load_grid
from ltmlc.plan.sweep import load_sweep, planned_spec

ROOT = Path(__file__).parents[2]
DIGITS = {"datasets": ["digits20-lt"], "tables": ["table2"], "tune": {"tables": ["table2"]}}


def sweep(root=ROOT, **options):
    return load_sweep(DIGITS, root, **options)


@pytest.fixture
def project(tmp_path):
    """A copy of the configuration with a table of the test's own."""
    shutil.copytree(ROOT / "config", tmp_path / "config")

    def write(*rows, kind="table"):
        table = {"title": "Mine", "kind": kind, "caption": "Mine.", "rows": list(rows)}
        (tmp_path / "config" / "tables" / "mine.yaml").write_text(yaml.safe_dump(table))
        return load_sweep(DIGITS, tmp_path, tables=["mine"])

    return write


def row(label="A", **run):
    extra = {key: run.pop(key) for key in ("panel", "x") if key in run}
    return {"label": label, "origin": "own", "run": {"loss": [{"name": "bce"}], "recipe": "dr", **run}, **extra}


def test_each_row_is_tried_at_the_recipes_rate_and_at_its_multiples():
    (choice, *_), runs = sweep().choices["digits20-lt"], sweep().grid.runs["digits20-lt"]
    assert choice.label == "LSEP"
    assert [candidate.lr for candidate in choice.candidates] == [0.0001, 0.0003, 0.001, 0.003, 0.01]
    assert [runs[candidate.run]["recipe"]["lr"] for candidate in choice.candidates] == [1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
    assert choice.present.run == "lsep"
    assert choice.candidates[-1].run == "lsep_recipe-dr_lr-0.01"
    assert len(runs) == 4 * 5


def test_only_the_rate_differs_from_the_row():
    plain = load_grid(DIGITS, ROOT).runs["digits20-lt"]["lsep"]
    tried = sweep().grid.runs["digits20-lt"]["lsep_recipe-dr_lr-0.01"]
    recipe = {**tried["recipe"], "lr": plain["recipe"]["lr"], "name": plain["recipe"]["name"]}
    assert {**tried, "recipe": recipe} == plain
    assert sweep().grid.runs["digits20-lt"]["lsep"] == plain


def test_a_run_is_looked_up_among_rows_then_among_candidates():
    grid = load_grid({**DIGITS, "tables": ["table1"]}, ROOT)
    assert planned_spec(grid, "digits20-lt", "lsep", sweep) == grid.runs["digits20-lt"]["lsep"]
    assert planned_spec(grid, "digits20-lt", "lsep_recipe-dr_lr-0.01", sweep)["recipe"]["lr"] == 0.01
    with pytest.raises(InputError, match=r"no run 'lsap' on digits20-lt; it has: .*lsep"):
        planned_spec(grid, "digits20-lt", "lsap", sweep)


def test_what_a_sweep_trains_lies_in_its_own_folder_and_beside_the_runs_of_the_tables():
    grid = load_grid({**DIGITS, "tables": ["table1"], "seeds": [0, 1]}, ROOT)
    beside, held_out = sweep().grids(grid)
    chosen, tried = ("digits20-lt/lsep_recipe-dr_lr-0.01/seed" + seed for seed in "10")
    assert Path("results/runs", chosen) in {*beside.run_folders()} > {*grid.run_folders()}
    assert beside.seeds == (0, 1) and beside.runs["digits20-lt"].keys() > grid.runs["digits20-lt"].keys()
    assert {*held_out.run_folders()} == {
        Path("results/tune/runs/digits20-lt", run, f"seed{seed}")
        for run in sweep().grid.runs["digits20-lt"]
        for seed in sweep().grid.seeds
    }
    assert Path("results/tune/runs", tried) in held_out.run_folders()


def test_the_rows_runs_are_known_where_the_sweep_fits_no_data_set():
    def unfit():
        raise InputError("tune.tables: no such table")

    with pytest.raises(InputError, match="no run 'lsap'"):
        planned_spec(load_grid(DIGITS, ROOT), "digits20-lt", "lsap", unfit)


def test_the_recipes_own_rate_is_always_among_the_candidates():
    choice = sweep(factors=[3]).choices["digits20-lt"][0]
    assert [candidate.factor for candidate in choice.candidates] == [1, 3]


def test_rows_that_are_the_same_run_are_one_choice():
    once = len(sweep(tables=["table2"]).choices["digits20-lt"])
    assert len(sweep(tables=["table2", "photographs"]).choices["digits20-lt"]) == once + 2  # RS and DB Focal are new


def test_rows_of_a_panel_are_one_choice_as_they_stand(project):
    made = project(row("one", panel="p"), row("two", recipe="db", panel="p"), row("other"))
    rates, panel = made.choices["digits20-lt"]
    assert rates.rate and not panel.rate
    assert panel.label == "p"
    assert [candidate.run for candidate in panel.candidates] == ["bce", "bce_recipe-db"]
    assert panel.present.run == "bce"


def test_the_repositorys_open_choices_can_be_planned_on_every_data_set():
    names = sorted(path.stem for path in (ROOT / "config" / "datasets").glob("*-lt.yaml"))
    made = load_sweep({**DIGITS, "datasets": names}, ROOT, tables=["open-choices"])
    for choices in made.choices.values():
        assert {choice.label.split(":")[0] for choice in choices} >= {"Circle", "ASL", "BalPoE", "PGC", "DR"}
        assert all(len(choice.candidates) > 1 and not choice.rate for choice in choices)


def test_methods_may_name_rows_of_the_tables_that_are_not_tried():
    assert load_sweep({**DIGITS, "tables": ["table4"], "methods": ["C-LSEP", "C-LSEP + NGC"]}, ROOT).choices


def test_results_lie_apart_from_those_of_the_tables():
    assert sweep().results == Path("results/tune")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tables": ["table9"]}, ["table9", "table2"]),
        ({"tables": ["fig4"]}, ["tune.tables", "fig4 is a figure"]),
        ({"factors": [1, 0]}, ["tune.factors", "0", "above 0"]),
        ({"factors": [-3]}, ["tune.factors", "-3"]),
        ({"factors": [float("nan")]}, ["tune.factors", "nan"]),
    ],
)
def test_a_mistake_is_one_sentence_with_the_key(options, words):
    with pytest.raises(InputError) as error:
        sweep(**options)
    assert "\n" not in str(error.value)
    assert [word for word in words if word not in str(error.value)] == []


def test_a_row_with_a_rate_of_its_own_has_none_to_choose(project):
    with pytest.raises(InputError, match=r"mine, row A: it sets run\.lr"):
        project(row(lr=0.3))


def test_a_panel_with_one_row_is_no_choice(project):
    with pytest.raises(InputError, match="panel 'p' has a single row"):
        project(row(panel="p"))


@pytest.mark.parametrize(
    ("tune", "words"),
    [
        ({"factors": [0]}, ["tune.factors"]),
        ({"share": 1}, ["tune.share"]),
        ({"tabels": ["table1"]}, ["tabels", "tables"]),
    ],
)
def test_the_schema_refuses_values_that_mean_nothing(tune, words):
    with pytest.raises(InputError) as error:
        load_config({"tune": tune})
    assert [word for word in words if word not in str(error.value)] == []


def test_a_recipe_may_be_called_as_it_likes(project, tmp_path):
    """A rate of a row's own is known by the row, not by a part of a name."""
    recipes = tmp_path / "config" / "recipes.yaml"
    content = yaml.safe_load(recipes.read_text())
    recipes.write_text(yaml.safe_dump(content | {"my_lr-plan": content["dr"]}))
    (choice,) = project(row(recipe="my_lr-plan")).choices["digits20-lt"]
    assert len(choice.candidates) == 5
