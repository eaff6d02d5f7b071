"""The command line: every verb explains itself, bad input is one line and exit code 2, planning never imports torch."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from ltmlc.cli import build_parser, main
from ltmlc.commands import evidence

ROOT = Path(__file__).parents[1]
VERBS = list(next(action for action in build_parser()._actions if action.dest == "verb").choices)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert verb in capsys.readouterr().out


def test_bad_input_is_one_line_on_stderr_and_exit_code_2(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["plan", "--config", '{"datasets": ["vco-lt"]}']) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "vco-lt" in error and "voc-lt" in error  # what was asked for, and what there is


def test_a_run_that_is_not_planned_is_refused_with_the_runs_there_are(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("LTMLC_TRAINING", raising=False)
    assert main(["train", "digits20-lt", "dr_gamma2-7", "--config", "config/demo.yaml"]) == 2
    assert "dr_gamma1-5_gamma2-7" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["plan"], ["status"], ["tabulate", "table2", "--out"]])
def test_planning_and_tables_never_import_torch(arguments, tmp_path):
    if arguments[-1] == "--out":
        arguments = [*arguments, str(tmp_path)]
    code = (
        "import sys; from ltmlc.cli import main; "
        f"assert main({[*arguments, '--config', 'config.yaml']!r}) == 0; assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={"PYTHONPATH": "src", "PATH": ""}
    )
    assert done.returncode == 0, done.stderr


def test_subset_writes_a_split_that_loads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    out = tmp_path / "split.json"
    assert main(["subset", "digits20-lt", "--out", str(out)]) == 0
    assert "1139 training and 600 test images, 6:6:8 classes" in capsys.readouterr().err
    from ltmlc.data.split import load_split

    assert load_split(out).dataset == "digits20-lt"


def test_a_missing_data_root_names_the_folder_and_the_key(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    out = str(tmp_path / "split.json")
    assert main(["subset", "voc-lt", "--data-root", str(tmp_path / "nowhere"), "--out", out]) == 2
    error = capsys.readouterr().err
    assert "nowhere" in error and "data.root" in error


def test_a_published_list_is_compared_with_the_construction(tmp_path, monkeypatch, capsys):
    """The command says how far the paper's construction agrees with a list that is used instead of it."""
    from ltmlc.data.longtail import longtail_subset
    from ltmlc.data.sources.digits import DigitsSource

    pool = DigitsSource().train_pool()
    chosen = [pool.ids[row] for row in longtail_subset(pool.labels)]
    (tmp_path / "ids.txt").write_text("\n".join(chosen[:-1]) + "\n")
    folder = tmp_path / "config" / "datasets"
    folder.mkdir(parents=True)
    text = (ROOT / "config" / "datasets" / "digits20-lt.yaml").read_text()
    (folder / "listed.yaml").write_text(text.replace("subset: {", "subset: {ids: ids.txt, "))
    monkeypatch.chdir(tmp_path)
    assert main(["subset", "listed", "--data-root", str(tmp_path), "--out", str(tmp_path / "split.json")]) == 0
    error = capsys.readouterr().err
    assert f"selects {len(chosen)} images, sharing {len(chosen) - 1} with the published {len(chosen) - 1}" in error


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device", "results/tables/table4.csv")


def test_a_full_disk_is_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evidence, "audit", full_disk)
    assert main(["audit", "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("ltmlc audit: error: results/tables/table4.csv: the disk is full: free space; ")
    assert message.count("\n") == 1


def test_where_the_log_lies_on_the_full_disk_too_the_line_goes_to_the_terminal(tmp_path, monkeypatch, capsys):
    class FullLog:
        write = flush = full_disk

    monkeypatch.setattr(evidence, "audit", full_disk)
    monkeypatch.setattr(sys, "stderr", FullLog())
    assert main(["audit", "--out", str(tmp_path)]) == 2
    assert "the disk is full" in capsys.readouterr().out
