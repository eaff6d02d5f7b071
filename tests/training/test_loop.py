from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from training import tiny

from ltmlc.training.batches import DeviceData
from ltmlc.training.guard import DivergedError, Guard
from ltmlc.training.loop import iterations_per_epoch, make_sampler
from ltmlc.training.record.checkpoint import load_checkpoint, save_checkpoint


def finish(trainer):
    while trainer.iteration < trainer.total_iterations:
        trainer.step()
    return trainer


def weights(trainer):
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def differing(first, second):
    return {name for name in first if not torch.equal(first[name], second[name])}


def batches(trainer, count):
    seen = []
    for _ in range(count):
        trainer.step()
        seen.append(trainer.batch(trainer.iteration - 1))
    return seen


def test_a_run_resumed_at_any_iteration_ends_with_the_same_bits(data, tmp_path):
    reference = tiny.make_trainer(data)
    resumed = []
    for _ in range(reference.total_iterations):
        reference.step()
        save_checkpoint(tmp_path, reference.state_dict(), {})
        trainer = tiny.make_trainer(data)
        trainer.load_state_dict(load_checkpoint(tmp_path, {})[0])
        resumed.append(trainer)
    expected, losses = weights(reference), [epoch["loss"] for epoch in reference.history]
    assert reference.iterations_per_epoch > 2, "some of these must lie inside an epoch"
    for iteration, trainer in enumerate(resumed, start=1):
        assert trainer.iteration == iteration
        finish(trainer)
        assert differing(expected, weights(trainer)) == set(), f"resumed at {iteration}"
        assert [epoch["loss"] for epoch in trainer.history] == losses


def test_the_uniform_sampler_resumes_inside_an_epoch_too(data):
    spec = tiny.changed(sampler={"name": "uniform"})
    first, second = tiny.make_trainer(data, spec), tiny.make_trainer(data, spec)
    first.step()
    second.load_state_dict(deepcopy(first.state_dict()))
    assert differing(weights(finish(first)), weights(finish(second))) == set()


def test_the_rates_used_are_those_of_the_recipe(data):
    trainer = tiny.make_trainer(data)
    used = []
    for _ in range(trainer.total_iterations):
        used.append(trainer.optimizer.param_groups[0]["lr"])
        trainer.step()
    length = trainer.iterations_per_epoch
    regular = [0.01 * 0.1 ** (t // length >= 2) * 0.1 ** (t // length >= 3) for t in range(len(used))]
    warm = [rate * (1 / 3 + 2 / 3 * t / 8) if t < 8 else rate for t, rate in enumerate(regular)]
    assert used == pytest.approx(warm, rel=1e-12)
    assert [epoch["lr"] for epoch in trainer.history] == used[length - 1 :: length]
    assert [epoch["epoch"] for epoch in trainer.history] == [1, 2, 3, 4]


def test_training_leaves_frozen_parts_and_backbone_statistics_bit_identical(data):
    trainer = tiny.make_trainer(data)
    before = weights(trainer)
    moved = differing(before, weights(finish(trainer)))
    assert not [name for name in moved if name.startswith(("backbone.conv1", "backbone.bn1", "backbone.layer1"))]
    assert not [name for name in moved if name.startswith("backbone") and ("running" in name or "tracked" in name)]
    trained = {name for name, parameter in trainer.model.named_parameters() if parameter.requires_grad}
    assert trained <= moved, "everything else learns, batch norm's affine parameters included"
    assert {"head.neck.norm.running_mean", "head.neck.norm.running_var"} <= moved, "the neck is in training mode"


def test_two_seeds_differ_in_weights_order_and_augmentation(data):
    first, second = tiny.make_trainer(data, seed=0), tiny.make_trainer(data, seed=1)
    assert {"backbone.conv1.weight", "head.classifier.weight"} <= differing(weights(first), weights(second))
    same_order = tiny.make_trainer(data, seed=1)
    same_order.step()
    first.step()
    assert first.order != same_order.order
    same_order._set_order(first.order)
    assert not torch.equal(first.batch(0)[0], same_order.batch(0)[0])


def test_runs_of_two_losses_see_the_same_batches_from_the_same_weights(data):
    first = tiny.make_trainer(data)
    second = tiny.make_trainer(data, tiny.changed(loss=[{"name": "bce", "weight": 1}]))
    assert differing(weights(first), weights(second)) == set()
    for one, other in zip(batches(first, 12), batches(second, 12), strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])
    assert "backbone.layer2.0.conv1.weight" in differing(weights(first), weights(second))


def test_global_random_state_is_neither_read_nor_changed(data):
    torch.manual_seed(0)
    np.random.seed(0)
    first = weights(finish(tiny.make_trainer(data)))
    state, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()
    torch.manual_seed(1)
    assert differing(first, weights(finish(tiny.make_trainer(data)))) == set()
    torch.manual_seed(0)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == legacy).all()


