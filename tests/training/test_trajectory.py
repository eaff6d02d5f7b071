"""Fifty iterations against a second implementation that shares no code with the first: order, batches, network, loss,
gradient clipping, momentum, weight decay and schedule, written in a straight line from METHODS.md."""

import json
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from training import tiny

RECIPES = {
    "dr": {"lr": 0.02, "steps": [5], "clip_norm": 35},
    "db": {"lr": 0.2, "steps": [5, 7], "clip_norm": 0.15},  # low enough to clip some iterations and not others
}
LOSSES = {
    "dr": {"name": "dr", "gamma1": 5, "gamma2": 7, "weight": 1},
    "db": {
        "name": "db_focal", "alpha": 0.1, "beta": 10, "mu": 0.3, "neg_scale": 5, "init_bias": 0.05, "gamma": 2,
        "balance": 2.0, "weight": 1,
    },
}  # fmt: skip


def spec_of(name):
    recipe = {**RECIPES[name], "epochs": 10, "warmup_iterations": 20, "weight_decay": 1e-2}
    augmentation = {"mean": [64, 96, 80], "std": [64, 32, 128]}  # exact in float32, in which batches are made
    return {
        **tiny.changed(recipe=recipe, model={"dropout": 0}, precision="float64", loss=[LOSSES[name]]),
        "augmentation": augmentation,
    }


def class_aware_order(labels, epoch_length, epochs):
    """METHODS.md 2: the next class, its next three images; lists are shuffled before use and when they run out."""
    rng = random.Random(0)
    lists = {-1: list(range(labels.shape[1]))} | {k: list(np.flatnonzero(labels[:, k])) for k in range(labels.shape[1])}
    places = {key: len(items) for key, items in lists.items()}

    def draw(key):
        if places[key] == len(lists[key]):
            rng.shuffle(lists[key])
            places[key] = 0
        places[key] += 1
        return lists[key][places[key] - 1]

    orders = []
    for _ in range(epochs):
        order = []
        while len(order) < epoch_length:
            k = draw(-1)
            order += [draw(k) for _ in range(3)]
        orders.append(order[:epoch_length])
    return orders


def norm(x, w, name, **options):
    mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, w[f"{name}.weight"], w[f"{name}.bias"], **options)


def network(w, x):
    x = F.relu(norm(F.conv2d(x, w["backbone.conv1.weight"], stride=2, padding=1), w, "backbone.bn1"))
    for number in (1, 2, 3, 4):
        name, stride = f"backbone.layer{number}.0", 1 if number == 1 else 2
        y = F.relu(norm(F.conv2d(x, w[f"{name}.conv1.weight"], stride=stride, padding=1), w, f"{name}.bn1"))
        y = norm(F.conv2d(y, w[f"{name}.conv2.weight"], padding=1), w, f"{name}.bn2")
        if number > 1:
            x = norm(F.conv2d(x, w[f"{name}.downsample.0.weight"], stride=stride), w, f"{name}.downsample.1")
        x = F.relu(x + y)
    x = F.linear(x.mean((2, 3)), w["head.neck.fc.weight"], w["head.neck.fc.bias"])
    x = norm(x, w, "head.neck.norm", training=True, momentum=0.1)
    return F.linear(x, w["head.classifier.weight"], w["head.classifier.bias"])


def dr(s, y, counts, num_images):
    total = 0
    for k in range(s.shape[1]):  # L_k = log(1 + sum_P sum_N exp(g1 (s_n - s_p)) + sum_N exp(g2 s_n)), mean over C
        positive, negative = s[y[:, k] == 1, k], s[y[:, k] == 0, k]
        pairs = torch.exp(5 * (negative[None, :] - positive[:, None])).sum()
        total = total + torch.log(1 + pairs + torch.exp(7 * negative).sum())
    return total / s.shape[1]


