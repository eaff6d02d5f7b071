import json
import math
import os
import socket
from datetime import UTC, datetime, timedelta

import pytest
from evidence.synthetic import grid, row, table, write

from ltmlc.disk.locks import only_process
from ltmlc.evidence.outlook.plan import make_plan
from ltmlc.evidence.outlook.status import make_status, status_text
from ltmlc.evidence.results.results import load_results

GRID = grid(table("t", *(row(name, name) for name in "abcd")))
NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


def beat(tmp_path, run, **changes):
    content = {
        **{"pid": os.getpid(), "host": socket.gethostname(), "started": "2025-01-01T11:00:00+00:00"},
        **{"epoch": 3, "epochs": 30, "iteration": 300, "iterations": 3000, "seconds_left": 100},
        "updated": (NOW - timedelta(seconds=20)).timestamp(),
    }
    path = tmp_path / "runs/voc-lt" / run / "seed0/running.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**content, **changes}))
    return path


def status(tmp_path, **options):
    return make_status(load_results(GRID, tmp_path), now=NOW, **options)


def test_every_run_has_one_state(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50)
    beat(tmp_path, "b")
    write(tmp_path, "voc-lt", "c", 0, None)
    found = status(tmp_path)
    assert [r.run for r in found.finished] == ["a"]
    assert [b.result.run for b in found.running] == ["b"]
    assert [r.run for r in found.failed] == ["c"]
    assert [r.run for r in found.missing] == ["d"]
    text = status_text(found)
    assert text.startswith("1 finished, 1 running, 1 failed, 1 missing\n")
    assert "voc-lt/b/seed0: epoch 4 of 30, 80 s left" in text  # three are done; 100 s, said 20 s ago
    assert str(tmp_path / "runs/voc-lt/c/seed0/train.log") in text


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": 2**22 + 1},  # above the highest process number Linux gives
        {"updated": (NOW - timedelta(minutes=11)).timestamp()},
        {"host": "elsewhere", "updated": (NOW - timedelta(hours=1)).timestamp()},
    ],
)
def test_a_run_without_a_sign_of_life_is_stale(tmp_path, changes):
    beat(tmp_path, "b", **changes)
    found = status(tmp_path)
    assert not found.running
    assert [b.result.run for b in found.stale] == ["b"]
    assert "resumes" in status_text(found)


@pytest.mark.parametrize("updated", ["2025-01-01T12:00:00", "1735732800", 1e300, math.nan, None])
def test_a_heartbeat_at_no_moment_is_none(tmp_path, updated):
    beat(tmp_path, "b", updated=updated)
    found = status(tmp_path)
    assert [r.run for r in found.missing] == ["a", "b", "c", "d"] and not found.running and not found.stale


def test_a_process_on_another_host_cannot_be_asked_and_counts_by_its_heartbeat(tmp_path):
    beat(tmp_path, "b", host="elsewhere", pid=2**22 + 1)
    assert len(status(tmp_path).running) == 1


def test_a_retried_failure_is_running(tmp_path):
    write(tmp_path, "voc-lt", "c", 0, None)
    beat(tmp_path, "c")
    found = status(tmp_path)
    assert not found.failed and len(found.running) == 1


def test_a_heartbeat_beside_a_result_and_a_broken_one_are_ignored(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50)
    beat(tmp_path, "a")
    beat(tmp_path, "b").write_text('{"pid": 1')
    found = status(tmp_path)
    assert not found.running and not found.stale
    assert len(found.finished) == 1 and len(found.missing) == 3


def test_the_time_left_is_that_of_running_and_missing_runs(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50)
    for run in "bcd":
        beat(tmp_path, run)
    assert status(tmp_path).seconds_left == pytest.approx(80)  # three at a time
    beat(tmp_path, "d").unlink()
    assert status(tmp_path).seconds_left is None
    assert "time left: unknown" in status_text(status(tmp_path))


def test_the_plan_prices_what_has_not_begun(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50)
    results = load_results(GRID, tmp_path)
    plan = make_plan(GRID, results)
    assert make_status(results, plan=plan, now=NOW).seconds_left is None  # b, c, d were never measured
    only = grid(table("t", row("a", "a")), seeds=(0, 1))
    results = load_results(only, tmp_path)
    assert make_status(results, plan=make_plan(only, results), now=NOW).seconds_left == pytest.approx(14)


def test_a_run_that_ended_without_a_result_has_failed_for_the_reason_its_log_gives(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "runs/voc-lt/b/seed0/train.log"
    log.parent.mkdir(parents=True)
    log.write_text("epoch 3/8\nstopped by SIGTERM at iteration 40; the same command continues\n\n")
    slurm = tmp_path / ".snakemake/slurm_logs/rule_train/voc-lt_b_0"
    slurm.mkdir(parents=True)
    for job, age in (("11", 100), ("12", 0)):
        (slurm / f"{job}.log").touch()
        os.utime(slurm / f"{job}.log", (age, 1000 - age))
    found = status(tmp_path)
    assert [r.run for r in found.stopped] == ["b"]
    assert not found.failed and len(found.missing) == 3
    text = status_text(found)
    assert text.startswith("0 finished, 0 running, 0 failed, 3 missing, 1 stopped\n")
    line = next(line for line in text.splitlines() if line.startswith("stopped"))
    assert "stopped by SIGTERM at iteration 40" in line
    assert str(log) in line and "Slurm job 12: .snakemake/slurm_logs/rule_train/voc-lt_b_0/12.log" in line


@pytest.mark.parametrize("age", [0, 1000])
def test_a_run_with_a_log_has_not_failed_as_long_as_it_gives_a_sign_of_life(tmp_path, age):
    beats = beat(tmp_path, "b")
    beats.with_name("train.log").write_text("epoch 3/8\n")
    moment = beats.stat().st_mtime - age
    os.utime(beats, (moment, moment))
    result = load_results(GRID, tmp_path).runs["voc-lt", "b", 0]
    assert result.stopped is (age > 600)


def test_a_run_that_starts_or_writes_has_no_heartbeat_and_has_not_failed(tmp_path):
    log = tmp_path / "runs/voc-lt/b/seed0/train.log"
    log.parent.mkdir(parents=True)
    log.touch()
    with only_process(log.parent, waiting=lambda: 1 / 0):
        assert not load_results(GRID, tmp_path).runs["voc-lt", "b", 0].stopped
    assert load_results(GRID, tmp_path).runs["voc-lt", "b", 0].stopped, "now nobody holds it"
