"""What is added to Snakemake, in a small workflow of its own: failures are told, and how all ends."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.exceptions import WorkflowError

from ltmlc.workflow.hooks import end_of, refuse_to_wait_for_ever
from workflow import warm_snakemake

SNAKEFILE = """
from ltmlc.plan.config import load_config
from ltmlc.workflow.hooks import tell_what_happens

ASKED = {"datasets": config.get("datasets", ["digits20-lt"]), "tables": ["table2"]}
tell_what_happens(workflow, load_config({**ASKED, "strict": config.get("strict", False)}))
RUNS = ["good", "diverged"]

rule all:
    input: expand("runs/x/{run}/seed0/metrics.json", run=RUNS), "table.csv"

rule refused:
    input: "runs/x/refused/seed0/metrics.json"

rule killed:
    input: "runs/x/killed/seed0/metrics.json"

rule train:
    output: "runs/{dataset}/{run}/seed{seed}/metrics.json"
    log: "runs/{dataset}/{run}/seed{seed}/train.log"
    shell: "bash jobs/{wildcards.run} {output} 2> {log}"

rule nothing:
    output: "nothing.txt"
    shell: "touch {output}"

rule tabulate:
    input: "runs/x/good/seed0/metrics.json"
    output: "table.csv"
    shell: "touch {output}"
"""
JOBS = {
    "good": """echo '{"status": "finished", "error": null}' > $1""",
    "diverged": """echo '{"status": "failed", "error": "the loss is not finite; images: a, b, c"}' > $1""",
    "refused": "echo attempt >> attempts; echo 'ltmlc train: error: batch_size is 0' >&2; exit 2",
    "killed": "echo attempt >> attempts; echo Killed >&2; exit 137",
}


@pytest.fixture
def snakemake(tmp_path):
    """``snakemake("--config", "strict=true")``: exit code, and what a person without a terminal sees."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "jobs").mkdir()
    for name, script in JOBS.items():
        (tmp_path / "jobs" / name).write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "CUDA_VISIBLE_DEVICES": ""}

    def run(*arguments: str) -> tuple[int, str]:
        asked = ["--cores", "1", "--keep-going", *arguments]
        done = warm_snakemake.call(asked, folder=tmp_path, environment=environment)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("before", ["finished", "failed"])
def test_a_result_that_was_to_be_made_again_and_was_not_counts_as_not_trained(tmp_path, before):
    """An earlier job failed, or Ctrl-C: the former result still stands there."""

    def job(run, status):
        folder = tmp_path / run / "seed0"
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({"status": status, "error": None}))
        wildcards = {"dataset": "x", "run": run, "seed": "0"}
        rule = SimpleNamespace(name="train")
        return SimpleNamespace(rule=rule, output=[folder / "metrics.json"], wildcards_dict=wildcards)

    old, new, kept = job("old", before), job("new", "finished"), job("kept", "finished")
    dag = SimpleNamespace(jobs=[old, new, kept], needrun=[old, new].__contains__, finished=[new].__contains__)
    end = end_of(SimpleNamespace(scheduler=SimpleNamespace(failed=[]), touch=False, dag=dag))
    assert (end.finished, end.failed, end.waiting) == (2, {}, 1)


def test_a_job_that_refuses_its_input_is_told_once_and_not_tried_again(snakemake, tmp_path):
    code, said = snakemake("--retries", "2", "--", "refused")
    assert code == 1
    assert said.count("FAILED x/refused/seed0: ltmlc train: error: batch_size is 0") == 1
    assert "log: runs/x/refused/seed0/train.log" in said
    assert said.rstrip().endswith("0 trainings finished, 1 failed: x/refused/seed0; see runs/x/refused/seed0/train.log")
    assert (tmp_path / "attempts").read_text().split() == ["attempt"]


def test_a_job_that_was_killed_is_tried_again(snakemake, tmp_path):
    code, said = snakemake("--retries", "2", "--", "killed")
    assert code == 1
    assert said.count("another attempt follows") == 2 and said.count("FAILED x/killed/seed0: Killed") == 3
    assert (tmp_path / "attempts").read_text().split() == 3 * ["attempt"]


def test_a_workflow_says_at_its_end_what_failed_again_and_again(snakemake):
    last_words = "1 training finished, 1 failed: x/diverged/seed0; see runs/x/diverged/seed0/train.log"
    code, said = snakemake()
    assert code == 0 and last_words in said
    assert "FAILED x/diverged/seed0: the loss is not finite; images: a and 2 more" in said
    assert "Select jobs" not in said and "rule train:" not in said
    code, said = snakemake()  # nothing to be done
    assert code == 0 and last_words in said


def test_what_cannot_be_trained_is_refused_before_the_first_job_whatever_snakefile_it_is(snakemake, tmp_path):
    """A paper-sized run where no GPU is visible."""
    code, said = snakemake("--config", "datasets=[voc-lt]")
    assert code == 1 and "hours to days on a CPU" in said
    assert "Traceback" not in said and "hooks.py" not in said
    assert not (tmp_path / "runs").exists()
    assert snakemake("--config", "datasets=[voc-lt]", "--", "nothing.txt")[0] == 0  # nothing of it is trained


def test_no_core_is_refused_where_a_job_would_wait_for_it_for_ever(snakemake, tmp_path):
    code, said = snakemake("--cores", "0", "--", "nothing.txt")
    assert code == 1 and "--cores 0 lets no job start; give --cores 1 or more" in said
    assert not (tmp_path / "nothing.txt").exists()
    assert snakemake("--cores", "0", "--dry-run", "--", "nothing.txt")[0] == 0


@pytest.mark.parametrize(
    ("cores", "jobs", "said"),
    [(0, None, "--cores 0"), (-2, None, "--cores -2"), (None, 0, "--jobs 0"), (4, 0, "--jobs 0")],
)
def test_neither_no_core_nor_on_a_cluster_no_job_is_waited_for(cores, jobs, said):
    with pytest.raises(WorkflowError, match=f"{said} lets no job start"):
        refuse_to_wait_for_ever(SimpleNamespace(cores=cores, nodes=jobs))
    refuse_to_wait_for_ever(SimpleNamespace(cores=0, nodes=100))  # on a cluster cores are not counted


def test_strict_is_an_error_where_a_recorded_training_failed(snakemake):
    for _ in ("trained", "nothing to be done"):
        code, said = snakemake("--config", "strict=true")
        assert code == 1 and "strict: true, and 1 of 2 trainings failed" in said
    code, _ = snakemake("--config", "strict=true", "--", "table.csv")  # which needs the good one alone
    assert code == 0


@pytest.mark.parametrize("asked", ["--printshellcmds", "--dry-run"])
def test_snakemakes_own_lines_are_there_for_who_asks(snakemake, asked):
    assert "rule train:" in snakemake(asked)[1]


def test_the_whole_of_it_is_in_snakemakes_log(snakemake, tmp_path):
    snakemake("--quiet", "progress")
    (log,) = (tmp_path / ".snakemake" / "log").glob("*.log")
    assert "rule train:" in log.read_text()
    assert json.loads((tmp_path / "runs/x/good/seed0/metrics.json").read_text())["status"] == "finished"
