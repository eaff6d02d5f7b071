"""Probabilities and thresholds from held-out training images, never from test images.

The losses rank images class by class: a sigmoid of their logits is no probability. What is: Platt's logistic curve,
fitted to labels that the network has not seen (Platt 1999; his smoothed labels, so that a class with a single image has
a finite curve). The slope is shared by all classes, as few of them have the images for one of their own; a shared
positive slope also keeps every class's ranking.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltmlc.data.split import load_split
from ltmlc.disk.arrays import DAMAGED_ARRAYS, read_arrays
from ltmlc.disk.reading import read_json
from ltmlc.errors import InputError
from ltmlc.plan.lookup import METRICS, PREDICTIONS, data_folder

HELDOUT = "-heldout"
"""How the name of a split ends whose test images are held-out training images (ltmlc.data.heldout)."""


PER_CLASS = ("intercepts", "thresholds", "f1", "positives")
"""The arrays of a decision."""


@dataclass(frozen=True)
class Decision:
    """Of C classes: ``slope`` (), ``intercepts`` (C,) of the logistic curves; ``thresholds`` (C,) in logits, with the
    F1 (C,) that they reach on the held-out images; ``positives`` (C,) there. Without a positive: no threshold, NaN.
    """

    slope: float
    intercepts: np.ndarray
    thresholds: np.ndarray
    f1: np.ndarray
    positives: np.ndarray

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(N, C) float64 in (0, 1)."""
        return 1 / (1 + np.exp(-np.clip(self.slope * logits + self.intercepts, -700, 700)))

    def as_json(self) -> dict[str, Any]:
        lists = {name: getattr(self, name).tolist() for name in PER_CLASS}
        bare = {name: [None if value != value else value for value in values] for name, values in lists.items()}
        return {"slope": self.slope, **bare}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Decision":
        """Raises InputError for what ``as_json`` did not write."""
        try:
            return cls(float(fields["slope"]), *(np.array(fields[name], float) for name in PER_CLASS))
        except (KeyError, TypeError, ValueError):
            raise InputError("the key decision of model.json is damaged; export it again") from None


def decide(logits: np.ndarray, labels: np.ndarray) -> Decision:
    """Curves and F1-best thresholds from held-out logits (N, C) and labels (N, C) in {0, 1}.

    Raises:
        InputError: no class has a positive and a negative image, or the network ranks no better than chance.
    """
    positives, (images, classes) = labels.sum(0), labels.shape
    if not ((positives > 0) & (positives < images)).any() or not np.isfinite(logits).all():
        raise InputError("no class of the held-out images has images with and without it, and finite logits")
    from sklearn.linear_model import LogisticRegression  # seconds, so only where something is fitted

    targets = np.where(labels > 0, (positives + 1) / (positives + 2), 1 / (images - positives + 2))  # Platt's
    scale = float(logits.std()) or 1.0
    design = np.column_stack([logits.reshape(-1) / scale, np.tile(np.eye(classes), (images, 1))])  # (N C, 1 + C)
    curve = LogisticRegression(C=np.inf, fit_intercept=False, max_iter=1000)
    weights, flat = np.r_[targets.reshape(-1), 1 - targets.reshape(-1)], images * classes
    curve.fit(np.vstack([design, design]), np.repeat([1, 0], flat), sample_weight=weights)
    slope, *intercepts = curve.coef_[0]
    if slope <= 0:
        raise InputError("the network ranks the held-out images no better than chance: no probability follows from it")
    best = [_f1_best(logits[:, k], labels[:, k]) for k in range(classes)]
    return Decision(float(slope / scale), np.array(intercepts), *np.array(best, float).T, positives)


def _f1_best(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The threshold with the largest F1, and that F1; of equal ones the highest: it names fewer images."""
    if not labels.any():
        return np.nan, np.nan
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = len(thresholds) - 1 - int(np.argmax(f1[-2::-1]))
    return thresholds[best], f1[best]


def decide_from_run(heldout: str | Path, fields: dict[str, Any]) -> Decision:
    """From a run of the same specification on held-out images, as ``ltmlc tune`` trains them.

    Args:
        heldout: that run's folder, with predictions.npz; its split lies where the workflow puts it.
        fields: metrics of the network that is to be used.

    Raises:
        InputError: no such run; its images are test images; other classes, or another specification.
    """
    folder = Path(heldout)
    metrics = read_json(folder / METRICS)
    split = load_split(data_folder(folder.absolute().parents[3], str(metrics.get("dataset"))) / "split.json")
    if not split.dataset.endswith(HELDOUT) or split.sha256 != metrics.get("split_sha256"):
        raise InputError(
            f"{folder}: its images are not held-out training images, and test images decide nothing; give a run that "
            "`ltmlc tune` trained, in {results}/tune"
        )
    if metrics.get("classes") != fields["classes"] or metrics.get("spec") != fields["spec"]:
        raise InputError(f"{folder}: another specification or other classes than the network's; give a run of its own")
    try:
        kept = read_arrays(folder / PREDICTIONS, ("logits", "labels"))
        logits, labels = kept["logits"].astype(float), kept["labels"].astype(float)
    except DAMAGED_ARRAYS as error:
        raise InputError(f"{folder / PREDICTIONS} cannot be read ({error}); train the run again") from None
    return decide(logits, labels)
