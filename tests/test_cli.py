"""The command line: every verb explains itself, bad input is one line and exit code 2, planning never imports torch."""

import errno
import json
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ltmlc import __version__
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


def test_a_training_without_a_split_says_which_command_makes_what_it_needs(own_folder, capsys):
    assert main(["train", "digits20-lt", "lsep"]) == 2
    assert "snakemake --cores 1 -- out/runs/digits20-lt/lsep/seed0/metrics.json" in capsys.readouterr().err


def test_the_advice_of_a_training_is_a_target_that_a_rule_makes_wherever_it_was_to_be_written(own_folder, capsys):
    assert main(["train", "digits20-lt", "lsep", "--out", "elsewhere"]) == 2
    assert "`snakemake --cores 1 -- out/runs/digits20-lt/lsep/seed0/metrics.json`" in capsys.readouterr().err
    assert main(["train", "digits20-lt", "lsep", "--data", "mine"]) == 2
    assert "mine: no split.json here; --data names a folder that has one" in capsys.readouterr().err


def test_where_only_the_losses_can_be_used_the_command_line_says_what_it_lacks():
    code = "import sys; sys.modules['yaml'] = None; import ltmlc.losses; import ltmlc.cli"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    assert done.returncode == 1 and done.stderr.startswith("ltmlc: error: yaml is not installed"), done.stderr


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


@pytest.mark.parametrize("said", [None, "active"])
def test_a_thread_that_waits_gives_its_core_away_unless_the_user_says_otherwise(said, monkeypatch, capsys):
    monkeypatch.setenv("OMP_WAIT_POLICY", said or "")  # so that it is undone
    if said is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    with pytest.raises(SystemExit):
        main(["--version"])
    assert os.environ["OMP_WAIT_POLICY"] == (said or "passive")


def test_subset_writes_a_split_that_loads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    out = tmp_path / "split.json"
    assert main(["subset", "digits20-lt", "--out", str(out)]) == 0
    assert "1139 training and 600 test images; classes: 6 head, 6 medium, 8 tail" in capsys.readouterr().err
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


@pytest.mark.parametrize("place", ["/proc/x", "/dev/null/x", "file", "file/x", "n" * 300, "loop"])
@pytest.mark.parametrize("verb", ["audit", "init"])
def test_a_place_where_nothing_can_be_written_is_one_line(verb, place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("kept")
    Path("loop").symlink_to("loop")
    assert main([verb, place] if verb == "init" else [verb, "--out", place, "--config", "{}"]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"ltmlc {verb}: error: {place}") and "choose another place" in message
    assert message.count("\n") == 1 and Path("file").read_text() == "kept"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO, errno.ESTALE, errno.EFBIG, errno.EINVAL])
