"""Verbs that gather what was made."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import tiny_config
from training.tiny import make_data

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


def test_a_reference_is_one_file_however_its_ending_is_spelled(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = ["--config", "config/voc07-evidence.yaml", "--results", "config/reference/voc07-lt-224px"]
    assert main(["reference", *config, "--out", str(tmp_path / "runs.CSV")]) == 0
    assert (tmp_path / "runs.CSV").read_text().startswith("dataset,run,seed,total,")


@pytest.mark.parametrize("asked", [["curves", "--table", "table7"], ["fig5"]])
def test_a_figure_of_what_is_not_there_is_refused_with_what_there_is(tmp_path, monkeypatch, capsys, asked):
    monkeypatch.chdir(ROOT)
    config = ["--config", "config/voc07-evidence.yaml", "--results", "config/reference/voc07-lt-224px"]
    assert main(["figures", *asked, *config, "--out", str(tmp_path)]) == 2
    assert f"{asked[-1]!r}; this configuration has: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("figure", ["data", "methods"])
def test_figures_of_single_images_are_refused_where_an_archive_has_their_counts_alone(
    tmp_path, monkeypatch, capsys, figure
):
    monkeypatch.chdir(ROOT)
    config = ["--config", "config/voc07-evidence.yaml", "--results", "config/reference/voc07-lt-224px"]
    assert main(["figures", figure, *config, "--out", str(tmp_path)]) == 2
    assert "keep counts of its images alone" in capsys.readouterr().err


def test_pictures_false_keeps_photographs_out_of_the_contact_sheets(tmp_path, monkeypatch):
    """What is drawn then is what can be drawn where there is no photograph at all."""
    monkeypatch.chdir(tmp_path)
    data = make_data(Path("results/data/tiny"))
    write_json("config/tables/mine.yaml", tiny_config.table(tiny_config.DR))
    shown, hidden = sheets("shown", pictures=True), sheets("hidden", pictures=False)
    shutil.rmtree(data / "pack")
    assert hidden == sheets("absent", pictures=False)
    assert [name for name in hidden if hidden[name] == shown[name]] == []


def sheets(out: str, *, pictures: bool) -> dict[str, bytes]:
    """The files of `ltmlc figures data` with photographs on them."""
    write_json("config/datasets/tiny.yaml", {**tiny_config.DATASET, "pictures": pictures})
    assert main(["figures", "data", "--config", json.dumps(tiny_config.CONFIG), "--out", out]) == 0
    return {path.name: path.read_bytes() for name in ("images", "augmentation") for path in Path(out).glob(f"{name}_*")}


def write_json(file: str, content: dict) -> None:
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(json.dumps(content))
