"""Claims that no run decides: gradients and their thresholds by the losses, facts about a data set by its split."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.results.reference import PRINTED


@dataclass(frozen=True)
class Threshold:
    """What a claim needs of a line of ``fig3.csv``; ``gradients``: by the probability they were taken at."""

    family: str
    gamma: int
    threshold_probability: float | None
    gradients: Mapping[float, float] = field(default_factory=dict)


def read_thresholds(path: str | Path) -> list[Threshold]:
    """The numbers in ``fig3.csv``, which spare the import of torch; none where the file is absent or not one."""
    at = "gradient_at_"
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            return [
                Threshold(
                    line["family"],
                    int(line["gamma2"] or line["gamma1"]),
                    float(line["threshold_probability"]) if line["threshold_probability"] else None,
                    {float(key.removeprefix(at)): float(value) for key, value in line.items() if key.startswith(at)},
                )
                for line in csv.DictReader(file)
            ]
    except (OSError, KeyError, ValueError, TypeError):
        return []


def judge_threshold(claim: Claim, curves: Sequence[Any] | None) -> tuple[str, str]:
    """Verdict and reason. ``curves``: from :func:`read_thresholds` or ``gradient_curves`` (evidence/figures/gradients).

    A number other than the stated one is no contradiction: the paper gives neither the positive logit nor the
    criterion, and no single criterion gives all three of its thresholds (METHODS.md 1.17).
    """
    wanted = (claim.facts["family"], claim.facts["gamma"])
    curve = next((curve for curve in curves or () if (curve.family, curve.gamma) == wanted), None)
    if curve is None:
        return "missing", "needs fig3.csv (`ltmlc figures fig3`)"
    ours, stated = curve.threshold_probability, claim.facts["value"]
    found = f"{ours:.2f} by a tenth of the maximum and one positive at probability 0.9; stated {stated}"
    if abs(ours - stated) <= claim.facts["tolerance"]:
        return "holds", found
    return "not distinguishable", f"{found}, without set-up or criterion"


def judge_gradients(claim: Claim, curves: Sequence[Any] | None) -> tuple[str, str]:
    """Verdict and reason of inequalities (``order``: [larger, smaller]) and equations (``same``) between gradients of
    :func:`read_thresholds`, each named {family, gamma, at: probability}.
    """
    known = {(c.family, c.gamma, at): value for c in curves or () for at, value in c.gradients.items()}
    try:
        pairs = {
            key: [tuple(known[each["family"], each["gamma"], each["at"]] for each in pair) for pair in pairs]
            for key in ("order", "same")
            if (pairs := claim.facts.get(key))
        }
    except KeyError:
        return "missing", "needs fig3.csv (`ltmlc figures fig3`), written by this version"
    true = [first > second for first, second in pairs.get("order", ())]
    true += [math.isclose(first, second, rel_tol=1e-3) for first, second in pairs.get("same", ())]
    found = "; ".join(f"{a:.3g} against {b:.3g}" for each in pairs.values() for a, b in each)
    return "holds" if all(true) else "reversed", f"gradients by autograd: {found}"


def judge_probability(claim: Claim, split: Any | None) -> tuple[str, str]:
    """P(of | given) over the training images, against a number printed with two decimals."""
    if split is None:
        return "missing", "needs the data set's split"
    absent = [name for name in (claim.facts["of"], claim.facts["given"]) if name not in split.classes]
    if absent:
        return "missing", f"the data set has no class {' or '.join(absent)}"
    given, of = (split.classes.index(claim.facts[key]) for key in ("given", "of"))
    # Of a split's statistics there are only the counts, of one with thousands of classes only the labels.
    pairs = split.cooccurrence
    both = int((split.train_matrix[:, given] & split.train_matrix[:, of]).sum()) if pairs is None else pairs[given][of]
    images = split.class_counts[given]
    found = f"{both} of {images} training images with {claim.facts['given']} show {claim.facts['of']}"
    agrees = images and abs(both / images - claim.facts["value"]) <= PRINTED
    return ("holds", found) if agrees else ("reversed", f"{found}; stated {claim.facts['value']}")


def judge_split(claim: Claim, split: Any | None) -> tuple[str, str]:
    """Sizes of the data set and of its class groups."""
    if split is None:
        return "missing", "needs the data set's split"
    ours = split_facts(split)
    stated = claim.facts["facts"]
    wrong = [f"{name}: {ours[name]}, stated {value}" for name, value in stated.items() if ours[name] != value]
    return ("reversed", "; ".join(wrong)) if wrong else ("holds", "counted in the split: all as stated")


def split_facts(split: Any) -> Mapping[str, int]:
    return {
        "training images": len(split.train_ids),
        "test images": len(split.test_ids),
        "classes": len(split.classes),
        "smallest class": min(split.class_counts),
        "largest class": max(split.class_counts),
        "classes above 100": sum(count > 100 for count in split.class_counts),
        **{group: len(members) for group, members in split.groups.items()},
    }