def test_labels_are_those_of_the_images_in_the_batch(data):
    trainer = tiny.make_trainer(data)
    (_, labels), *_ = batches(trainer, 1)
    assert torch.equal(labels, trainer.data.labels[trainer.order[:16]])


def test_class_aware_epochs_drop_the_last_batch_and_uniform_ones_fill_it(data):
    labels = tiny.make_trainer(data).data.labels.numpy()[:61]
    uniform = make_sampler({"name": "uniform"}, labels, seed=0)
    aware = make_sampler(tiny.SPEC["sampler"], labels, seed=0)
    assert iterations_per_epoch(uniform, 16) == len(uniform) // 16 + 1
    assert iterations_per_epoch(aware, 16) == len(aware) // 16
    assert iterations_per_epoch(aware, 1000) == 1
    trainer = tiny.make_trainer(data, tiny.changed(sampler={"name": "uniform"}, batch_size=25))
    trainer.step()
    assert len(trainer.order) % 25 == 0
    assert sorted(set(trainer.order)) == list(range(trainer.data.num_train))
    huge = tiny.make_trainer(data, tiny.changed(batch_size=1000))
    huge.step()
    assert len(huge.order) == 1000


def test_images_that_stay_on_the_host_give_the_same_batches(data):
    trainer = tiny.make_trainer(data)
    trainer.step()
    place, indices = trainer.data.place, [3, 0, 3, 7]
    away = replace(trainer.data, device=torch.device("cpu", 0))
    assert away.images.flat.device != away.device, "the case under test: bytes here, batches wanted there"
    flat, *rest = away.place(indices)
    whole, *expected = place(indices)
    assert len(flat) < len(whole)
    for image in range(4):
        size = rest[1][image] * rest[2][image] * 3
        assert torch.equal(flat[rest[0][image] :][:size], whole[expected[0][image] :][:size])
    assert isinstance(away, DeviceData)


@pytest.mark.parametrize("precision", ["float64", "bf16"])
def test_other_precisions_train(data, precision):
    trainer = finish(tiny.make_trainer(data, tiny.changed(precision=precision)))
    assert np.isfinite([epoch["loss"] for epoch in trainer.history]).all()
    dtype = torch.float64 if precision == "float64" else torch.float32
    assert trainer.model.backbone.conv1.weight.dtype == dtype


@pytest.mark.parametrize("head", ["experts", "graph"])
def test_other_heads_train_and_resume(data, head):
    extra = {
        "experts": ({"num_experts": 2}, [{"name": "balpoe", "tau": [0, 1], "weight": 1}]),
        "graph": (
            {"word_vectors": "digits", "word_vector_order": "classes", "adjacency_threshold": 0.4,
             "adjacency_weight": 0.25},
            [{"name": "bce", "weight": 1}],
        ),
    }[head]  # fmt: skip
    spec = tiny.changed(
        model={"head": head, **extra[0]}, loss=extra[1], recipe={"backbone_lr_factor": 0.1, "epochs": 2, "steps": [1]}
    )
    first, second = tiny.make_trainer(data, spec), tiny.make_trainer(data, spec)
    for _ in range(7):
        first.step()
    second.load_state_dict(deepcopy(first.state_dict()))
    assert differing(weights(finish(first)), weights(finish(second))) == set()
    assert first.history[0]["lr"] == pytest.approx(0.01 * (1 / 3 + 2 / 3 * 4 / 8)), "the head's rate"


