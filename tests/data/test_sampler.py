import json
import random

import numpy as np
import pytest
import torch
from data.label_helpers import published_matrix

from ltmlc.data.sampler import ClassAwareSampler, UniformSampler
from ltmlc.errors import InputError


def some_labels(images: int = 57, classes: int = 5) -> np.ndarray:
    labels = (np.random.default_rng(0).random((images, classes)) < [0.6, 0.3, 0.2, 0.1, 0.05]).astype(np.uint8)
    labels[0] = 1
    return labels


def released_order(labels: np.ndarray, *, epochs: int, per_class: int = 3, reduce: float = 4) -> list[list[int]]:
    """The order of the released sampler, written anew from its description: the global generator, seeded once."""

    def forever(items):
        while True:
            random.shuffle(items)
            yield from items

    random.seed(0)
    members = [[row for row in range(len(labels)) if labels[row][k]] for k in range(len(labels[0]))]
    classes, images = forever(list(range(len(members)))), [forever(rows) for rows in members]
    length = int(max(len(rows) for rows in members) * len(members) / reduce)
    result = []
    for _ in range(epochs):
        epoch = []
        for position in range(length):
            if position % per_class == 0:
                stream = images[next(classes)]
                group = [next(stream) for _ in range(per_class)]
            epoch.append(group[position % per_class])
        result.append(epoch)
    return result


@pytest.mark.parametrize(("per_class", "reduce"), [(3, 4), (1, 1), (4, 2.5), (7, 4)])
def test_order_is_the_released_one_over_epochs(per_class, reduce):
    labels = some_labels()
    expected = released_order(labels, epochs=4, per_class=per_class, reduce=reduce)
    sampler = ClassAwareSampler(labels, per_class=per_class, reduce=reduce)
    assert [list(sampler) for _ in range(4)] == expected


@pytest.mark.parametrize(("name", "length", "seen"), [("voc-lt", 3875, 888), ("coco-lt", 22560, 1899)])
def test_published_labels_give_the_epochs_of_the_released_code(name, length, seen):
    labels = published_matrix(name)
    sampler = ClassAwareSampler(labels)
    first, second = list(sampler), list(sampler)
    assert len(sampler) == len(first) == length
    assert len(set(first)) == seen
    assert [first, second] == released_order(labels, epochs=2)


def test_three_images_of_one_class_come_in_a_row_and_every_class_once_a_round():
    labels = np.eye(4, dtype=np.uint8).repeat(9, axis=0)
    order = list(ClassAwareSampler(labels, reduce=1))
    groups = np.array(order).reshape(-1, 3) // 9
    assert (groups == groups[:, :1]).all()
    assert all(sorted(turn) == [0, 1, 2, 3] for turn in groups[:, 0].reshape(-1, 4).tolist())


@pytest.mark.parametrize("make", [lambda: ClassAwareSampler(some_labels()), lambda: UniformSampler(57)])
@pytest.mark.parametrize("store", ["json", "torch"])
def test_a_saved_state_continues_exactly(make, store, tmp_path):
    sampler, resumed = make(), make()
    list(sampler)
    if store == "json":
        state = json.loads(json.dumps(sampler.state_dict()))
    else:
        torch.save(sampler.state_dict(), tmp_path / "state.pt")
        state = torch.load(tmp_path / "state.pt", weights_only=True)
    resumed.load_state_dict(state)
    assert [list(resumed) for _ in range(3)] == [list(sampler) for _ in range(3)]


@pytest.mark.parametrize("make", [lambda: ClassAwareSampler(some_labels()), lambda: UniformSampler(57)])
def test_a_state_taken_before_an_epoch_repeats_it_and_is_not_moved_by_it(make):
    sampler = make()
    list(sampler)
    state = sampler.state_dict()
    expected = [list(sampler), list(sampler)]
    for _ in range(2):
        sampler.load_state_dict(state)
        assert [list(sampler), list(sampler)] == expected


@pytest.mark.parametrize("make", [lambda s: ClassAwareSampler(some_labels(), seed=s), lambda s: UniformSampler(57, s)])
def test_seed_decides_the_order_and_the_global_generators_are_left_alone(make):
    random.seed(5)
    states = random.getstate(), torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()
    first = list(make(0))
    assert states == (random.getstate(), torch.get_rng_state().tolist(), np.random.get_state()[1].tolist())
    random.seed(6)
    assert list(make(0)) == first != list(make(1))


def test_uniform_epochs_have_every_image_once_in_ever_new_order():
    sampler = UniformSampler(57)
    first, second = list(sampler), list(sampler)
    assert len(sampler) == 57
    assert sorted(first) == sorted(second) == list(range(57))
    assert first != second


def test_class_without_an_image_is_named():
    labels = some_labels()
    labels[:, 3] = 0
    with pytest.raises(InputError, match=r"class 3 \(counted from 0\) has no training image"):
        ClassAwareSampler(labels)


@pytest.mark.parametrize("bad", [{"per_class": 0}, {"reduce": 0}, {"reduce": 1e6}])
def test_parameters_without_an_epoch_are_refused(bad):
    with pytest.raises(InputError, match="class-aware sampler"):
        ClassAwareSampler(some_labels(), **bad)


def test_an_empty_training_set_is_refused():
    with pytest.raises(InputError, match="empty"):
        UniformSampler(0)
    with pytest.raises(InputError):
        ClassAwareSampler(np.zeros((0, 3)))


def test_a_state_of_another_training_set_is_refused():
    with pytest.raises(InputError, match="another training set"):
        ClassAwareSampler(some_labels()).load_state_dict(ClassAwareSampler(some_labels(images=40)).state_dict())
    with pytest.raises(InputError, match="is for 40 images, the training set has 57"):
        UniformSampler(57).load_state_dict(UniformSampler(40).state_dict())
