"""What a person sees of a running workflow: few lines, and always a failed job's own sentence and its log."""

import io
import json
import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from ltmlc.workflow.narrator import PLAIN_SECONDS, Narrator
from ltmlc.workflow.running import title_of

RUN = {"dataset": "voc-lt", "run": "lsep", "seed": "0"}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A narrator without a terminal, its clock, and what it wrote."""

    def __init__(self, folder, *, terminal: bool = False) -> None:
        self.folder, self.stream, self.clock = folder, io.StringIO(), Clock()
        self.narrator = Narrator(logging.StreamHandler(self.stream), terminal=terminal, clock=self.clock)

    def say(self, message: str | None = None, level: int = logging.INFO, **fields) -> None:
        record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
        vars(record).update(fields)
        self.narrator.handle(record)

    def plan(self, **counts: int) -> None:
        self.say("Job stats:", event=LogEvent.RUN_INFO, stats={**counts, "total": sum(counts.values())})

    def begin(self, jobid: int = 1, rule: str = "train", wildcards: dict | None = None) -> None:
        folder = self.folder / str(jobid)
        folder.mkdir(exist_ok=True)
        wildcards = RUN if wildcards is None else wildcards
        output, log = [str(folder / "metrics.json")], [str(folder / "train.log")]
        fields = {"rule_name": rule, "wildcards": wildcards, "output": output, "log": log}
        self.say(event=LogEvent.JOB_INFO, jobid=jobid, **fields)

    def fail(self, jobid: int = 1, said: str = "", rule: str = "train") -> None:
        log = self.folder / str(jobid) / "train.log"
        log.write_text(said)
        self.say("", logging.ERROR, event=LogEvent.JOB_ERROR, jobid=jobid, rule_name=rule, log=[str(log)])

    def finish(self, jobid: int = 1) -> None:
        self.say(event=LogEvent.JOB_FINISHED, job_id=jobid)

    def beat(self, jobid: int = 1, **fields) -> None:
        (self.folder / str(jobid) / "running.json").write_text(json.dumps(fields))

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def told(tmp_path):
    return Told(tmp_path)


def test_a_failed_job_is_its_own_sentence_and_its_log(told):
    told.plan(subset=1, train=4)
    told.begin(rule="subset", wildcards={"dataset": "mine"})
    told.fail(said="1 % done\nltmlc subset: error: data root missing\n\n", rule="subset")
    log = told.folder / "1" / "train.log"
    assert told.lines[1:] == ["FAILED subset mine: ltmlc subset: error: data root missing", f"       log: {log}"]


def test_a_job_that_said_nothing_is_told_too(told):
    told.plan(train=1)
    told.begin()
    told.fail()
    assert told.lines[1].startswith("FAILED voc-lt/lsep/seed0: it ended without a word")


def test_a_job_that_is_tried_again_is_not_taken_for_lost(told):
    told.plan(train=2)
    told.begin()
    told.fail(said="Killed")
    told.say("Trying to restart job 1.")
    assert told.lines[-1] == "again  voc-lt/lsep/seed0: another attempt follows"


def test_a_training_that_diverged_is_told_though_its_job_ended_well(told):
    told.plan(train=2)
    told.begin()
    error = "the loss (nan) is not finite at epoch 1; classes: cat, dog; images: a, b, c"
    (told.folder / "1" / "metrics.json").write_text(json.dumps({"status": "failed", "error": error}))
    told.finish()
    brief = "the loss (nan) is not finite at epoch 1; classes: cat and 1 more; images: a and 2 more"
    assert f"FAILED voc-lt/lsep/seed0: {brief}" in told.lines


def test_where_things_stand_counts_trainings_time_and_the_epoch(told):
    told.plan(train=4, tabulate=1)
    told.begin(1)
    told.clock.now += 60
    told.finish(1)
    told.begin(2)
    told.beat(2, epoch=2, epochs=8, seconds_left=30)
    told.clock.now += PLAIN_SECONDS
    told.narrator.refresh()
    assert told.lines[0] == "To do: 4 trainings and 1 other steps"
    # 30 s of this one, and two more like the first, one at a time
    assert told.lines[-1] == "1 of 4 trainings, about 2 min left: voc-lt/lsep/seed0: epoch 3 of 8"


def test_trainings_that_were_planned_later_are_counted_when_they_begin(told):
    told.plan(train_held_out=1)
    told.begin()
    told.clock.now += PLAIN_SECONDS
    told.finish()
    told.begin(2)
    told.clock.now += PLAIN_SECONDS
    told.narrator.refresh()
    assert told.lines[-1] == "1 of 2 trainings, about 30 s left: voc-lt/lsep/seed0"


def test_without_a_terminal_lines_come_seldom_and_only_with_news(told):
    told.plan(train=100)
    for jobid in range(50):
        told.begin(jobid)
        told.finish(jobid)
    assert len(told.lines) == 1
    told.clock.now += PLAIN_SECONDS
    told.narrator.refresh()
    told.clock.now += PLAIN_SECONDS
    told.narrator.refresh()
    assert told.lines[1:] == ["50 of 100 trainings"]


def test_at_a_terminal_one_line_is_written_anew(tmp_path):
    told = Told(tmp_path, terminal=True)
    told.plan(train=10)
    for jobid in range(9):
        told.begin(jobid)
        told.finish(jobid)
    told.narrator.refresh()
    assert told.stream.getvalue().count("\n") == 1  # behind "To do"
    assert "9 of 10 trainings" in told.stream.getvalue().split("\r")[-1]
    told.narrator.finish()


def test_what_snakemake_says_of_itself_is_left_out_and_what_concerns_the_user_is_passed_on(told):
    told.plan(train=1)
    for chatter in ("Select jobs to execute...", "Using shell: /bin/bash", "Provided cores: 2"):
        told.say(chatter)
    told.say("RuleException:\nCalledProcessError in file x", logging.ERROR, event=LogEvent.ERROR)
    told.say("Nothing to be done (all requested files are present and up to date).")
    told.say("Creating conda environment envs/train.yaml...")
    told.say("results/x was edited", logging.WARNING)
    assert len(told.lines) == 4


def test_a_job_of_the_data_shows_what_its_log_said_last(told):
    told.plan(download=1, train=1)
    told.begin(rule="download", wildcards={"dataset": "coco-lt", "part": "data"})
    (told.folder / "1" / "train.log").write_text("photographs: 30 %\nphotographs: 40 %\n")
    assert told.narrator.now() == "download coco-lt data: photographs: 40 %"


def test_a_training_is_called_as_everywhere_else():
    assert title_of("train_held_out", RUN) == "voc-lt/lsep/seed0"
    assert title_of("pack", {"dataset": "voc-lt"}) == "pack voc-lt"
