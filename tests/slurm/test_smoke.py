"""The smoke configuration as its users run it: with the Slurm profile, every step of it, on a real Slurm."""

import pytest
from slurm.bench import DATASET, Bench

pytestmark = pytest.mark.slurm

RUNS = ("lsep", "c_lsep_gamma-5", "dr_gamma1-5_gamma2-7", "dr_gamma1-5_gamma2-7+db_focal")


@pytest.fixture(scope="module")
def smoke(bench) -> Bench:
    run = bench.start(config="config/smoke.yaml")
    bench.watch(run)
    assert run.process.returncode == 0, run.text[-5000:]
    return bench


def test_everything_is_made(smoke):
    assert smoke.ltmlc("status", "--config", "config/smoke.yaml").startswith(
        "4 finished, 0 running, 0 failed, 0 missing"
    )
    table = (smoke.root / "results/smoke/tables/table2.md").read_text()
    assert "…" not in table.split("\n\n")[1] and "✗" not in table.split("\n\n")[1]
    for file in ("results/smoke/REPRODUCTION.md", "results/smoke/diff.md", "figures/smoke/fig3.png"):
        assert (smoke.root / file).stat().st_size > 100, file


def test_two_jobs_never_hold_the_same_gpu(smoke):
    looks = [[job["cards"] for job in look.values() if job["cards"]] for look in smoke.seen]
    assert max(map(len, looks)) > 1, "the trainings must have run beside each other"
    assert all(len(set(cards)) == len(cards) for cards in looks)
    assert all(cards.isdigit() for look in looks for cards in look), "one GPU a training"


def test_each_training_is_told_the_gpu_it_holds(smoke):
    """By the environment that PyTorch obeys; which job it was stands beside it."""
    for run in RUNS:
        environment = smoke.metrics(run)["environment"]
        assert {environment["visible_gpus"]} == smoke.cards_of(run)
        assert environment["slurm_job_id"] in smoke.jobs_of(run)


def test_a_job_says_which_run_and_seed_it_is(smoke):
    comments = {job["comment"] for look in smoke.seen for job in look.values()}
    assert {f"rule_train_wildcards_{DATASET}_{run}_0" for run in RUNS} <= comments


def test_what_takes_seconds_stays_where_snakemake_runs(smoke):
    rules = {job["comment"].split("_wildcards")[0] for look in smoke.seen for job in look.values()} - {""}
    assert rules == {
        *("rule_subset", "rule_pack", "rule_pretrain", "rule_train"),
        *("rule_figure_gradients", "rule_figure_data"),
    }
