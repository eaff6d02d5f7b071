import argparse
from pathlib import Path

import pytest

from ltmlc.commands.options import chosen_root
from ltmlc.plan.environment import DATA_ROOT_VARIABLE


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(DATA_ROOT_VARIABLE, raising=False)
    return tmp_path


def root(**options) -> Path:
    return chosen_root(argparse.Namespace(**{"data_root": None, "config": None} | options))


def test_the_data_root_is_that_of_the_configuration(folder):
    assert root() == Path("data")
    assert root(config='{"data": {"root": "/photographs"}}') == Path("/photographs")
    (folder / "config.yaml").write_text("data: {root: mine}\n")
    assert root() == Path("mine")


def test_the_option_comes_first_then_what_the_workflow_says(folder, monkeypatch):
    config = '{"data": {"root": "/photographs"}}'
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "/told")
    assert root(config=config) == Path("/told")
    assert root(config=config, data_root=Path("/option")) == Path("/option")
