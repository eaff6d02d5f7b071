import json
import os
import time
from dataclasses import replace

import pytest
from evidence import synthetic

from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.workflow.record import write_record
from ltmlc.workflow.recovery import FINISHED, _marked, begin, damaged_results, put_in_order, restore_finished

RUN = "dr_gamma1-5_gamma2-7"


@pytest.fixture
def grid(tmp_path):
    grid = synthetic.grid(synthetic.table("table1", synthetic.row("DR", RUN)))
    return replace(grid, config={"results": (tmp_path / "results").as_posix()})


@pytest.fixture
def run(grid, tmp_path):
    """The folder of a finished run."""
    folder = synthetic.write(tmp_path / "results", "voc-lt", RUN, 0, 50).parent
    (folder / "predictions.npz").write_bytes(b"predictions")
    write_sums(folder / RUN_SUMS, [folder / "metrics.json", folder / "predictions.npz"])
    return folder


def order(grid, tmp_path, *, dry=False):
    alive, messages = begin(tmp_path / ".snakemake")
    damaged, more = put_in_order(grid, alive, dry=dry, snakemake=tmp_path / ".snakemake")
    if alive:
        alive.close()
    return damaged, messages + more


def mark(tmp_path, *files):
    """As Snakemake marks the files of unfinished jobs."""
    from snakemake.persistence.file import FilePersistence

    snakemake = FilePersistence(nolock=True, path=tmp_path / ".snakemake")
    for file in files:
        snakemake._mark_incomplete(str(file), None)


def test_nothing_is_said_where_everything_is_in_order(grid, run, tmp_path):
    assert order(grid, tmp_path) == ({}, [])


def test_an_edited_result_is_kept_and_told_to_be_made_again(grid, run, tmp_path):
    (run / "metrics.json").write_text("edited")
    damaged, (message,) = order(grid, tmp_path)
    assert list(damaged) == [run / "metrics.json"]
    assert f"{run}/metrics.json was edited or cut short since it was made: kept as metrics.json.damaged" in message
    assert (run / "metrics.json.damaged").read_text() == "edited"


def test_a_dry_run_only_says_so(grid, run, tmp_path):
    (run / "metrics.json").write_text("edited")
    damaged, (message,) = order(grid, tmp_path, dry=True)
    assert "a real run keeps it as metrics.json.damaged" in message
    assert list(damaged) == [run / "metrics.json"]
    assert not (run / "metrics.json.damaged").exists()


def test_results_of_before_there_were_checksums_are_believed_if_they_are_json(grid, run):
    (run / RUN_SUMS).unlink()
    assert damaged_results(grid) == {}
    (run / "metrics.json").write_text('{"map": ')
    assert damaged_results(grid) == {run / "metrics.json": "is not readable JSON"}


def test_an_edited_table_is_found(grid, tmp_path):
    table = tmp_path / "results" / "tables" / "table1.md"
    table.parent.mkdir(parents=True)
    table.write_text("| DR |")
    write_sums(table.with_suffix(".sha256"), [table])
    table.write_text("| Mine |")
    assert list(damaged_results(grid)) == [table]


def test_beside_another_snakemake_nothing_is_touched(grid, run, tmp_path):
    other, _ = begin(tmp_path / ".snakemake")
    (run / "metrics.json").write_text("edited")
    assert order(grid, tmp_path) == ({}, [])
    other.close()
    assert order(grid, tmp_path)[0]


def test_files_from_the_future_are_dated_now_and_others_left(grid, run, tmp_path):
    then, tomorrow = 1_000_000_000, time.time() + 86400
    os.utime(run / "metrics.json", (tomorrow, tomorrow))
    os.utime(run / "predictions.npz", (then, then))
    _, (message,) = order(grid, tmp_path)
    assert "1 files were dated in the future" in message
    assert (run / "metrics.json").stat().st_mtime < tomorrow - 80000
    assert (run / "predictions.npz").stat().st_mtime == then


def test_a_run_that_finished_unnoticed_is_put_in_safety_and_comes_back(grid, run, tmp_path):
    write_record(run / "metrics.json", '{"code": "1"}')
    write_sums(run / RUN_SUMS, [path for path in run.iterdir() if path.name != RUN_SUMS])
    mark(tmp_path, run / "metrics.json", run / "predictions.npz")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    _, (message,) = order(grid, tmp_path)
    assert message.endswith("finished after its Snakemake was killed: kept, not trained again")
    for path in before:
        (run / path).unlink()  # as Snakemake does before it starts the job again
    assert not restore_finished(run, code="other")
    assert not restore_finished(run, made_of='{"code": "2"}')
    assert restore_finished(run, made_of='{"code": "1"}', dataset="voc-lt", run=RUN, seed=0, spec=synthetic.SPEC)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_marked_run_whose_files_do_not_fit_is_left_to_snakemake(grid, run, tmp_path):
    mark(tmp_path, run / "metrics.json")
    content = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**content, "map": None}))
    assert not any("not trained again" in message for message in order(grid, tmp_path)[1])
    assert not (run / FINISHED).exists()


def test_markers_of_long_names_are_read_as_snakemake_writes_them(tmp_path):
    path = tmp_path / ("long-" * 40) / ("name-" * 40) / "metrics.json"
    mark(tmp_path, path)
    assert _marked(tmp_path / ".snakemake" / "incomplete") == {str(path)}


def test_what_cannot_be_put_in_order_is_said_and_stops_nothing(grid, run, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "metrics.json")

    (run / "metrics.json").write_text("edited")
    monkeypatch.setattr("ltmlc.workflow.recovery.shutil.copy2", refuse)
    _, (message,) = order(grid, tmp_path)
    assert message == "metrics.json: could not be put in order: Permission denied"