def test_what_the_system_refuses_is_one_line_with_the_file(number, tmp_path, monkeypatch, capsys):
    def refused(_):
        raise OSError(number, "words of the system", "results/a\nb.csv")

    monkeypatch.setattr(evidence, "audit", refused)
    assert main(["audit", "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("ltmlc audit: error: results/a b.csv: ") and message.count("\n") == 1
    assert "choose another place" in message


def test_where_the_log_lies_on_the_full_disk_too_the_line_goes_to_the_terminal(tmp_path, monkeypatch, capsys):
    class FullLog:
        write = flush = full_disk

    monkeypatch.setattr(evidence, "audit", full_disk)
    monkeypatch.setattr(sys, "stderr", FullLog())
    assert main(["audit", "--out", str(tmp_path)]) == 2
    assert "the disk is full" in capsys.readouterr().out


def test_every_verb_is_listed_under_a_step_of_the_way(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert [verb for verb in VERBS if f"\n  {verb:<12}" not in text] == []
    assert text.index("data:\n") < text.index("training:\n") < text.index("evidence from finished runs:\n")


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert (stop.value.code, capsys.readouterr().out) == (0, f"ltmlc {__version__}\n")


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A folder as the Workflow Catalog makes it: ``config/config.yaml`` and nothing of this project beside it."""
    config = {
        "datasets": ["digits20-lt"],
        "tables": ["table2", "my-sweep"],
        "results": "out",
        "figures": "out/pictures",
    }
    (tmp_path / "config" / "tables").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").write_text(json.dumps(config))
    sweep = (ROOT / "config" / "tables" / "fig4.yaml").read_text()
    (tmp_path / "config" / "tables" / "my-sweep.yaml").write_text(sweep)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["tabulate", "table2"], ["table2.csv, table2.md, table2.tex in out/tables"]),
        (["compare"], ["diff.csv, diff.md", "runs.csv in out"]),
        (["claims"], ["claims.csv, claims.md in out"]),
        (["audit"], ["audit.csv, audit.md in out"]),
        (["report"], ["report.html, REPRODUCTION.md, numbers.tex, checklist.md in out"]),
        (["export"], ["ro-crate.zip in out/export"]),
        (["figures", "fig3"], ["fig3.pdf, fig3.png", "in out/pictures"]),
        (["figures", "my-sweep"], ["my-sweep.pdf, my-sweep.png in out/pictures"]),
        (["figures", "curves", "--table", "table2"], ["curves_table2.pdf, curves_table2.png in out/pictures"]),
        (["reference", "--out", "mine.csv"], ["mine.csv in ."]),
        (["plan", "--out", "plan.md"], ["plan.md in ."]),
    ],
)
def test_what_was_written_is_said(own_folder, capsys, arguments, written):
    """From a folder of one's own: what it lacks is this project's."""
    assert main(arguments) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(f"ltmlc {arguments[0]}: wrote ")]
    assert all(any(part in line for line in lines) for part in written), lines


def test_figures_takes_the_names_that_the_configuration_has_and_all_without_one(own_folder, capsys):
    assert main(["figures", "fig9"]) == 2
    assert "'fig9'; this configuration has: fig3, my-sweep, data, methods, totals, curves" in capsys.readouterr().err
    assert main(["figures", "curves", "--table", "table9"]) == 2
    assert "no table 'table9'; this configuration has: table2, my-sweep" in capsys.readouterr().err
    assert main(["figures"]) == 2  # which Python 3.11's argparse refused; there are no data yet
    assert "has no split under out/data yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["figures", "--dataset", "voc"],
        ["bootstrap", "voc"],
        ["tune", "voc"],
        ["train", "voc", "bce", "--seed", "0"],
    ],
)
def test_a_data_set_that_is_not_asked_for_is_said_in_one_way(own_folder, capsys, arguments):
    assert main(arguments) == 2
    assert "data set 'voc' is not in the configuration; it has: digits20-lt\n" in capsys.readouterr().err


def test_a_method_that_is_no_row_is_refused_while_planning(own_folder, capsys):
    config = json.loads((own_folder / "config" / "config.yaml").read_text())
    (own_folder / "config" / "config.yaml").write_text(json.dumps(config | {"methods": ["LSEP", "Theirs"]}))
    for verb in ("plan", "check"):
        assert main([verb]) == 2
        assert "config/config.yaml: methods: no row 'Theirs'" in capsys.readouterr().err


def test_the_plan_prices_by_the_shipped_reference_and_names_one_that_is_not_there(own_folder, capsys):
    assert main(["plan", "--measured", "config/reference/demo.csv"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^cost: \d", said, flags=re.M) and re.search(r"^basis: \d+ measured$", said, flags=re.M), said
    assert main(["plan", "--measured", "absent.csv"]) == 2
    assert "absent.csv does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("measured", "cost", "basis"),
    [
        ([], "unknown until a run of each data set has been measured", "4 unknown"),
        (["--measured", "mine.csv"], "at least 2.0 h (2.00 GPU-hours) still to do on cuda", "1 measured, 3 unknown"),
    ],
)
def test_the_plan_prices_by_a_file_of_ones_own(measured, cost, basis, own_folder, capsys):
    """On a data set of which no shipped reference has a run."""
    header = "dataset,run,seed,total,head,medium,tail,seconds,train_seconds,device"
    (own_folder / "mine.csv").write_text(f"{header}\nvoc-lt,lsep,0,50,50,50,50,7200,7100,cuda\n")
    assert main(["plan", "--config", '{"datasets": ["voc-lt"], "tables": ["table2"]}', *measured]) == 0
    said = capsys.readouterr().out
    assert f"\ncost: {cost}" in said and f"\nbasis: {basis}\n" in said, said


@pytest.mark.parametrize("verb", ["plan", "check"])
def test_runs_whose_rate_falls_before_their_warm_up_is_over_are_named_before_they_train(verb, own_folder, capsys):
    main([verb, "--config", '{"datasets": ["voc-lt"], "tables": ["table6"]}'])
    assert "voc-lt: the rate of lsep_bs-64, c_lsep_bs-64 peaks after" in capsys.readouterr().out


def test_another_file_beside_the_references_stops_no_plan_unless_it_is_asked_for(own_folder, capsys):
    folder = own_folder / "config" / "reference"
    folder.mkdir()
    (folder / "notes.csv").write_text("date,note\nMonday,begun\n")
    (folder / "sheet.csv").write_bytes("Datum;Notiz\n".encode("utf-16"))
    assert main(["plan"]) == main(["status"]) == 0
    assert main(["plan", "--measured", "config/reference/notes.csv"]) == 2
    assert "notes.csv: missing column dataset" in capsys.readouterr().err


def test_the_plan_as_a_file_is_markdown(own_folder):
    assert main(["plan", "--out", "plan.md"]) == 0
    lines = (own_folder / "plan.md").read_text().splitlines()
    assert lines[0] == "# Plan" and lines.count("```text") == (lines.count("```")) >= 2
    assert "free" not in " ".join(lines)  # nothing that is another tomorrow


def test_a_folder_of_ones_own_is_judged_with_this_projects_lock_licence_and_captions(own_folder):
    assert main(["report"]) == 0
    checklist = (own_folder / "out" / "checklist.md").read_text()
    assert "packages with their versions in requirements.lock" in checklist and "this code: LICENSE" in checklist
    assert "docs/losses.md" in checklist
    caption = (ROOT / "workflow" / "report" / "fig3.rst").read_text().split(".")[0]
    assert caption.split("`")[0][:30] in (own_folder / "out" / "report.html").read_text()


def test_a_crate_of_a_folder_of_ones_own_holds_the_workflow_and_ones_own_configuration(own_folder):
    assert main(["export"]) == 0
    with zipfile.ZipFile(own_folder / "out" / "export" / "ro-crate.zip") as crate:
        names = set(crate.namelist())
    assert {"CITATION.cff", "workflow/Snakefile", "config/tables/my-sweep.yaml", "config/tables/table2.yaml"} <= names


def test_status_ends_with_1_where_a_run_has_failed(own_folder, capsys):
    assert main(["status"]) == 0
    run = own_folder / "out/runs/digits20-lt/lsep/seed0"
    run.mkdir(parents=True)
    (run / "train.log").write_text("ltmlc train: error: no\n")
    assert main(["status"]) == 1
    assert "digits20-lt/lsep/seed0: ended without a result: ltmlc train: error: no" in capsys.readouterr().out


def test_status_ends_with_1_where_a_training_was_killed(own_folder, capsys):
    """It left its heartbeat, and its process is gone."""
    beat = {"pid": 2**22 + 1, "host": socket.gethostname(), "updated": time.time(), "epoch": 3, "epochs": 8}
    run = own_folder / "out/runs/digits20-lt/lsep/seed0"
    run.mkdir(parents=True)
    (run / "running.json").write_text(json.dumps(beat))
    assert main(["status"]) == 1
    assert "digits20-lt/lsep/seed0: epoch 4 of 8" in capsys.readouterr().out


def test_every_verb_stands_apart_from_what_it_does(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    for verb in ("init", "export-model", "check-loss"):
        assert re.search(rf"^  {verb} +[a-z]", listed, flags=re.MULTILINE), verb
