import numpy as np
import pytest
from evidence.synthetic import SPEC, grid, row, split, table, write

from ltmlc.evidence.markup import hours
from ltmlc.evidence.outlook.plan import images_per_run, make_plan, plan_text
from ltmlc.evidence.results.results import load_results

GRID = grid(table("t1", row("A", "a"), row("B", "b")), table("t2", row("B again", "b"), row("C", "c")), seeds=(0, 1))


def plan(tmp_path, *, splits=None):
    return make_plan(GRID, load_results(GRID, tmp_path), splits=splits)


def test_shared_runs_are_counted_once_and_named(tmp_path):
    made = plan(tmp_path)
    assert made.cells == 4
    assert len(made.runs) == 3
    assert made.per_table == (("T1", 2, 2, 2), ("T2", 2, 2, 1))
    assert next(run for run in made.runs if run.run == "b").tables == ("t1", "t2")
    text = plan_text(made)
    assert "4 cells, 3 distinct trainings, 2 seeds: 6 runs." in text
    assert "voc-lt/b: t1, t2" in text


def test_nothing_measured_is_an_unknown_cost(tmp_path):
    made = plan(tmp_path)
    assert made.seconds() is None
    assert "cost: unknown" in plan_text(made)
    assert {run.basis for run in made.runs} == {"unknown"}


def test_a_class_aware_run_sees_the_epochs_of_the_released_sampler():
    counts = [775] + [4] * 19
    spec = {**SPEC, "batch_size": 32, "recipe": {"epochs": 30}}
    assert images_per_run(spec, counts, 1142) == 3630 * 32  # METHODS 2: 3630 iterations on VOC-LT
    assert images_per_run({**spec, "batch_size": 16}, counts, 1142) == 7260 * 16
    assert (
        images_per_run({**spec, "sampler": {"name": "uniform"}}, counts, 1142) == 30 * 36 * 32
    )  # the last is filled up


@pytest.mark.parametrize("name", ["uniform", "class_aware"])
@pytest.mark.parametrize("batch_size", [16, 32, 64])
def test_a_run_sees_as_many_images_as_the_trainer_shows_it(name, batch_size):
    from ltmlc.training.loop import iterations_per_epoch, make_sampler

    labels = np.zeros((70, 2), np.uint8)
    labels[:, 0], labels[:3, 1] = 1, 1
    spec = {**SPEC, "sampler": {**SPEC["sampler"], "name": name}, "batch_size": batch_size}
    batches = iterations_per_epoch(make_sampler(spec["sampler"], labels, seed=0), batch_size)
    assert images_per_run(spec, [70, 3], 70) == batches * batch_size * spec["recipe"]["epochs"]


def test_measured_runs_price_themselves_and_the_others_by_their_images(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50, seconds={"train": 10.0, "total": 14.0})
    big = split()
    big.class_counts = [80, 40, 20]  # 60 images an epoch, 120 a run
    made = plan(tmp_path, splits={"voc-lt": big})
    basis = {run.run: (run.basis, run.seconds, run.remaining, run.images) for run in made.runs}
    assert basis["a"] == ("measured", pytest.approx(14.0), 1, 120)
    assert basis["b"] == ("estimated", pytest.approx(14.0), 2, 120)
    assert made.seconds() == pytest.approx(6 * 14)
    assert made.seconds(remaining=True) == pytest.approx(5 * 14)
    assert "one run at a time on cpu" in plan_text(made)


def test_without_a_split_only_measured_runs_have_a_price(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50)
    made = plan(tmp_path)
    assert made.seconds() is None
    assert "at least 14 s still to do on cpu, unknown for 2 trainings" in plan_text(made)


@pytest.mark.parametrize(("seconds", "text"), [(14, "14 s"), (600, "10 min"), (18000, "5.0 h")])
def test_durations_are_in_the_unit_one_plans_with(seconds, text):
    assert hours(seconds) == text
