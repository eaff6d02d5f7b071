"""config/README.md against the code: every key, every default, and examples that are valid."""

import inspect
import re
from pathlib import Path

import pytest
import yaml

from ltmlc.data.longtail import longtail_subset
from ltmlc.data.sampler import ClassAwareSampler
from ltmlc.metrics import groups_of
from ltmlc.models import label_graph
from ltmlc.models.backbone import BACKBONES, STEMS
from ltmlc.plan.config import load_config, merge
from ltmlc.plan.grid import load_grid
from ltmlc.plan.network import HEADS
from ltmlc.plan.reading.schema import SCHEMAS, check, defaults, read_schema
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.plan.spec import build_spec, recipe_defaults, run_defaults, sampler_defaults
from ltmlc.training.recipe import build_optimizer_and_schedule

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))
SECTION_OF = {
    "config": "config.yaml",
    "dataset": "datasets/*.yaml",
    "table": "tables/*.yaml",
    "recipes": "recipes.yaml",
}
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.M | re.S)]


def keys_of(schema) -> set[str]:
    """Every property that a schema names, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties", {})
    named = set(own) if isinstance(own, dict) else set()
    return named.union(*(keys_of(value) for value in schema.values()))


def defaults_in(section: str) -> dict[str, object]:
    """Key -> default of the tables of a section, where the default is written as a value."""
    rows = re.findall(r"^\| `([\w.]+)` \| .+? \| `?([^|`]+)`? \| .+ \|$", SECTIONS[section], flags=re.M)
    return {key: yaml.safe_load(default) for key, default in rows}


@pytest.mark.parametrize("schema", SECTION_OF)
def test_every_key_of_the_schema_is_explained(schema):
    text = SECTIONS[SECTION_OF[schema]]
    keys = keys_of(read_yaml(SCHEMAS / f"{schema}.schema.yaml"))
    assert keys, "no key was found in the schema"
    missing = {key for key in keys if not re.search(rf"[`.{{ ]{key}[`:,.}}]", text)}
    assert missing == set()


def test_the_defaults_of_the_configuration_are_the_codes():
    flat = {}
    for key, value in defaults("config").items():
        flat |= {f"{key}.{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {key: value}
    written = defaults_in("config.yaml")
    assert {key: written[key] for key in flat} == flat
    assert {key for key in written if key not in flat} == {
        "model.weights",
        "model.stride_in_1x1",
        "model.word_vectors",
        "model.word_vector_order",
    }


def test_the_defaults_of_a_data_set_are_the_codes():
    written = defaults_in("datasets/*.yaml")
    model = {key: defaults("model")[key] for key in read_schema("dataset")["properties"]["model"]["properties"]}
    own = {key for key, value in model.items() if key in ("stem", "width")}
    assert {key: written[key] for key in model if key not in own} == {k: v for k, v in model.items() if k not in own}
    thresholds = defaults("dataset", "properties", "thresholds")
    assert {key: written[f"thresholds.{key}"] for key in thresholds} == thresholds
    sampler = sampler_defaults()["class_aware"]
    assert {key: written[f"samplers.class_aware.{key}"] for key in sampler} == sampler


def test_the_defaults_of_a_row_are_the_codes():
    written = defaults_in("tables/*.yaml")
    runs = {f"run.{key}": value for key, value in run_defaults().items() if key != "model"}
    assert {key: written[key] for key in runs} == runs
    heads = ("num_experts", "adjacency_threshold", "adjacency_weight")
    assert {key: written[f"run.model.{key}"] for key in heads} == {key: defaults("model")[key] for key in heads}
    assert set(HEADS) == set(re.findall(r"`(\w+)`", row_of("run.model.head", "tables/*.yaml").split("|")[2]))
    assert set(sampler_defaults()) == set(re.findall(r"`(\w+)`", row_of("run.sampler", "tables/*.yaml").split("|")[2]))


def test_the_defaults_of_a_recipe_are_the_codes():
    written = defaults_in("recipes.yaml")
    assert written.pop("warmup_ratio") == "1/3"
    expected = {key: value for key, value in recipe_defaults().items() if key != "warmup_ratio"}
    assert {key: written[key] for key in expected} == expected
    assert recipe_defaults()["warmup_ratio"] == 1 / 3


def test_the_defaults_of_public_functions_are_those_of_the_keys():
    def of(function, *names):
        return {name: inspect.signature(function).parameters[name].default for name in names}

    recipe = {key: value for key, value in recipe_defaults().items() if key not in ("clip_norm", "backbone_lr_factor")}
    assert of(build_optimizer_and_schedule, *recipe) == recipe
    thresholds = defaults("dataset", "properties", "thresholds")
    assert of(groups_of, *thresholds) == thresholds
    subset = defaults("dataset", "properties", "subset")
    assert of(longtail_subset, *subset) == subset
    sampler = sampler_defaults()["class_aware"]
    assert of(ClassAwareSampler, *sampler) == sampler
    graph = {key: defaults("model")[f"adjacency_{key}"] for key in ("threshold", "weight")}
    assert of(label_graph, *graph) == graph


def row_of(key: str, section: str) -> str:
    row = re.search(rf"^\| `{re.escape(key)}` \|.*$", SECTIONS[section], flags=re.M)
    assert row, f"{section} has no row for {key}"
    return row[0]


def test_backbones_and_stems_are_those_that_can_be_built():
    section = "datasets/*.yaml"
    assert re.findall(r"`(\w+)`", row_of("backbone", section).split("|")[2]) == list(BACKBONES)
    assert re.findall(r"`(\w+)`", row_of("stem", section).split("|")[2]) == list(STEMS)


def test_the_keys_of_a_kind_of_source_are_those_that_it_takes():
    from inspect import signature

    from ltmlc.data.sources.open import READERS

    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.+) \| .+ \|$", SECTIONS["datasets/*.yaml"].split("**`subset`**")[0], flags=re.M)
    )
    for kind, reader in READERS.items():
        takes = set(signature(reader).parameters) - {"root"}
        assert takes == {key for key in takes if f"`{key}`" in rows[kind]}, kind


def test_the_examples_are_valid():
    config, dataset, table, recipes = EXAMPLES
    load_config(config)
    check(table, schema="table", where="example")
    check(recipes, schema="recipes", where="example")
    check(dataset, schema="dataset", where="example")


def test_the_example_of_a_table_can_be_planned():
    grid = load_grid(ROOT / "config.yaml", ROOT)
    for row in EXAMPLES[2]["rows"]:
        run = merge(row["run"], {"recipe": "quick"})
        build_spec(run, dataset=grid.datasets["voc-lt"], recipes=EXAMPLES[3], config=grid.config, where="example")


def test_the_files_that_the_page_links_to_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "config" / link).exists(), link
