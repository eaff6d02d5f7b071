"""The paper's grid, and what collapses in it. The published numbers are checked in test_published.py."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from ltmlc.errors import InputError
from ltmlc.plan.grid import load_grid
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.plan.spec import run_id

ROOT = Path(__file__).parents[2]
PAPER = load_grid(ROOT / "config.yaml", ROOT)
UNIFORM = {"ERM", "RW", "Focal Loss", "ML-GCN", "LDAM", "CB Focal"}
DB_RECIPE = {"RS", "BCE", "DB Focal", "ASL Loss", "BalPoE"}


@pytest.fixture
def project(tmp_path):
    """A copy of config/ with a table ``mine`` that a test may write."""
    shutil.copytree(ROOT / "config", tmp_path / "config")

    def grid_of(*rows, kind="table", datasets=("voc-lt",), **config):
        table = {"title": "Mine", "kind": kind, "caption": "", "rows": list(rows)}
        (tmp_path / "config" / "tables" / "mine.yaml").write_text(yaml.safe_dump(table))
        return load_grid({"datasets": list(datasets), "tables": ["mine"], **config}, tmp_path)

    return grid_of


def row(label, *terms, origin="own", published=None, **run):
    extra = {"published": published} if published else {}
    run = {"loss": [dict(term) for term in terms], "recipe": "dr", **run}
    return {"label": label, "run": run, "origin": origin, **extra}


BCE = {"name": "bce"}


def in_panel(label, panel="gamma"):
    return row(label, BCE) | {"panel": panel}


def test_the_paper_is_65_rows_130_cells_and_46_runs_a_data_set():
    rows = [row for table in PAPER.tables.values() for row in table.rows]
    assert len(rows) == 65
    assert sum(len(row.run) for row in rows) == 130
    assert {name: len(runs) for name, runs in PAPER.runs.items()} == {"voc-lt": 46, "coco-lt": 46}


def test_rows_of_each_table():
    sizes = {name: len(table.rows) for name, table in PAPER.tables.items()}
    assert sizes == {"table1": 15, "table2": 4, "table3": 8, "table4": 4, "table5": 8, "table6": 6, "fig4": 20}


def test_the_demo_asks_for_the_same_rows_on_the_embedded_data():
    demo = load_grid(ROOT / "config" / "demo.yaml", ROOT)
    assert {name: len(runs) for name, runs in demo.runs.items()} == {"digits20-lt": 46, "digits80-lt": 46}
    for name, table in demo.tables.items():
        assert [row.label for row in table.rows] == [row.label for row in PAPER.tables[name].rows]


@pytest.mark.parametrize("dataset", PAPER.runs)
def test_ids_and_specifications_belong_together_one_to_one(dataset):
    runs = PAPER.runs[dataset]
    assert {name: run_id(spec) for name, spec in runs.items()} == {name: name for name in runs}
    distinct = {yaml.safe_dump(spec, sort_keys=True) for spec in runs.values()}
    assert len(distinct) == len(runs)


def test_every_run_belongs_to_a_cell_and_every_cell_to_a_run():
    for dataset, runs in PAPER.runs.items():
        used = {row.run[dataset] for table in PAPER.tables.values() for row in table.rows}
        assert used == set(runs)


def spec_of(row, dataset="voc-lt"):
    return PAPER.runs[dataset][row.run[dataset]]


def test_samplers_and_recipes_are_those_of_the_methods_row_table():
    for table in PAPER.tables.values():
        for row in table.rows:
            spec = spec_of(row)
            uniform = table.name == "table1" and row.label in UNIFORM
            assert spec["sampler"]["name"] == ("uniform" if uniform else "class_aware"), row.label
            recipe = (
                "gcn" if row.label == "ML-GCN" else "uniform" if uniform else "db" if row.label in DB_RECIPE else "dr"
            )
            assert spec["recipe"]["name"] == recipe, row.label


def test_recipes_are_the_released_ones():
    by_name = {spec_of(row)["recipe"]["name"]: spec_of(row)["recipe"] for row in PAPER.tables["table1"].rows}
    short = {name: (r["lr"], r["epochs"], r["steps"], r["backbone_lr_factor"]) for name, r in by_name.items()}
    assert short == {
        "dr": (0.0003, 30, [5], 1),
        "db": (0.02, 8, [5, 7], 1),
        "uniform": (0.02, 80, [55, 75], 1),
        "gcn": (0.02, 80, [55, 75], 0.1),
    }
    coco = next(spec["recipe"] for spec in PAPER.runs["coco-lt"].values() if spec["recipe"]["name"] == "dr")
    assert (coco["lr"], coco["epochs"]) == (0.0001, 35)


def test_heads_are_linear_but_for_the_two_methods_that_bring_their_own():
    heads = {row.label: spec_of(row)["model"]["head"] for table in PAPER.tables.values() for row in table.rows}
    assert {label: head for label, head in heads.items() if head != "linear"} == {
        "ML-GCN": "graph",
        "BalPoE": "experts",
    }


def test_losses_carry_the_constants_of_their_data_set():
    label = "DR (Ours) + DB Focal"
    row = next(row for row in PAPER.tables["table1"].rows if row.label == label)
    values = {
        dataset: {(t["name"], key): t[key] for t in spec_of(row, dataset)["loss"] for key in t if key not in ("name",)}
        for dataset in PAPER.runs
    }
    for dataset, gamma2, mu, neg_scale in (("voc-lt", 7, 0.3, 5), ("coco-lt", 10, 0.2, 2)):
        assert values[dataset]["dr", "gamma1"] == 5
        assert values[dataset]["dr", "gamma2"] == gamma2
        assert values[dataset]["db_focal", "mu"] == mu
        assert values[dataset]["db_focal", "neg_scale"] == neg_scale


def test_the_figure_sweeps_both_gammas_from_1_to_10():
    points = Counter((row.panel, row.x) for row in PAPER.tables["fig4"].rows)
    assert points == Counter((panel, x) for panel in ("gamma1", "gamma2") for x in range(1, 11))
    for row in PAPER.tables["fig4"].rows:
        (term,) = spec_of(row)["loss"]
        if row.panel == "gamma1":
            assert (term["name"], term["gamma"]) == ("c_lsep", row.x)
        else:
            assert (term["name"], term["gamma1"], term["gamma2"]) == ("dr", 5, row.x)


def test_a_point_of_the_figure_takes_the_number_of_the_table_that_shares_its_run():
    points = {(row.panel, row.x): row.published for row in PAPER.tables["fig4"].rows}
    assert points["gamma1", 5]["voc-lt"] == (74.93, 71.00, 81.00, 73.25)
    assert points["gamma2", 7]["voc-lt"] == (78.01, 72.19, 83.83, 77.69)
    assert points["gamma2", 10]["coco-lt"] == (54.10, 50.27, 57.00, 53.76)
    assert "voc-lt" not in points["gamma2", 10]
    assert "coco-lt" not in points["gamma2", 7]


def test_every_choice_that_the_paper_leaves_open_says_where_it_comes_from():
    for table in PAPER.tables.values():
        for row in table.rows:
            assert all(choice["origin"] and choice["value"] for choice in row.choices)
    for recipe in read_yaml(ROOT / "config" / "recipes.yaml").values():
        assert all(choice["origin"] for choice in recipe["choices"])


def test_rows_that_the_paper_leaves_open_say_so():
    """Another loss's rate, mean or sum, a sum's weights, a cited row's schedule: all but what the paper settles."""
    settled = {"DR", "DR Loss (Ours)", "C-LSEP + NGC", "LSEP + CW + NGC"}
    printed = [row for table in PAPER.tables.values() if table.kind == "table" for row in table.rows]
    assert {row.label for row in printed if not row.choices} == settled
    panels = {row.panel: row for row in reversed(PAPER.tables["fig4"].rows)}
    assert all("step is not stated" in row.choices[0]["origin"] for row in panels.values())


