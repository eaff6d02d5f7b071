"""What is done, running, failed and missing, and the time left, from result files and heartbeats alone."""

import os
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ltmlc.disk.logs import brief
from ltmlc.disk.reading import DAMAGED, read_json
from ltmlc.errors import one_line
from ltmlc.evidence.markup import epoch_now, hours
from ltmlc.evidence.outlook.plan import Plan
from ltmlc.evidence.results.results import STALE_SECONDS, Results, RunResult
from ltmlc.plan.lookup import HEARTBEAT

SLURM_LOGS = Path(".snakemake/slurm_logs")
"""Where the Slurm plugin keeps the logs of jobs that failed, under the folder Snakemake runs in."""


@dataclass(frozen=True)
class Beat:
    """``running.json``: where a training stands. ``seconds_left`` is None while nothing is known yet."""

    result: RunResult
    host: str
    pid: int
    epoch: int  # those that are done
    epochs: float
    seconds_left: float | None
    stale: bool  # its process is gone, or it has been silent for ten minutes


@dataclass(frozen=True)
class Status:
    finished: tuple[RunResult, ...]
    running: tuple[Beat, ...]
    stale: tuple[Beat, ...]  # began, and stopped without a word: will resume when started again
    stopped: tuple[RunResult, ...]  # ended without a result (cancelled, refused, out of attempts): likewise
    failed: tuple[RunResult, ...]  # has a result, and that is a failure: the same command does not repeat it
    missing: tuple[RunResult, ...]  # not begun
    messages: tuple[str, ...]
    seconds_left: float | None  # of the whole grid with as many runs at a time as run now; None if unknown


def make_status(results: Results, *, plan: Plan | None = None, now: datetime | None = None) -> Status:
    """The state of every run of a grid.

    Args:
        plan: for the time that runs not yet begun will take.
        now: the time to compare heartbeats with (default: the present).
    """
    now = now or datetime.now(UTC)
    beats = {
        beat.result.directory: beat
        for result in results.runs.values()
        if (beat := read_heartbeat(result, now)) is not None
    }
    running = tuple(beat for beat in beats.values() if not beat.stale)
    open_runs = [
        result for result in results.runs.values() if result.status != "finished" and result.directory not in beats
    ]
    stale = tuple(beat for beat in beats.values() if beat.stale)
    missing = tuple(result for result in open_runs if result.status == "missing")
    stopped = tuple(result for result in open_runs if result.stopped)
    waiting = [*missing, *stopped, *(beat.result for beat in stale)]
    return Status(
        finished=tuple(results.with_status("finished")),
        running=running,
        stale=stale,
        stopped=stopped,
        failed=tuple(result for result in open_runs if result.status == "failed" and not result.stopped),
        missing=missing,
        messages=results.messages,
        seconds_left=_time_left(running, waiting, plan),
    )


def read_heartbeat(result: RunResult, now: datetime) -> Beat | None:
    """The heartbeat of a run that is not finished; None if it has none, or one that cannot be read right now."""
    if result.status == "finished":
        return None
    try:
        beat = read_json(result.directory / HEARTBEAT)
        silent = (now - datetime.fromtimestamp(beat["updated"], UTC)).total_seconds()
        gone = beat["host"] == socket.gethostname() and not _alive(int(beat["pid"]))
        left = beat.get("seconds_left")
        left = None if left is None else max(float(left) - silent, 0.0)
        stale = gone or silent > STALE_SECONDS
        return Beat(result, str(beat["host"]), int(beat["pid"]), int(beat["epoch"]), float(beat["epochs"]), left, stale)
    except DAMAGED:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it exists and is someone else's
        return True
    return True


def _time_left(running: tuple[Beat, ...], waiting: list[RunResult], plan: Plan | None) -> float | None:
    costs: Mapping[tuple[str, str], float | None] = (
        {(run.dataset, run.run): run.seconds for run in plan.runs} if plan else {}
    )
    times = [beat.seconds_left for beat in running] + [costs.get((result.dataset, result.run)) for result in waiting]
    return None if any(time is None for time in times) else sum(times) / max(len(running), 1)


def status_text(status: Status) -> str:
    """The status for a reader at a terminal: counts, then what needs a look."""
    always, sometimes = ("finished", "running", "failed", "missing"), ("stopped", "stale")
    counts = {name: len(getattr(status, name)) for name in (*always, *sometimes)}
    lines = [", ".join(f"{number} {name}" for name, number in counts.items() if number or name in always)]
    if status.running or status.missing or status.stopped or status.stale:
        at_a_time = f", {len(status.running)} at a time" if len(status.running) > 1 else ""
        lines.append(
            "time left: "
            + ("unknown" if status.seconds_left is None else f"about {hours(status.seconds_left)}{at_a_time}")
        )
    lines += [f"running  {_progress(beat)}" for beat in status.running]
    lines += [
        f"stale    {_progress(beat)}: no sign of life; start it again, it resumes ({_logs(beat.result)})"
        for beat in status.stale
    ]
    lines += [
        f"{kind:8} {result.name}: {brief(result.error)} ({_logs(result)})"
        for kind in ("stopped", "failed")
        for result in getattr(status, kind)
    ]
    missing = Counter(result.dataset for result in status.missing)
    lines += [f"missing  {dataset}: {number} runs" for dataset, number in missing.items()]
    lines += [f"note     {message}" for message in status.messages]
    return "\n".join(map(one_line, lines)) + "\n"


def _logs(result: RunResult) -> str:
    """The run's log and that of its last attempt as a Slurm job, which tells of limits and lost nodes."""
    jobs = SLURM_LOGS.glob(f"*/{result.dataset}_{result.run}_{result.seed}/*.log")
    newest = max(jobs, key=lambda log: log.stat().st_mtime, default=None)
    return str(result.log) if newest is None else f"{result.log}; Slurm job {newest.stem}: {newest}"


def _progress(beat: Beat) -> str:
    left = "" if beat.seconds_left is None else f", {hours(beat.seconds_left)} left"
    return f"{beat.result.name}: {epoch_now(beat.epoch, beat.epochs)}{left} ({beat.host}, process {beat.pid})"
