import pytest
import torch
from torch import nn

from ltmlc.training.recipe import build_optimizer_and_schedule, clip_gradients, learning_rate_factor

VOC = {"lr": 3e-4, "epochs": 30, "steps": [5]}  # the published DR configuration, METHODS.md 3.1


def parameter(value=1.0):
    return nn.Parameter(torch.full((2,), value))


def rates(iterations, parameters=None, **recipe):
    """The rate each of the first iterations is made with."""
    optimizer, scheduler = build_optimizer_and_schedule(parameters or [parameter()], **recipe)
    seen = []
    for _ in range(iterations):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return seen


def test_voc_at_batch_32_has_605_full_rate_iterations_of_which_500_warm_up():
    seen = [rate for (rate,) in rates(30 * 121, **VOC, iterations_per_epoch=121)]
    assert seen[0] == pytest.approx(1e-4, rel=1e-12)
    assert seen[250] == pytest.approx(3e-4 * 2 / 3, rel=1e-12)
    assert seen[499] < 3e-4
    assert seen[500:605] == [3e-4] * 105
    assert seen[605:] == pytest.approx([3e-5] * (3630 - 605), rel=1e-12)


def test_voc_at_batch_64_steps_inside_the_warm_up_and_peaks_at_0732():
    seen = [rate / 3e-4 for (rate,) in rates(600, **VOC, iterations_per_epoch=60)]
    assert max(seen) == pytest.approx(1 / 3 + 2 / 3 * 299 / 500)
    assert round(max(seen), 3) == 0.732
    assert seen.index(max(seen)) == 299
    assert seen[300] == pytest.approx(0.1 * (1 / 3 + 2 / 3 * 300 / 500))
    assert seen[500] == pytest.approx(0.1)


def test_the_db_recipe_steps_twice():
    recipe = {"warmup_iterations": 500, "warmup_ratio": 1 / 3, "step_factor": 0.1, "steps": [5, 7]}
    factor = [learning_rate_factor(epoch * 121, **recipe, iterations_per_epoch=121) for epoch in (4, 5, 6, 7)]
    assert factor[1:] == pytest.approx([0.1, 0.1, 0.01])


def test_no_warm_up_and_other_factors_are_possible():
    seen = rates(4, lr=1.0, epochs=4, steps=[2, 1], iterations_per_epoch=1, warmup_iterations=0, step_factor=0.5)
    assert seen == [[1.0], [0.5], [0.25], [0.25]]


def test_groups_follow_the_schedule_at_their_own_factor():
    groups = [{"params": [parameter()], "lr_factor": 0.1}, {"params": [parameter()]}]
    seen = rates(606, groups, **VOC, iterations_per_epoch=121)
    assert all(lower == pytest.approx(0.1 * rate) for lower, rate in seen)
    assert seen[550] == pytest.approx([3e-5, 3e-4])
    assert "lr" not in groups[1], "the caller's groups stay as they are"


def test_a_step_is_momentum_sgd_with_weight_decay_on_everything():
    weight, bias = parameter(2.0), parameter(-1.0)
    optimizer, scheduler = build_optimizer_and_schedule(
        [weight, bias], lr=0.5, epochs=1, steps=[], iterations_per_epoch=9, warmup_iterations=0, weight_decay=0.1
    )
    values, velocity = torch.tensor([2.0, -1.0]), torch.zeros(2)
    for _ in range(3):
        weight.grad, bias.grad = torch.ones(2), torch.full((2,), 3.0)
        optimizer.step()
        scheduler.step()
        velocity = 0.9 * velocity + torch.tensor([1.0, 3.0]) + 0.1 * values
        values = values - 0.5 * velocity
    torch.testing.assert_close(torch.stack([weight[0], bias[0]]).detach(), values)


def test_a_resumed_schedule_continues_with_the_same_rates():
    def fresh():
        return build_optimizer_and_schedule([parameter()], **VOC, iterations_per_epoch=121)

    optimizer, scheduler = fresh()
    for _ in range(300):
        optimizer.step()
        scheduler.step()
    resumed_optimizer, resumed_scheduler = fresh()
    resumed_optimizer.load_state_dict(optimizer.state_dict())
    resumed_scheduler.load_state_dict(scheduler.state_dict())
    for _ in range(310):
        for both in (optimizer, resumed_optimizer, scheduler, resumed_scheduler):
            both.step()
        assert float(optimizer.param_groups[0]["lr"]) == float(resumed_optimizer.param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0}, "lr, epochs and iterations_per_epoch must be above 0"),
        ({"iterations_per_epoch": 0}, "iterations_per_epoch must be above 0"),
        ({"warmup_ratio": 0}, "must lie in"),
        ({"steps": [5, 30]}, "step at epoch 30 lies outside a run of 30 epochs"),
        ({"parameters": []}, "no parameters"),
        ({"parameters": [{"params": []}]}, "no parameters"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(change, message):
    recipe = {"parameters": [parameter()], **VOC, "iterations_per_epoch": 121} | change
    with pytest.raises(ValueError, match=message):
        build_optimizer_and_schedule(recipe.pop("parameters"), **recipe)


def test_gradients_are_clipped_together_and_the_norm_before_is_returned():
    first, second = parameter(), parameter()
    first.grad, second.grad = torch.full((2,), 30.0), torch.full((2,), 40.0)
    norm = clip_gradients([first, second, parameter()], 35)
    assert norm.item() == pytest.approx(50 * 2**0.5)
    clipped = torch.cat([first.grad, second.grad])
    assert clipped.norm().item() == pytest.approx(35, rel=1e-5)
    assert (clipped[2] / clipped[0]).item() == pytest.approx(4 / 3)


def test_small_gradients_are_left_alone_and_bad_ones_show_in_the_norm():
    small = parameter()
    small.grad = torch.tensor([3.0, 4.0])
    assert clip_gradients(iter([small]), 35).item() == 5
    assert small.grad.tolist() == [3, 4]
    small.grad = torch.tensor([1.0, float("inf")])
    assert not clip_gradients([small], 35).isfinite()
