"""docs/add-a-method.md, followed to the letter on a copy of the project: the new loss is held to the contract, trained,
tabulated and compared with DR.
"""

import csv
import json
import re
from pathlib import Path

import pytest
import tiny_config
import yaml
from project_copy import ROOT, ProjectCopy, code_blocks, commands, run_command, titled_blocks

from ltmlc.cli import main
from ltmlc.plan.config import merge
from ltmlc.plan.grid import load_grid

WHOLE = (ROOT / "docs" / "add-a-method.md").read_text(encoding="utf-8")
FOLDER, _, PAGE = WHOLE.partition("## In the project itself")
SHORT = {"epochs": 2, "steps": [1], "warmup_iterations": 5}  # the page's eight epochs, shortened: the way is the same


def apply(blocks: dict[str, str], root: Path) -> None:
    for title, text in blocks.items():
        name, _, place = title.partition(", ")
        path = root / name
        if not place:
            path.write_text(f"# {title}\n{text}")
            continue
        old = path.read_text()
        if place == "at the end":
            new = old.rstrip("\n") + "\n" + text
        elif place == "with the imports":
            new = old.replace("from ltmlc.losses.", f"{text}from ltmlc.losses.", 1)
        else:
            assert place == "in LOSSES", title
            new = old.replace("LOSSES = {\n", f"LOSSES = {{\n{text}", 1)
        assert new != old, title
        path.write_text(new)


def followed_up_to_training(root: Path) -> ProjectCopy:
    """A copy of the project with the page's files applied."""
    copy = ProjectCopy(root)
    apply(titled_blocks(PAGE), root)
    dataset = root / "config" / "datasets" / "digits20-lt.yaml"
    settings = yaml.safe_load(dataset.read_text())
    settings["constants"]["dr_epochs"] = SHORT["epochs"]
    settings["recipes"]["dr"] = SHORT
    dataset.write_text(yaml.safe_dump(settings))
    return copy


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The copy after all commands of the page, and what each printed."""
    copy = followed_up_to_training(tmp_path_factory.mktemp("page"))
    return copy.root, [copy.run(command) for command in commands(PAGE)]


def test_the_first_half_shows_the_row_that_new_loss_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = commands(FOLDER)[0].removeprefix("ltmlc new-loss ")
    assert main(["new-loss", name]) == 0
    written = yaml.safe_load(Path("config/tables", f"{name}.yaml").read_text())["rows"]
    (shown,) = (text for kind, text in code_blocks(FOLDER) if kind == "yaml")
    assert written[1:] == yaml.safe_load(shown)
    assert len(load_grid("config.yaml").runs["digits20-lt"]) == len(written)
    words = " ".join(commands(FOLDER)).split()
    assert f"mine.{name}:{name}" in words and {row["label"] for row in written} <= {*words}


def test_the_first_halfs_commands_train_the_loss_in_an_empty_folder_and_compare_it_with_dr(tmp_path):
    """All but the last, which chooses rates: what it does is held by tests/workflow/test_tune.py. One small seed."""
    new, check, train, compare, _ = commands(FOLDER)
    run_command(new, tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text().replace("seeds: [0, 1]", "seeds: [0]"))
    shipped = yaml.safe_load((ROOT / "config/datasets/digits20-lt.yaml").read_text())
    smaller = {key: value for key, value in tiny_config.DATASET.items() if key != "extends"}
    (tmp_path / "config/datasets").mkdir()
    (tmp_path / "config/datasets/digits20-lt.yaml").write_text(yaml.safe_dump(merge(shipped, smaller)))

    assert "keeps the contract" in run_command(check, tmp_path)
    run_command(train, tmp_path)
    rows = {row["row"]: row for row in csv.DictReader((tmp_path / "results/tables/two_way.csv").open())}
    assert rows["two_way"]["digits20-lt n"] == rows["DR"]["digits20-lt n"] == "1"
    (metrics,) = tmp_path.glob(f"results/runs/digits20-lt/{rows['two_way']['digits20-lt run']}/seed0/metrics.json")
    (term,) = json.loads(metrics.read_text())["spec"]["loss"]
    assert (term["name"], term["temperature"]) == ("mine.two_way:two_way", 4)

    run_command(compare, tmp_path)
    total, *_ = csv.DictReader((tmp_path / "results/against_dr.csv").open())
    expected = float(rows["two_way"]["digits20-lt total"]) - float(rows["DR"]["digits20-lt total"])
    assert total["column"] == "total" and float(total["map"]) == pytest.approx(expected, abs=0.011)


def test_the_page_is_one_file_one_entry_and_one_row():
    titles = list(titled_blocks(PAGE))
    assert titles == [
        "src/ltmlc/losses/c_two_way.py",
        "src/ltmlc/losses/__init__.py, with the imports",
        "src/ltmlc/losses/__init__.py, in LOSSES",
        "config/tables/table4.yaml, at the end",
        "config/mine.yaml",
        "config/claims.yaml, at the end",
    ]


def test_the_contract_tests_apply_themselves_to_the_new_loss(followed):
    _, printed = followed
    (passed,) = re.findall(r"(\d+) passed", printed[0])
    assert int(passed) >= 12


def test_a_loss_that_breaks_the_contract_is_caught(tmp_path):
    """Without this, the test above would pass for any loss."""
    copy = followed_up_to_training(tmp_path)
    path = tmp_path / "src/ltmlc/losses/c_two_way.py"
    text = path.read_text()
    naive = "negative = (logits.exp() * ~positives).sum(SAMPLES).log()  # (C,)"
    path.write_text(text.replace("negative = masked_logsumexp(logits, ~positives, SAMPLES)  # (C,)", naive))
    assert path.read_text() != text
    with pytest.raises(AssertionError, match=r"test_the_contract\[c_two_way-defaults-finite\]"):
        copy.run(commands(PAGE)[0])


def test_the_new_row_is_trained_and_tabulated(followed):
    root, _ = followed
    rows = {row["row"]: row for row in csv.DictReader((root / "results/mine/tables/table4.csv").open())}
    mine = rows["C-two-way"]
    assert mine["digits20-lt run"] == "c_two_way" and mine["digits20-lt n"] == "2"
    assert float(mine["digits20-lt total"]) > float(rows["chance"]["digits20-lt total"])
    assert list(rows)[-3:] == ["C-two-way", "chance", "oracle"]


def test_it_is_compared_with_dr_on_paired_seeds_and_images(followed):
    root, _ = followed
    lines = list(csv.DictReader((root / "results/mine/against_dr.csv").open()))
    assert [line["column"] for line in lines] == ["total", "head", "medium", "tail"]
    table = {row["row"]: row for row in csv.DictReader((root / "results/mine/tables/table4.csv").open())}
    for line in lines:
        assert (line["run"], line["against"], line["seeds"]) == ("c_two_way", "dr_gamma1-5_gamma2-7", "2")
        key = f"digits20-lt {line['column']}"
        expected = float(table["C-two-way"][key]) - float(table["C-LSEP + NGC"][key])
        assert float(line["map"]) == pytest.approx(expected, abs=0.011)
        assert float(line["seed_low"]) < float(line["map"]) < float(line["seed_high"])
        assert float(line["image_low"]) < float(line["map"]) < float(line["image_high"])


def test_it_is_judged_as_a_statement(followed):
    root, _ = followed
    (claim,) = (
        row for row in csv.DictReader((root / "results/mine/claims.csv").open()) if row["claim"] == "c-two-way-beats-dr"
    )
    assert claim["verdict"] in ("holds", "direction only", "not distinguishable", "reversed") and claim["n"] == "2"
