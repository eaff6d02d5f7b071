from pathlib import Path

import pytest

from ltmlc.cli import main
from ltmlc.commands import start
from ltmlc.plan.config import load_config
from ltmlc.plan.lookup import PROJECT


@pytest.mark.parametrize("name", ["config", "demo", "smoke"])
def test_init_writes_a_configuration_that_plans(name, tmp_path, capsys):
    assert main(["init", "--like", name, str(tmp_path / "new")]) == 0
    assert "ltmlc run" in capsys.readouterr().out
    assert load_config(str(tmp_path / "new" / "config.yaml"))["datasets"]


def test_init_offers_every_shipped_configuration_and_nothing_else():
    offered = set(start._configurations())
    assert {"config", "demo", "smoke", "voc07"} <= offered
    assert not offered & {"recipes", "claims"}
    for name in offered - {"config"}:
        assert load_config(str(PROJECT / "config" / f"{name}.yaml"))["results"] != "results"


def test_init_keeps_what_is_there(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("mine")
    assert main(["init", str(tmp_path)]) == 2
    assert "move it away" in capsys.readouterr().err
    assert (tmp_path / "config.yaml").read_text() == "mine"


def test_a_configuration_in_the_catalogs_place_is_not_put_out_of_use(tmp_path, monkeypatch, capsys):
    """One in the folder itself would be read in its place."""
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    Path("config/config.yaml").write_text("datasets: [digits20-lt]\n")
    assert main(["init"]) == 2
    assert "config/config.yaml is there already; move it away" in capsys.readouterr().err
    assert main(["new-loss", "two_way"]) == 0
    assert "config/config.yaml: left as it is; list two_way under tables there" in capsys.readouterr().out
    assert not Path("config.yaml").exists() and Path("mine/two_way.py").exists()


def test_run_becomes_snakemake_on_the_shipped_workflow_with_its_profile(tmp_path, monkeypatch):
    called = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execv", lambda program, command: called.append(command))
    Path("config.yaml").write_text("datasets: [digits20-lt]\n")
    main(["run", "--cores", "3", "-n", "tables"])
    main(["run"])
    main(["run", "--workflow-profile", "mine"])
    shipped = ["--snakefile", str(PROJECT / "Snakefile"), "--workflow-profile", str(PROJECT / "profiles" / "default")]
    assert called[0][1:] == ["-P", "-m", "snakemake", *shipped, "--cores", "3", "-n", "tables"]
    assert called[1][-2:] == ["--cores", "all"]
    assert called[2].count("--workflow-profile") == 1


def test_run_finds_the_configuration_where_the_other_verbs_do(tmp_path, monkeypatch):
    called = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execv", lambda program, command: called.append(command))
    Path("config").mkdir()
    Path("config/config.yaml").write_text("datasets: [digits20-lt]\n")
    main(["run", "-n"])
    main(["run", "-n", "--configfile=other.yaml", "--workflow-profile=mine"])
    assert called[0][6:8] == ["--configfile", "config/config.yaml"]
    assert "config/config.yaml" not in called[1] and "--workflow-profile" not in called[1]


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda patch: None, "ltmlc init"),
        (lambda patch: patch.setattr(start, "find_spec", lambda name: None), "pip install 'ltmlc[workflow]'"),
    ],
)
def test_run_says_what_is_missing(prepare, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    prepare(monkeypatch)
    assert main(["run", "--cores", "1"]) == 2
    assert sentence in capsys.readouterr().err


def test_other_verbs_refuse_what_they_do_not_know(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["plan", "--cores", "3"])
    assert stopped.value.code == 2
    assert "unrecognized arguments: --cores 3" in capsys.readouterr().err
