"""A configuration whose values are shell code: the rules' commands pass them on as they are, and run nothing."""

import re
from pathlib import Path

import pytest
import yaml
from workflow.project_copy import Project

from ltmlc.errors import InputError
from ltmlc.plan.config import load_config

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
