import errno
import itertools
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from evidence import synthetic

from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.disk.locks import only_process
from ltmlc.errors import InputError
from ltmlc.workflow.kept import FINISHED, is_complete, keep, restore_finished
from ltmlc.workflow.record import write_record
from ltmlc.workflow.recovery import _marked, begin, damaged_results, is_due, put_in_order

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


def order(grid, tmp_path, *, asked=None, dry=False):
    alive, messages = begin(tmp_path / ".snakemake")
    damaged, more = put_in_order(grid, alive, asked=asked or grid, dry=dry, snakemake=tmp_path / ".snakemake")
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


@pytest.mark.parametrize("name", ["metrics.json", "predictions.npz", "history.csv", "weights.pt"])
def test_any_damaged_file_of_a_run_is_a_reason_to_make_it_again(grid, run, tmp_path, name):
    """As the message says that it is; a table beside it is none."""
    (run / name).write_text("whole")
    write_sums(run / RUN_SUMS, {run / "metrics.json", run / "predictions.npz", run / name})
    (run / name).write_text("edited")
    damaged, (message,) = order(grid, tmp_path)
    assert message.endswith(f"kept as {name}.damaged, and made again")
    assert is_due(run / "metrics.json", damaged)
    assert not is_due(run.with_name("seed1") / "metrics.json", damaged)
    assert not is_due(tmp_path / "results/data/voc-lt/split.json", damaged)


@pytest.mark.parametrize(
    ("name", "target"),
    [("tune/voc-lt.md", "tune"), ("tables/tuned.csv", "tuned"), (f"runs/voc-lt/{RUN}/seed0/metrics.json", "tuned")],
)
def test_of_what_a_sweep_made_the_target_is_told_that_makes_it_again(grid, tmp_path, name, target):
    """The default target does not: a run at a chosen rate is in no table of its own."""
    asked = replace(grid, runs={"voc-lt": {}})
    file = tmp_path / "results" / name
    file.parent.mkdir(parents=True)
    file.write_text("whole")
    write_sums(file.with_name(RUN_SUMS) if "runs" in name else file.with_suffix(".sha256"), [file])
    file.write_text("edited")
    for dry, aside in ((True, f"a real run keeps it as {file.name}"), (False, f"kept as {file.name}")):
        _, (message,) = order(grid, tmp_path, asked=asked, dry=dry)
        assert message.endswith(f"{aside}.damaged; `snakemake {target}` makes it again")


def test_of_held_out_trainings_the_sweeps_target_is_told(grid, tmp_path):
    held_out = replace(grid, config={"results": (tmp_path / "results" / "tune").as_posix()})
    folder = synthetic.write(tmp_path / "results" / "tune", "voc-lt", RUN, 0, 50).parent
    _, (message,) = order(held_out, tmp_path, asked=grid)
    assert str(folder) in message and message.endswith("; `snakemake tune` makes it again")


def test_a_dry_run_only_says_so(grid, run, tmp_path):
    (run / "metrics.json").write_text("edited")
    damaged, (message,) = order(grid, tmp_path, dry=True)
    assert "a real run keeps it as metrics.json.damaged" in message
    assert list(damaged) == [run / "metrics.json"]
    assert not (run / "metrics.json.damaged").exists()


@pytest.mark.parametrize("content", ["{}", '{"map": ', None])
def test_a_result_without_a_checksum_is_not_believed(grid, run, content):
    """Replaced, cut short or whole: nothing says that it is what was made."""
    (run / RUN_SUMS).unlink()
    if content is not None:
        (run / "metrics.json").write_text(content)
    ((path, what),) = damaged_results(grid).items()
    assert path == run / "metrics.json"
    assert what.startswith("has no checksum in SHA256SUMS")


def test_a_training_that_writes_its_result_just_now_is_left_alone(grid, run):
    (run / RUN_SUMS).unlink()
    with only_process(run, waiting=lambda: None):
        assert damaged_results(grid) == {}


@pytest.mark.parametrize("byte", [5, 64, 70, 76, 77, 100, 145])
def test_damaged_checksums_are_mended_and_no_result_is_made_again(grid, run, tmp_path, byte):
    right = (run / RUN_SUMS).read_bytes()
    (run / RUN_SUMS).write_bytes(right[:byte] + bytes([right[byte] ^ 1]) + right[byte + 1 :])
    assert order(grid, tmp_path, dry=True) == ({}, [])
    damaged, (message,) = order(grid, tmp_path)
    assert damaged == {}
    assert message == f"{run / RUN_SUMS} was damaged itself: what it is of is whole, and it is written anew"
    assert (run / RUN_SUMS).read_bytes() == right