def db(s, y, counts, num_images):
    r = (1 / counts)[None] / (y / counts).sum(1, keepdim=True)
    w = 0.1 + torch.sigmoid(10 * (r - 0.3))
    z = s - 0.05 / 5 * torch.log(num_images / counts - 1)
    z, w = torch.where(y == 1, z, 5 * z), torch.where(y == 1, w, w / 5)
    p = torch.sigmoid(z)
    bce = -(y * torch.log(p) + (1 - y) * torch.log(1 - p))
    return (2.0 * (1 - torch.exp(-bce)) ** 2 * w * bce).mean()


def straight_line(data, weights, name, iterations):
    recipe = RECIPES[name]
    split = json.loads((data / "split.json").read_text())
    labels = np.zeros((len(split["train_ids"]), 10))
    for row, classes in zip(labels, split["train_labels"], strict=True):
        row[classes] = 1
    pixels = np.fromfile(data / "pack/images.bin", np.uint8).reshape(-1, 16, 16, 3)[: len(labels)]
    pixels = ((pixels - np.array([64.0, 96, 80])) / [64, 32, 128]).transpose(0, 3, 1, 2)
    counts = labels.sum(0)
    epoch_length = int(counts.max() * 10 / 4)
    per_epoch = epoch_length // 16
    orders = class_aware_order(labels, epoch_length, epochs=10)
    w = {key: value.clone() for key, value in weights.items()}
    frozen = ("backbone.conv1", "backbone.bn1", "backbone.layer1")
    trained = [key for key in w if key.endswith(("weight", "bias")) and not key.startswith(frozen)]
    velocity = {key: torch.zeros_like(w[key]) for key in trained}
    losses, norms, rates = [], [], []
    for t in range(iterations):
        epoch, position = divmod(t, per_epoch)
        batch = orders[epoch][position * 16 : (position + 1) * 16]
        for key in trained:
            w[key] = w[key].detach().requires_grad_()
        y = torch.tensor(labels[batch])
        s = network(w, torch.tensor(pixels[batch], dtype=torch.float64))
        loss = {"dr": dr, "db": db}[name](s, y, torch.tensor(counts), len(labels))
        gradients = torch.autograd.grad(loss, [w[key] for key in trained])
        length = torch.sqrt(sum((g**2).sum() for g in gradients))
        rate = recipe["lr"] * 0.1 ** sum(epoch >= step for step in recipe["steps"])
        if t < 20:
            rate *= 1 / 3 + 2 / 3 * t / 20
        for key, g in zip(trained, gradients, strict=True):
            g = g * min(1.0, recipe["clip_norm"] / (float(length) + 1e-6)) + 1e-2 * w[key].detach()
            velocity[key] = 0.9 * velocity[key] + g
            w[key] = w[key].detach() - rate * velocity[key]
        losses.append(loss.item())
        norms.append(length.item())
        rates.append(rate)
    return losses, norms, rates


@pytest.mark.parametrize("name", ["dr", "db"])
def test_fifty_iterations_follow_an_independent_implementation(data, name):
    trainer = tiny.make_trainer(data, spec_of(name))
    initial = {key: value.clone() for key, value in trainer.model.state_dict().items()}
    losses, rates, compute = [], [], trainer.loss

    def recording(logits, labels):
        loss = compute(logits, labels)
        losses.append(loss.item())
        rates.append(trainer.optimizer.param_groups[0]["lr"])
        return loss

    trainer.loss = recording
    for _ in range(50):
        trainer.step()
    expected, norms, expected_rates = straight_line(data, initial, name, 50)
    assert 50 / trainer.iterations_per_epoch > 7, "the rate must have stepped within the 50 iterations"
    assert rates == pytest.approx(expected_rates, rel=1e-12)
    assert losses == pytest.approx(expected, rel=1e-9)
    assert max(losses) / min(losses) > 1.05, "the losses must move for their equality to say something"
    if name == "db":
        clip = RECIPES["db"]["clip_norm"]
        assert min(norms) < clip < max(norms), "some iterations must be clipped and some not"
