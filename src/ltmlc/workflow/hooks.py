"""What this project adds to a run of Snakemake, from whatever Snakefile it is started: what happens is told
(:mod:`ltmlc.workflow.narrator`), what cannot be trained is refused before the first job, a mistake in the input is not
tried again, what the disk refuses Snakemake is one sentence, and the end says what failed.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import snakemake.api  # before snakemake.workflow: they import each other
import snakemake.workflow
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.enums import Quietness

from ltmlc.disk.files import canonical_json
from ltmlc.disk.logs import last_line, refuses_its_input
from ltmlc.errors import counted_noun, few
from ltmlc.plan.lookup import LOG, METRICS
from ltmlc.workflow.narrator import Narrator
from ltmlc.workflow.running import TRAININGS, recorded_failure, title_of
from ltmlc.workflow.words import in_words

BAD_INPUT = 2
"""Exit code of a command that was given bad input."""
JOBS_NAMED = 3
"""Failed trainings that the last line names; the others it counts."""


def tell_what_happens(workflow: Any, config: Mapping[str, Any]) -> None:
    """Add all of this module to a workflow that begins to be read.

    With the configuration's key ``strict``, failed trainings are an error, recorded ones too.
    """
    execute = workflow.execute

    def execute_and_tell(*args: Any, **kwargs: Any) -> None:
        if workflow.output_settings.dryrun:
            return execute(*args, **kwargs)

        def check() -> None:
            refuse_to_wait_for_ever(workflow.resource_settings)
            if any(job.rule.name in TRAININGS for job in workflow.dag.needrun_jobs()):
                refuse_what_cannot_train(config, elsewhere=not workflow.local_exec)

        with _narrated(workflow.output_settings), _patient_scheduler(check):
            try:
                execute(*args, **kwargs)
            finally:
                end = end_of(workflow)
                if end.sentence:
                    logger.log(logging.WARNING if end.failed else logging.INFO, end.sentence)
        if config["strict"] and end.failed:
            raise WorkflowError(f"strict: true, and {len(end.failed)} of {end.trainings} trainings failed")
        return None

    workflow.execute = in_words()(execute_and_tell)  # the disk refuses Snakemake's own reading and writing, too


@dataclass(frozen=True)
class End:
    """How the trainings stand that a workflow needs, those of earlier runs included."""

    finished: int = 0
    failed: dict[str, Path] = field(default_factory=dict)  # name -> log; with or without a result
    waiting: int = 0
    other: dict[str, str] = field(default_factory=dict)  # failed jobs that are no trainings -> their logs

    @property
    def trainings(self) -> int:
        return self.finished + len(self.failed) + self.waiting

    @property
    def sentence(self) -> str:
        """The last words; empty where nothing is to be said."""
        if not (self.finished or self.failed or self.other):
            return ""
        parts = [f"{counted_noun(self.finished, 'training')} finished"] if self.trainings else []
        if self.failed:
            names = list(self.failed)
            parts.append(f"{len(names)} failed: {few(names, JOBS_NAMED)}; see {self.failed[names[0]]}")
        if self.waiting and (self.failed or self.other):
            parts.append(f"{self.waiting} not trained")
        parts += [f"{title} failed: see {log}" for title, log in self.other.items()]
        return ", ".join(parts)


def end_of(workflow: Any) -> End:
    """How a workflow that was executed ended."""
    if workflow.scheduler is None or workflow.touch:
        return End()
    broken = workflow.scheduler.failed
    finished, failed, waiting = 0, {}, 0
    jobs = [job for job in workflow.dag.jobs if job.rule.name in TRAININGS]
    for job in sorted(jobs, key=lambda job: str(job.output[0])):
        folder = Path(str(job.output[0])).parent
        due = workflow.dag.needrun(job) and not workflow.dag.finished(job)  # what stands there is to be replaced
        if job in broken or (not due and recorded_failure(folder)):
            failed[title_of(job.rule.name, job.wildcards_dict)] = folder / LOG
        elif not due and (folder / METRICS).exists():
            finished += 1
        else:
            waiting += 1
    other = {
        title_of(job.rule.name, job.wildcards_dict): ", ".join(map(str, job.log)) or "above"
        for job in broken
        if not job.is_group() and job.rule.name not in TRAININGS
    }
    return End(finished, failed, waiting, other)


def refuse_to_wait_for_ever(settings: Any) -> None:
    """Raise WorkflowError where no job could ever start: Snakemake takes any number of cores or, elsewhere, of jobs."""
    option, number = ("--cores", settings.cores) if settings.nodes is None else ("--jobs", settings.nodes)
    if number is not None and number < 1:
        raise WorkflowError(f"{option} {number} lets no job start; give {option} 1 or more")


def refuse_what_cannot_train(config: Mapping[str, Any], *, elsewhere: bool) -> None:
    """Ask ``ltmlc check``, in a process of its own that imports torch, and pass its sentence on."""
    command = [sys.executable, "-P", "-m", "ltmlc", "check", "--config", canonical_json(config)]
    command += ["--elsewhere"] if elsewhere else []
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode == BAD_INPUT:
        raise WorkflowError(done.stderr.strip().splitlines()[-1])


class PatientScheduler(JobScheduler):
    """Snakemake's, but a job that refused its input is not tried again: it would end with the same sentence. Calls
    ``first`` before the first job.
    """

    def __init__(self, *args: Any, first: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._first = first

    def schedule(self) -> bool:
        self._first()
        return super().schedule()

    def _handle_error(self, job: Any, *args: Any, **kwargs: Any) -> None:
        rules = {each.rule for each in (job if job.is_group() else [job])}
        retries = {rule: rule.restart_times for rule in rules}
        if any(refuses_its_input(last_line(Path(log))) for log in job.log):
            for rule in rules:
                rule.restart_times = 0
        try:
            super()._handle_error(job, *args, **kwargs)
        finally:
            for rule, times in retries.items():
                rule.restart_times = times


@contextmanager
def _patient_scheduler(first: Callable[[], None]) -> Iterator[None]:
    snakemake.workflow.JobScheduler = partial(PatientScheduler, first=first)
    try:
        yield
    finally:
        snakemake.workflow.JobScheduler = JobScheduler


@contextmanager
def _narrated(settings: Any) -> Iterator[None]:
    """Put the narrator in the place of Snakemake's own lines, unless these were asked for, or silence, or a plugin."""
    own = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    asked = settings.verbose or settings.printshellcmds or settings.debug_dag
    if own is None or asked or Quietness.ALL in (settings.quiet or ()):
        yield
        return
    narrator = Narrator(own, terminal=own.is_tty)
    logger.removeHandler(own)
    logger.addHandler(narrator)  # Snakemake closes it at its end, with the last of its words
    narrator.watch()
    try:
        yield
    finally:
        narrator.finish()
