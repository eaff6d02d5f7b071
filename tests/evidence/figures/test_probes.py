import numpy as np
import pytest
from evidence.synthetic import split

from ltmlc.evidence.figures.probes import find_probes, probabilities


def labelled(train, test, classes="bird person cow dog"):
    found = split()
    found.classes = classes.split()
    found.train_matrix, found.test_matrix = np.array(train, np.uint8), np.array(test, np.uint8)
    return found


# Three of four birds come with a person, dogs and cows alone; every cow with a person comes with a dog, too.
TRAIN = [[1, 1, 0, 0]] * 3 + [[1, 0, 0, 0]] + [[0, 1, 0, 0]] * 20 + [[0, 0, 0, 1]] * 5 + [[0, 1, 1, 1]] * 4
TEST = [[1, 0, 0, 0]] * 3 + [[1, 1, 0, 0]] * 5 + [[0, 1, 1, 0]] * 4 + [[0, 0, 1, 0]] * 2 + [[0, 0, 0, 1]] * 3


def described(probes, classes="bird person cow dog"):
    return [(probe.kind, probe.label(classes.split()), len(probe.images)) for probe in probes]


def test_the_rule_finds_the_usual_company_and_the_images_without_it():
    probes = find_probes(labelled(TRAIN, TEST))
    assert ("hub", "person on bird", 3) in described(probes)
    bird = next(probe for probe in probes if probe.kind == "hub")
    assert bird.training == 0.75 and bird.images == (0, 1, 2)  # of the eight test birds, those alone
    assert ("companion", "dog on cow + person", 4) in described(probes)
    assert not any("on dog" in label for _, label, _ in described(probes))  # person on 4 of 9 dogs: not usual


def test_two_images_are_too_few_for_a_probe():
    assert not any(probe.present == (2,) for probe in find_probes(labelled(TRAIN, TEST)))
    enough = [*TEST, [0, 0, 1, 0]]
    assert any(probe.present == (2,) for probe in find_probes(labelled(TRAIN, enough)))


def test_declared_probes_come_first_and_are_asked_once():
    declared = [{"present": ["bird"], "absent": ["person", "dog"]}, {"present": ["horse"], "absent": ["person"]}]
    found = described(find_probes(labelled(TRAIN, TEST), declared))
    assert found[:2] == [("declared", "person on bird", 3), ("declared", "dog on bird", 3)]
    assert [label for _, label, _ in found].count("person on bird") == 1
    assert not any("horse" in label for _, label, _ in found)  # a class of the data set that this one extends


def test_a_declared_probe_without_such_training_images_has_no_share():
    declared = [{"present": ["cow", "dog"], "absent": ["bird"]}]
    test = [*TEST, *[[0, 0, 1, 1]] * 3]
    (probe,) = (p for p in find_probes(labelled(TRAIN[:-4], test), declared) if p.kind == "declared")
    assert np.isnan(probe.training)


def test_labels_without_any_company_give_no_probe():
    alone = np.eye(4, dtype=np.uint8).repeat(5, axis=0)
    assert find_probes(labelled(alone, alone)) == []


def test_probabilities_are_the_sigmoid_also_far_out():
    logits = np.array([-1000.0, -2.0, 0.0, 3.0, 1000.0], np.float32)
    assert probabilities(logits) == pytest.approx([0, 1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-3)), 1])