def test_a_damaged_record_is_set_aside_and_its_result_stands(grid, run, tmp_path):
    record = run / "metrics.json.made-of"
    write_record(run / "metrics.json", '{"code": "c0de", "split": "5917"}')
    write_sums(run / RUN_SUMS, [run / "metrics.json", record, run / "predictions.npz"])
    assert order(grid, tmp_path) == ({}, [])
    record.write_text(record.read_text().replace("c0de", "c1de"))
    assert order(grid, tmp_path, dry=True) == ({}, [])
    damaged, (message,) = order(grid, tmp_path)
    assert damaged == {} and "made-of was damaged: kept as metrics.json.made-of.damaged; what metrics.json" in message
    assert order(grid, tmp_path) == ({}, [])
    assert is_complete(run) and "made-of" not in (run / RUN_SUMS).read_text()


def test_what_is_kept_of_a_second_damage_does_not_replace_the_first(grid, run, tmp_path):
    for content in ("first", "second"):
        (run / "metrics.json").write_text(content)
        order(grid, tmp_path)
    assert (run / "metrics.json.damaged").read_text() == "first"
    assert (run / "metrics.json.damaged-2").read_text() == "second"


def test_one_damage_is_kept_once_however_often_it_is_found(grid, run, tmp_path):
    """As by commands that ask for other results."""
    (run / "metrics.json").write_text("edited")
    for _ in range(2):
        damaged, (message,) = order(grid, tmp_path)
        assert list(damaged) == [run / "metrics.json"] and "kept as metrics.json.damaged, and" in message
    assert [path.name for path in run.glob("*.damaged*")] == ["metrics.json.damaged"]


def test_a_folder_in_the_place_of_a_result_is_set_aside(grid, run, tmp_path):
    (run / "metrics.json").unlink()
    (run / "metrics.json").mkdir()
    damaged, (message,) = order(grid, tmp_path)
    assert list(damaged) == [run / "metrics.json"]
    assert "kept as metrics.json.damaged" in message and not (run / "metrics.json").exists()


def test_a_disk_that_does_not_let_a_result_be_read_stops_with_a_sentence(grid, run, tmp_path, monkeypatch):
    """What may be whole is neither set aside nor trained again."""

    def fail(path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr("ltmlc.disk.checksums.sha256_file", fail)
    with pytest.raises(InputError, match=r"metrics\.json cannot be read \(Stale file handle\): it may be whole"):
        order(grid, tmp_path)
    assert sorted(path.name for path in run.iterdir()) == [RUN_SUMS, "metrics.json", "predictions.npz"]


def test_what_killed_writes_left_is_removed(grid, run, tmp_path):
    for folder in (run, tmp_path / "results"):
        (folder / ".running.json.0a1b2c3d.unfinished").write_text("{")
        os.utime(folder / ".running.json.0a1b2c3d.unfinished", (1_000_000_000, 1_000_000_000))
    order(grid, tmp_path)
    assert not list((tmp_path / "results").rglob("*.unfinished"))


class KilledError(BaseException):
    """In the place of SIGKILL: nothing catches it."""


STEPS = ("unlink", "replace", "rename", "hardlink_to", "mkdir")


def test_a_run_in_safety_survives_a_kill_at_any_step_of_its_way_back(grid, run, tmp_path, monkeypatch):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    keep(run)
    for survived in itertools.count():
        for name in ("metrics.json", "predictions.npz"):  # as Snakemake does before it starts the job again
            (run / name).unlink(missing_ok=True)
        with monkeypatch.context() as patch:
            left = [survived]
            for step in STEPS:
                patch.setattr(Path, step, dying(getattr(Path, step), left))
            try:
                assert restore_finished(run, dataset="voc-lt", run=RUN)
            except KilledError:
                continue
        break
    assert survived >= 2 * len(before), "each step was tried"
    order(grid, tmp_path)
    assert not (run / FINISHED).exists(), "in its place, it needs no second name"
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.name != ".lock"} == before


def dying(step, left):
    def do(*arguments, **options):
        if left[0] == 0:
            raise KilledError
        left[0] -= 1
        return step(*arguments, **options)

    return do


@pytest.mark.parametrize("name", ["tables/table1", "tables/label_metrics", "tables/tuned", "tune/voc-lt"])
def test_an_edited_table_is_found(grid, tmp_path, name):
    table = tmp_path / "results" / f"{name}.md"
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
    assert "1 file dated in the future" in message
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
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


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
