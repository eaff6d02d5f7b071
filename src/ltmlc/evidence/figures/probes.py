"""Test images that carry only a class's usual company, and the class that is not there (Fig. 1 and 2, made systematic).

In training, some classes nearly always come with another. A model that has learned the company instead of the class
gives the absent one a high probability where only its company is shown. Fig. 1 asks this of a person on an image of a
bird, Fig. 2 of a dog and a horse on an image of a cow and a person; such questions stand under ``probes`` in the data
set's file. The others are found in the training labels by a rule, so that every data set has some:

* the class that a class most often comes with, on images of that class alone, where P(absent | present) is at least
  ``USUAL`` in training (its hub: the person of the bird);
* on images of a class and its hub, the third class it most often comes with, from ``SOMETIMES`` on (its companion).

Of each kind the most usual come first; a probe needs ``FEWEST`` test images with exactly these labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from ltmlc.data.split import Split
from ltmlc.evidence.figures.data import conditional_cooccurrence

USUAL, SOMETIMES = 0.5, 0.1
FEWEST = 3
AT_MOST = {"hub": 8, "companion": 6}


@dataclass(frozen=True)
class Probe:
    """One question: the probability of ``absent`` (class index) on the test images ``images`` (row indices), whose
    labels are exactly ``present`` (class indices).
    """

    kind: str  # declared | hub | companion
    present: tuple[int, ...]
    absent: int
    images: tuple[int, ...]
    training: float  # P(absent | all of present) in the training labels; NaN where no training image has them

    def label(self, classes: Sequence[str]) -> str:
        return f"{classes[self.absent]} on {' + '.join(classes[k] for k in self.present)}"


def find_probes(split: Split, declared: Sequence[Mapping[str, Any]] = ()) -> list[Probe]:
    """The declared probes, then those of the rule; without images enough, or without the classes, there is none.

    ``declared``: ``probes`` of the data set's file: ``{present: [names], absent: [names]}``. Classes that the data set
    does not have (of a file it extends) are passed over.
    """
    train, test = split.train_matrix.astype(bool), split.test_matrix.astype(bool)
    asked = [
        ("declared", tuple(split.classes.index(name) for name in probe["present"]), split.classes.index(name))
        for probe in declared
        for name in probe["absent"]
        if {*probe["present"], name} <= set(split.classes)
    ]
    probes: dict[tuple[tuple[int, ...], int], Probe] = {}
    counts = dict.fromkeys(AT_MOST, 0)
    for kind, present, absent in [*asked, *_usual_company(train)]:
        images = _exactly(test, present)
        new = (present, absent) not in probes and counts.get(kind, 0) < AT_MOST.get(kind, len(asked))
        if new and len(images) >= FEWEST:
            counts[kind] = counts.get(kind, 0) + 1
            share = _conditional(train, present, absent)
            probes[present, absent] = Probe(kind, present, absent, tuple(images.tolist()), share)
    return list(probes.values())


def _usual_company(train: np.ndarray) -> list[tuple[str, tuple[int, ...], int]]:
    """All (kind, present, absent) of the rule, hubs first, each kind from the most usual down."""
    counts = train.sum(0)
    if len(counts) < 2:  # one class alone has no company
        return []
    given = conditional_cooccurrence(train)
    np.fill_diagonal(given, -1)
    hubs, companions = [], []
    for k in np.flatnonzero(counts):
        first, second = np.argsort(-given[k], kind="stable")[:2]
        if given[k, first] >= USUAL:
            hubs.append((given[k, first], "hub", (int(k),), int(first)))
            if given[k, second] >= SOMETIMES:
                companions.append((given[k, second], "companion", (int(k), int(first)), int(second)))
    return [
        (kind, present, absent)
        for group in (hubs, companions)
        for _, kind, present, absent in sorted(group, key=lambda entry: -entry[0])
    ]


def _exactly(labels: np.ndarray, present: tuple[int, ...]) -> np.ndarray:
    """Rows whose labels are these and no others."""
    return np.flatnonzero(labels[:, list(present)].all(1) & (labels.sum(1) == len(present)))


def _conditional(labels: np.ndarray, present: tuple[int, ...], absent: int) -> float:
    both = labels[:, list(present)].all(1)
    return float(labels[both, absent].mean()) if both.any() else float("nan")


def probabilities(logits: np.ndarray) -> np.ndarray:
    """The sigmoid of logits (N, C), as the paper's figures show it.

    A pairwise loss leaves a common shift of the logits open (LSEP that of an image, C-LSEP that of a class), so the
    probability of an absent class is to be read beside that of a present one.
    """
    return expit(logits.astype(np.float64))