def test_the_misprint_of_table_1_is_noted():
    (rw,) = [row for row in PAPER.tables["table1"].rows if row.label == "RW"]
    assert "RM" in rw.note


def test_equal_runs_are_trained_once_whatever_they_are_called(project):
    grid = project(row("ERM", BCE), row("BCE", {"name": "bce", "weight": 1.0}))
    assert list(grid.runs["voc-lt"]) == ["bce"]
    assert [each.label for each in grid.tables["mine"].rows] == ["ERM", "BCE"]


def test_a_row_of_ones_own_adds_one_run(project):
    grid = project(row("BCE", BCE), row("Mine", {"name": "c_lsep", "gamma": 4}), datasets=["voc-lt", "coco-lt"])
    assert {name: sorted(runs) for name, runs in grid.runs.items()} == {
        "voc-lt": ["bce", "c_lsep_gamma-4"],
        "coco-lt": ["bce", "c_lsep_gamma-4"],
    }


def test_two_different_runs_with_one_id_are_an_error(project, monkeypatch):
    monkeypatch.setattr("ltmlc.plan.grid.run_id", lambda spec: spec["loss"][0]["name"])
    with pytest.raises(InputError, match=r"row 2 \(B\).*id 'c_lsep' of another run"):
        project(row("A", {"name": "c_lsep"}), row("B", {"name": "c_lsep", "gamma": 5}))


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([row("A", {"name": "nce"})], {}, ["mine.yaml, row 1 (A)", "unknown loss 'nce'", "bce"]),
        ([row("A", BCE), row("B", BCE, recipe="sgd")], {}, ["mine.yaml, row 2 (B)", "unknown recipe 'sgd'", "db, dr"]),
        ([row("A", BCE, origin="paper")], {}, ["mine.yaml", "rows.0.origin", "'paper'", "own", "cited", "retrained"]),
        ([row("A", BCE, batch=32)], {}, ["mine.yaml", "rows.0.run", "'batch'", "batch_size"]),
        ([row("A", BCE, batch_size="32")], {}, ["mine.yaml", "rows.0.run.batch_size", "'32'", "integer"]),
        ([row("A", BCE, published={"voc-lt": [1, 2, 3]})], {}, ["mine.yaml", "rows.0.published.voc-lt"]),
        (
            [row("A", BCE, published={"voc_lt": [1, 2, 3, 4]})],
            {},
            ["row 1 (A): published", "'voc_lt'", "valid: coco-lt", "voc-lt"],
        ),
        ([row("A", BCE)], {"kind": "figure"}, ["mine.yaml, row 1 (A)", "missing key panel, x"]),
        ([row("A", BCE)], {"kind": "chart"}, ["mine.yaml", "kind", "'chart'", "table", "figure"]),
        ([], {}, ["mine.yaml", "rows"]),
        ([row("A", BCE), row("B", BCE)], {"methods": ["A", "C"]}, ["config: methods", "no row 'C'", "rows are: A, B"]),
        ([row("A", BCE), row("A", BCE, lr=0.1)], {}, ["mine.yaml: 2 rows have the label 'A'", "label of its own"]),
        ([in_panel("A"), in_panel("A")], {}, ["2 rows of panel 'gamma' have the label 'A'"]),
        ([row("A", BCE)], {"datasets": ["voc-tl"]}, ["config: datasets", "'voc-tl'", "coco-lt", "digits20-lt"]),
    ],
)
def test_a_mistake_is_one_sentence_with_file_and_key(project, rows, options, words):
    with pytest.raises(InputError) as error:
        project(*rows, **options)
    assert "\n" not in str(error.value)
    assert [word for word in words if word not in str(error.value)] == []


