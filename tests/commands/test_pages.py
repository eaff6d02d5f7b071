"""Verbs that gather what was made."""

import zipfile
from pathlib import Path

import pytest

from ltmlc.cli import main

ROOT = Path(__file__).parents[2]


def test_runs_of_another_folder_are_exported_to_the_configurations_own(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    runs, out = "config/reference/voc07-lt-224px", tmp_path / "export"
    asked = ["export", "--config", "config/voc07-evidence.yaml", "--results", runs, "--out", str(out)]
    assert main(asked) == 0
    with zipfile.ZipFile(out / "ro-crate.zip") as crate:
        names = [name for name in crate.namelist() if name.endswith("metrics.json")]
    there = Path(runs).glob("runs/*/*/seed*/metrics.json")
    assert sorted(names) == sorted(f"results/{path.relative_to(runs)}" for path in there) != []


@pytest.mark.parametrize("asked", [["curves", "--table", "table7"], ["fig5"]])
def test_a_figure_of_what_is_not_there_is_refused_with_what_there_is(tmp_path, monkeypatch, capsys, asked):
    monkeypatch.chdir(ROOT)
    config = ["--config", "config/voc07-evidence.yaml", "--results", "config/reference/voc07-lt-224px"]
    assert main(["figures", *asked, *config, "--out", str(tmp_path)]) == 2
    assert f"{asked[-1]!r}; this configuration has: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
