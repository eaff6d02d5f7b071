import pytest
from evidence.synthetic import SPEC

from ltmlc.evidence.outlook.warm_up import short_warm_ups, short_warm_ups_of
from ltmlc.plan.grid import load_grid
from ltmlc.training.recipe import learning_rate_factor

RECIPE = {"warmup_ratio": 1 / 3, "warmup_iterations": 500, "steps": [5], "step_factor": 0.1, "epochs": 8}
COUNTS = [643] + [4] * 19  # 100 iterations an epoch at batch size 32


def spec(*, batch_size: int = 32, **recipe):
    return {**SPEC, "batch_size": batch_size, "recipe": {**RECIPE, **recipe}}


def sentences(**specs):
    return short_warm_ups_of("voc07-lt", specs, COUNTS, 1065)


def test_a_rate_that_falls_when_the_warm_up_is_over_is_not_named():
    assert sentences(a=spec(), b=spec(batch_size=16), c=spec(batch_size=64, warmup_iterations=250)) == []
    assert sentences(a=spec(batch_size=64, warmup_iterations=0)) == []


def test_a_rate_that_falls_before_is_named_with_what_it_reaches():
    found = sentences(fine=spec(), short=spec(batch_size=64), other=spec(batch_size=64))
    assert found == [
        "voc07-lt: the rate of short, other peaks after 250 iterations, at 67 % of the recipe's: the warm-up takes 500 "
        "(warmup_iterations)"
    ]


def test_a_warm_up_that_begins_at_the_whole_rate_and_a_step_that_lowers_nothing_are_not_named():
    assert sentences(a=spec(batch_size=64, warmup_ratio=1)) == []
    assert sentences(a=spec(batch_size=64, epochs=20, step_factor=1)) == []


def test_a_run_that_ends_during_the_warm_up_is_named_too():
    (found,) = sentences(short=spec(steps=[], epochs=4))
    assert "the rate of short peaks after 400 iterations" in found


@pytest.mark.parametrize(
    ("batch_size", "iterations", "steps", "step_factor"),
    [(64, 50, [5], 0.1), (96, 33, [5], 0.1), (64, 50, [5], 0.9), (64, 50, [2, 5], 0.9), (96, 33, [5, 2], 0.5)],
)
def test_what_is_reached_is_the_largest_rate_of_the_schedule(batch_size, iterations, steps, step_factor):
    """Where steps lower it little, it rises beyond what it was."""
    schedule = RECIPE | {"steps": steps, "step_factor": step_factor}
    epochs = schedule.pop("epochs")
    rates = [
        learning_rate_factor(each, iterations_per_epoch=iterations, **schedule) for each in range(epochs * iterations)
    ]
    (found,) = sentences(short=spec(batch_size=batch_size, steps=steps, step_factor=step_factor))
    assert f"at {100 * max(rates):.0f} % of the recipe's" in found
    assert f"peaks after {rates.index(max(rates)) + 1} iterations" in found


def test_of_the_papers_tables_only_the_large_batches_of_table_6_on_voc_lt_are_named():
    (found,) = short_warm_ups(load_grid("config.yaml"), {})
    assert found.startswith("voc-lt: the rate of lsep_bs-64, c_lsep_bs-64 peaks after")