def test_each_panel_has_labels_of_its_own(project):
    assert len(project(in_panel("A"), in_panel("A", "tau")).tables["mine"].rows) == 2


@pytest.mark.parametrize(("name", "verb"), [("tuned", "tuned"), ("label_metrics", "label-metrics")])
def test_the_name_of_a_table_that_a_verb_makes_is_refused(project, name, verb):
    with pytest.raises(InputError, match=f"{name!r} is the table that `ltmlc {verb}` makes; rename yours"):
        project(row("one", BCE), tables=[name])


def test_an_unknown_table_is_answered_with_the_tables_there_are():
    with pytest.raises(InputError, match=r"config: tables: 'table9' .*valid: .*fig4, .*table1"):
        load_grid({"tables": ["table9"]}, ROOT)


@pytest.mark.parametrize(("terms", "run"), [([{"name": "asl"}], {}), ([BCE], {"sampler": "uniform"})])
def test_a_loss_that_drs_rate_need_not_suit_says_its_own(project, terms, run):
    declared = {"label": "Mine", "run": {"loss": terms, **run}, "origin": "own"}
    with pytest.raises(InputError, match=r"row 1 \(Mine\): .* no recipe and no lr.*`ltmlc tune`"):
        project(declared)
    for said in ({"recipe": "db"}, {"lr": 0.01}):
        project({**declared, "run": {**declared["run"], **said}})
    project({**declared, "run": {"loss": [*terms, {"name": "dr", "gamma2": 7}]}})
