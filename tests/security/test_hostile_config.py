"""A configuration whose values are shell code: the rules' commands pass them on as they are, and run nothing."""

import re
from pathlib import Path

import pytest
import yaml
from workflow.project_copy import Project

from ltmlc.errors import InputError
from ltmlc.plan.config import load_config
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
# Without quotes: numbers, hashes, and names that the schema or a pattern of the wildcard holds to plain letters.
PLAIN = {
    "wildcards.dataset",
    "wildcards.table",
    "wildcards.part",
    "wildcards.seed",
    "threads",
    "params.code",
    "params.max_side",
    "params.share",
    "params.seed",
}
NASTY = "my results; touch pwned; $(touch pwned) `touch pwned` 'q' \"d\" & ü"
CONFIG = {
    "datasets": ["tiny"],
    "tables": ["tiny"],
    "training": {"device": "cpu", "precision": "float32", "threads": 1},
    "data": {"root": NASTY},
    "results": NASTY,
    "figures": f"figures/{NASTY}",
}
DATASET = """
extends: digits20-lt
title: "'; touch pwned; '"
source: {pool: 400, test: 80}
subset: {maximum: 60}
model: {weights: null}
samplers: {class_aware: {reduce: 100}}
recipes: {dr: {epochs: 1, steps: [], warmup_iterations: 2}}
"""
TABLE = """
title: "$(touch pwned)"
kind: table
caption: "`touch pwned`"
rows:
  - {label: "'; touch pwned #", origin: own, run: {loss: [{name: dr, gamma2: 7}]}}
"""


def test_values_that_are_shell_code_are_file_names_and_nothing_else(tmp_path):
    project = Project(tmp_path)
    (tmp_path / "config" / "datasets" / "tiny.yaml").write_text(DATASET)
    (tmp_path / "config" / "tables" / "tiny.yaml").write_text(TABLE)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = project.snakemake("tables", f"{NASTY}/plan.md", f"{NASTY}/audit.md")
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    made = {path.relative_to(tmp_path / NASTY).as_posix() for path in (tmp_path / NASTY).rglob("*")}
    assert {"data/tiny/pack/images.bin", "tables/tiny.md", "diff.md", "plan.md", "audit.md"} <= made
    assert not list(tmp_path.rglob("pwned"))
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith("my")} == {NASTY}


@pytest.mark.parametrize("file", RULES, ids=lambda path: path.stem)
def test_every_value_in_a_command_is_quoted_or_plain(file):
    commands = re.findall(r"^    shell:\n(.*?)(?=^    \w+:|^\S|\Z)", file.read_text(), flags=re.M | re.S)
    for value in re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", "".join(commands)):
        name, _, form = value.partition(":")
        assert form == "q" or name in PLAIN, f"{file.name}: {{{value}}} is not quoted"


@pytest.mark.parametrize("key", ["datasets", "tables"])
@pytest.mark.parametrize("name", ["a;touch x", "$(touch x)", "a b", "../demo", "-x", "a|b", ""])
def test_a_name_that_is_no_plain_word_is_refused(key, name):
    with pytest.raises(InputError, match=rf"{key}\.0: .* is not valid; write a name of letters"):
        load_config({key: [name]})


@pytest.mark.parametrize("key", ["results", "figures"])
@pytest.mark.parametrize("folder", ["{wildcard}", "a*", "-x", "a\nb", "a\\b", ""])
def test_a_folder_that_snakemake_or_a_shell_would_read_as_something_else_is_refused(key, folder):
    with pytest.raises(InputError, match=rf"{key}: .* is not valid; write a folder that begins with no hyphen"):
        load_config({key: folder})


@pytest.mark.parametrize("file", sorted((ROOT / "workflow" / "schemas").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_pattern_of_a_schema_takes_a_line_end_after_its_end(file):
    patterns = re.findall(r'pattern: "(.*?)"', file.read_text())
    assert [pattern for pattern in patterns if pattern.endswith("$")] == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"results": "results\n"}, "results: .* has the character '.n'|results: .* is not valid"),
        ({"results": "a" * 300}, "results: .* longer than the file system takes"),
        ({"results": "/".join(["abcdefghij"] * 350)}, "results: .* longer than the file system takes"),
        ({"data": {"root": "a\0b"}}, "data.root: .* has the character"),
        ({"data": {"root": "a\x1b[2J"}}, "data.root: .* has the character"),
        ({"data": {"root": "\ud800"}}, "data.root: .* has the character"),
        ({"seeds": [1.0]}, r"seeds\.0: 1\.0 has the wrong type; expected integer"),
        ({"seeds": [2**70]}, r"seeds\.0: it is a number of more than 20 digits"),
        ({"seeds": [2**33]}, r"seeds\.0: "),
        ({"training": {"threads": 10**9}}, r"training\.threads: "),
    ],
)
def test_what_would_fail_later_is_refused_while_planning(config, message):
    with pytest.raises(InputError, match=message) as error:
        load_config(config)
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"loss": [{"name": "dr", "gamma2": 7, "weight": 1.0e38}]}, "weight"),
        ({"loss": [{"name": "cb_focal", "mode": "../../../x"}], "recipe": "dr"}, "its run would be called"),
        ({"loss": [{"name": "cb_focal", "mode": "a" * 300}], "recipe": "dr"}, "its run would be called"),
    ],
)
def test_a_row_whose_run_could_not_be_stored_or_trained_is_refused(tmp_path, run, message):
    folder = tmp_path / "config" / "tables"
    folder.mkdir(parents=True)
    rows = [{"label": "a", "origin": "own", "run": run}]
    (folder / "mine.yaml").write_text(yaml.safe_dump({"title": "t", "kind": "table", "caption": "c", "rows": rows}))
    with pytest.raises(InputError, match=message):
        load_grid({"datasets": ["digits20-lt"], "tables": ["mine"]}, tmp_path)


def test_what_an_error_quotes_steers_no_terminal():
    assert str(InputError("a\nb \x1b[2J \u202e γ")) == "a b \\x1b[2J \\u202e γ"


def test_a_text_that_turns_the_direction_of_writing_is_refused():
    with pytest.raises(InputError, match=r"has the character '\\u202e'"):
        load_config({"datasets": ["digits20-lt"], "results": "re\u202estlus"})
