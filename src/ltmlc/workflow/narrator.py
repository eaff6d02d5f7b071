"""What a person sees of a running workflow: one live line at a terminal, else a plain line now and then; and always a
failed job's own sentence and its log. `.snakemake/log` keeps the hundreds of lines of Snakemake, whose place it takes.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from ltmlc.disk.logs import brief, last_line, refuses_its_input
from ltmlc.evidence.markup import hours
from ltmlc.plan.lookup import LOG
from ltmlc.workflow.running import TRAININGS, Running, recorded_failure, title_of

PLAIN_SECONDS = 30
"""Shortest time between two lines where there is no terminal."""
CHATTER = (
    "Building DAG",
    "Using shell",
    "Provided ",
    "Rules claiming",
    "Conda environments: ignored",
    "Select jobs",
    "Singularity containers",
    "Touching output",
    "Removing output",
    "Storing output",
)
"""Beginnings of what Snakemake says of itself."""
RESTARTED = re.compile(r"Trying to restart job (\d+)")
FRAME = re.compile(r'^  File ".*", line \d+, in .*\n?', flags=re.M)
KNOWN_BY_NOW = (
    "Exiting because a job execution failed",
    "CalledProcessError in file",
    "At least one job did not complete successfully",
)
"""Parts of Snakemake's errors that only repeat that a job failed."""
OF_SNAKEMAKE = {
    LogEvent(name) for name in ("workflow_started", "job_started", "progress", "resources_info", "shellcmd")
}