def spoil(trainer, iteration, change):
    """Replace the loss from an iteration on by ``change(loss, logits)``."""
    compute = trainer.loss

    def loss(logits, labels):
        value = compute(logits, labels)
        return change(value, logits) if trainer.iteration >= iteration else value

    trainer.loss = loss


@pytest.mark.parametrize(
    ("change", "what", "classes"),
    [
        (lambda loss, logits: loss + logits[:, 2].sum() * torch.inf, "the loss", [2]),
        (lambda loss, logits: loss * torch.nan, "the loss (nan)", list(range(10))),
        # A finite loss: sqrt(0) is 0, its slope is not.
        (lambda loss, logits: loss + (logits[:, 4] * 0).abs().sqrt().sum(), "the gradient (norm nan", [4]),
    ],
)
def test_a_loss_or_gradient_that_is_not_finite_stops_before_the_weights_are_touched(data, change, what, classes):
    trainer = tiny.make_trainer(data)
    spoil(trainer, 7, change)
    for _ in range(7):
        trainer.step()
    before, order = weights(trainer), trainer.order
    with pytest.raises(DivergedError) as caught:
        trainer.step()
    assert caught.value.what.startswith(what)
    assert caught.value.iteration == 7
    assert caught.value.images == order[32:48], "iteration 7 is the third of its epoch"
    assert caught.value.classes == classes
    learned = {name for name in before if "running" not in name and "tracked" not in name}
    assert differing(before, weights(trainer)) & learned == set()


def test_logits_that_are_not_finite_name_their_class(data):
    trainer = tiny.make_trainer(data)
    trainer.step()
    with torch.no_grad():
        trainer.model.head.classifier.bias[6] = torch.nan
    with pytest.raises(DivergedError) as caught:
        trainer.step()
    assert caught.value.classes == [6]


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_an_infinite_logit_is_seen_where_the_loss_and_its_gradient_stay_finite(data, precision):
    """ASL bounds its negatives, so one infinite logit would be averaged away."""
    spec = tiny.changed(loss=[{"name": "asl", "weight": 1}], precision=precision)
    trainer = tiny.make_trainer(data, spec)
    compute = trainer.model.forward
    trainer.step()
    trainer.model.forward = lambda images: compute(images).index_fill(1, torch.tensor(6), torch.inf)
    before, images = weights(trainer), trainer.order[16:32]
    assert trainer.loss(torch.full((1, 10), torch.inf), torch.zeros(1, 10)).isfinite()
    with pytest.raises(DivergedError, match=r"a logit .* is not finite at iteration 1") as caught:
        trainer.step()
    assert (caught.value.classes, caught.value.images) == ([6], images)
    learned = {name for name in before if "running" not in name and "tracked" not in name}
    assert differing(before, weights(trainer)) & learned == set()


def test_a_guard_that_looks_seldom_names_the_first_bad_iteration_and_no_bad_state_is_saved(data):
    trainer = tiny.make_trainer(data)
    trainer._guard = Guard(torch.device("cuda"), every=50)  # as on a GPU; nothing here touches one
    spoil(trainer, 6, lambda loss, logits: loss * torch.nan)
    for _ in range(9):
        trainer.step()
    with pytest.raises(DivergedError) as caught:
        trainer.state_dict()
    assert (caught.value.iteration, caught.value.images) == (6, trainer.order[16:32])
    trainer = tiny.make_trainer(data)
    trainer._guard = Guard(torch.device("cuda"), every=50)
    spoil(trainer, 6, lambda loss, logits: loss * torch.nan)
    with pytest.raises(DivergedError):
        finish(trainer)
    assert trainer.iteration == 2 * trainer.iterations_per_epoch, "the end of the epoch is a look in any case"