class Narrator(logging.Handler):
    """Takes Snakemake's log records.

    Args:
        other: the handler whose place it takes: it knows where to write, and how to format what is passed on.
        terminal: whether one line can be written anew; else lines come at most every ``PLAIN_SECONDS``.
        clock: seconds since 1970.
    """

    def __init__(self, other: logging.StreamHandler, *, terminal: bool, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._other, self._terminal, self._clock = other, terminal, clock
        self._running: dict[int, Running] = {}
        self._failed: dict[int, Running] = {}
        self._total = self._done = self._steps = 0
        self._durations: list[float] = []
        self._widest, self._told, self._told_at = 1, "", clock()
        self._bar: tqdm | None = None
        self._stopped = threading.Event()
        self._events = {
            LogEvent.RUN_INFO: self._planned,
            LogEvent.JOB_INFO: self._began,
            LogEvent.JOB_FINISHED: self._finished,
            LogEvent.JOB_ERROR: self._went_wrong,
        }

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        try:
            if event in self._events:
                self._events[event](record)
            elif restarted := RESTARTED.match(str(record.msg)):
                self._tries_again(int(restarted[1]))
            elif event not in OF_SNAKEMAKE and not _is_chatter(record):
                self.say(FRAME.sub("", self._other.format(record)).strip("\n"))
        except Exception:  # what is told must not stop what is done
            self.handleError(record)

    def watch(self) -> None:
        """Say where things stand every second, until it is closed."""

        def repeat() -> None:
            while not self._stopped.wait(1):
                with self.lock:
                    self.refresh()

        threading.Thread(target=repeat, daemon=True).start()

    def finish(self) -> None:
        """No live line from here on."""
        self._stopped.set()
        with self.lock:
            self._steps = 0
            if self._bar is not None:
                self._bar.close()
                self._bar = None

    def close(self) -> None:
        self.finish()
        super().close()

    def say(self, text: str) -> None:
        """A line that stays."""
        if text:
            with tqdm.external_write_mode(file=self._other.stream):
                print(text, file=self._other.stream, flush=True)

    def refresh(self) -> None:
        """Say where things stand: anew on the live line, or in a new line if there is news and the last one is old."""
        if not self._steps:
            return
        now = self.now()
        if self._terminal:
            if self._bar is None:
                form = "{desc} |{bar:12}| {postfix[0]}"
                self._bar = tqdm(total=1, bar_format=form, dynamic_ncols=True, leave=False, file=self._other.stream,
                                 postfix=[""])  # fmt: skip
            self._bar.total, self._bar.n = self._total or self._steps, self._done
            self._bar.desc, self._bar.postfix[0] = self._counts(), now
            self._bar.refresh()
            return
        text = f"{self._counts()}: {now}" if now else self._counts()
        if text != self._told and self._clock() - self._told_at >= PLAIN_SECONDS:
            self._told, self._told_at = text, self._clock()
            self.say(text)

    def now(self) -> str:
        """What runs: the first training, else the first job."""
        jobs = sorted(self._running.values(), key=lambda job: (not job.training, job.started))
        more = f" (and {len(jobs) - 1} more)" if len(jobs) > 1 else ""
        return jobs[0].text() + more if jobs else ""

    def seconds_left(self) -> float | None:
        """Of all trainings, if those to come take as long as those that are done; None while nothing is known."""
        trainings = [job for job in self._running.values() if job.training]
        beats = [(self._clock() - job.started, beat["seconds_left"]) for job in trainings if (beat := job.beat())]
        spans = self._durations or [spent + left for spent, left in beats]
        if not spans:
            return None
        waiting = self._total - self._done - sum(job.training for job in self._failed.values()) - len(beats)
        left = sum(left for _, left in beats) + waiting * fmean(spans)
        return left / max(self._widest, 1)

    def _counts(self) -> str:
        what = "trainings" if self._total else "steps"
        left = self.seconds_left()
        return f"{self._done} of {self._total or self._steps} {what}" + (f", about {hours(left)} left" if left else "")

    def _planned(self, record: logging.LogRecord) -> None:
        counts = record.stats
        self._total, self._steps = sum(counts.get(rule, 0) for rule in TRAININGS), counts["total"]
        others = f"{self._steps - self._total} other steps"
        self.say(f"To do: {self._total} trainings and {others}" if self._total else f"To do: {self._steps} steps")

    def _began(self, record: logging.LogRecord) -> None:
        folder = Path(record.output[0]).parent if record.output else Path()
        title, logs = title_of(record.rule_name, record.wildcards), [Path(log) for log in record.log]
        job = Running(title, record.rule_name in TRAININGS, folder, logs, self._clock())
        self._running[record.jobid] = job
        running = sum(each.training for each in self._running.values())
        self._widest = max(self._widest, running)
        if self._total:  # the chosen rates' trainings are planned when the sweep is decided, and told by no new plan
            failed = sum(each.training for each in self._failed.values())
            self._total = max(self._total, self._done + failed + running)

    def _finished(self, record: logging.LogRecord) -> None:
        job = self._running.pop(record.job_id, None)
        if job is not None and job.training:
            self._durations.append(self._clock() - job.started)
            if problem := recorded_failure(job.folder):
                self.say(f"FAILED {job.title}: {brief(problem)}\n       log: {job.folder / LOG}")
        if job is not None:
            self._done += job.training if self._total else 1
        self.refresh()

    def _went_wrong(self, record: logging.LogRecord) -> None:
        logs = [Path(log) for log in record.log]
        job = self._running.pop(record.jobid, None) or Running(record.rule_name, False, Path(), logs)
        self._failed[record.jobid] = job
        lines = [line for log in logs if (line := last_line(log))] or ["it ended without a word"]
        # The second line is a cluster's: limits, lost nodes.
        said = lines[0] if refuses_its_input(lines[0]) else "; ".join(lines)
        self.say(f"FAILED {job.title}: {brief(said)}\n       log: {', '.join(map(str, logs)) or 'none'}")
        self.refresh()

    def _tries_again(self, jobid: int) -> None:
        job = self._failed.pop(jobid, None)
        if job is not None:
            self.say(f"again  {job.title}: another attempt follows")


def _is_chatter(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    return text.startswith(CHATTER) if record.levelno < logging.WARNING else any(part in text for part in KNOWN_BY_NOW)
