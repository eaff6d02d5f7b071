"""docs/tuning.md: what it says of rates has the numbers of the committed metrics files; where the backbone trains:
test_tuning_trained.py.
"""

import csv
import re
from statistics import fmean, stdev

import pytest
from committed_runs import REFERENCE, totals
from page_prose import WORDS, interval, missing, prose_of
from scripts import load_script

from ltmlc.evidence.uncertainty.noise import paired

RATES = prose_of("docs/tuning.md").split("## Open choices")[0]
DIGITS, PHOTOGRAPHS, _ = re.split(r"## On photographs, backbone (?:fixed|trained) ", RATES)
RECIPE, CHOSEN = 0, 1
LSEP, C_LSEP, DR = "LSEP", "LSEP + CW", "DR Loss (Ours)"


class Experiment:
    """By method: what held-out images decide of its rate, its gain on the test set, and its totals there by seed, at
    the recipe's and at the chosen rate.
    """

    def __init__(self, maker, subject: str) -> None:
        self.pairs, results = maker.tuned(subject)
        self.decided = {each.choice.label: each for each in maker.decisions(*maker.RATES[subject]) if each.chosen}
        self.gains = {pair.label: pair.gain for pair in self.pairs}
        self.totals = {
            pair.label: [results.draws(pair.dataset, cell.run, "total") for cell in pair.cells] for pair in self.pairs
        }
        self.tuned = {name: fmean(both[CHOSEN].values()) for name, both in self.totals.items()}

    def apart(self, method: str, other: str, rate: int, digits: int = 2) -> str:
        return interval(less(self.totals[method][rate], self.totals[other][rate]), digits)

    def held_out(self, method: str, other: str, which: str) -> list[float]:
        """Points on the held-out images, by seed; ``which``: at the ``present`` or the ``chosen`` rate."""
        return less(*(getattr(self.decided[name], which).totals for name in (method, other)))


def less(totals: dict[int, float], others: dict[int, float]) -> list[float]:
    """Points above others, by seed."""
    return list(paired(others, totals).values())


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/tuning.py")


@pytest.fixture(scope="module")
def digits(maker):
    return Experiment(maker, "digits")


@pytest.fixture(scope="module")
def photographs(maker):
    return Experiment(maker, "photographs")


def test_the_lead_and_its_parts_on_digits(digits):
    dr = "LSEP + CW + NGC"
    lead, step, constraint = (
        [digits.apart(*two, rate, 1) for rate in (RECIPE, CHOSEN)] for two in ((dr, LSEP), (C_LSEP, LSEP), (dr, C_LSEP))
    )
    zlpr, asl, rs = (digits.apart(name, dr, CHOSEN, 1) for name in ("ZLPR", "ASL", "RS"))
    held_out, width = interval(digits.held_out(LSEP, dr, "chosen"), 1).split(" ± ")
    assert not missing(
        DIGITS,
        f"At the recipe's rate DR is {lead[0]} above LSEP; each at its chosen rate, {lead[1]}.",
        f"LSEP is {held_out} above DR at these rates (± {width}, three seeds)",
        f"Class-wise LSEP is {step[0]} above LSEP at the recipe's rate and {step[1]} at the chosen ones.",
        f"The negative gradient constraint gains {constraint[0]} and {constraint[1]}.",
        f"ZLPR (+{zlpr}) and ASL (+{asl}) cannot be told apart from DR; RS is {rs} above it.",
    )


def test_gains_and_seeds_on_digits(digits):
    alone = {name: max(each.tried, key=lambda one: one.totals[0]).candidate for name, each in digits.decided.items()}
    other = [name for name, each in digits.decided.items() if alone[name] != each.chosen.candidate]
    assert other == ["ASL", "ZLPR", "LSEP + CW + NGC + DB Focal"]
    asl, zlpr, both = (f"{alone[name].lr:g}" for name in other)
    three = "{:g}, {:g} and {:g}".format(*(digits.decided[name].chosen.candidate.lr for name in other))
    spread = [stdev(each.values()) for rates in digits.totals.values() for each in rates]
    gains = {name: f"{gain.mean:.1f}" for name, gain in digits.gains.items()}
    assert not missing(
        DIGITS,
        f"ZLPR gains {gains['ZLPR']}, again at the end of the grid, and ASL {gains['ASL']}, beyond noise",
        f"Circle's {gains['Circle']} is at its edge",
        f"Seed 0 alone takes {asl} for ASL, {zlpr} for ZLPR and {both} for DR + DB Focal, "
        f"where three seeds take {three}",
        f"totals of one method move by {min(spread):.1f} to {max(spread):.1f} (sd)",
    )


def test_the_lead_and_its_parts_on_photographs(photographs):
    lead, constraint = (
        fmean(less(photographs.totals[DR][RECIPE], photographs.totals[name][RECIPE])) for name in (LSEP, C_LSEP)
    )
    first, second = (totals("voc07-lt-frozen-tuned", f"c_lsep_gamma-5_recipe-dr_lr-{lr}") for lr in (0.03, 0.09))
    lsep, dr = (photographs.totals[name][CHOSEN] for name in (LSEP, DR))
    present, chosen = (fmean(photographs.held_out(DR, LSEP, which)) for which in ("present", "chosen"))
    assert fmean(first.values()) > fmean(second.values())
    assert not missing(
        PHOTOGRAPHS,
        f"DR is {lead:.2f} above LSEP at the recipe's rate and {interval(less(dr, lsep))} at the chosen ones",
        f"it is {present:.1f} and still {chosen:.1f}",
        f"At the recipe's rate it gains {constraint:.2f}.",
        f"it loses {interval(less(first, dr))} against C-LSEP at 0.03, which the first sweep chose, and gains "
        f"{interval(less(dr, second))} against C-LSEP at 0.09, which the second chose; 0.03 is the better rate",
        f"So does the class-wise step: +{interval(less(first, lsep))} and {interval(less(second, lsep))}.",
    )


def test_who_gains_on_photographs(photographs):
    gains = photographs.gains
    gaining = {name: gain.mean for name, gain in gains.items() if gain.mean > gain.half_interval}
    still = {name for name, gain in gains.items() if abs(gain.mean) <= gain.half_interval}
    assert (min(gaining, key=gaining.get), max(gaining, key=gaining.get)) == ("CB Focal", "BalPoE")
    assert still == {"RW", "ML-GCN"} and gains.keys() - gaining - still == {"LDAM"}
    ends = sum(each.chosen.candidate.factor == 300 for each in photographs.decided.values())
    assert not missing(
        PHOTOGRAPHS,
        f"{WORDS[len(gaining)]} of sixteen rows gain beyond noise, from {gaining['CB Focal']:.1f} (CB Focal) to "
        f"{gaining['BalPoE']:.1f} (BalPoE); RW and ML-GCN are not shown to move, LDAM loses. "
        f"{WORDS[ends]} are best at the end of the grid, 300 times the recipe's rate",
    )


def test_the_order_at_tuned_rates_on_photographs(photographs):
    tuned = photographs.tuned
    order = sorted(tuned, key=tuned.get, reverse=True)
    assert order[:3] == ["ASL Loss", "BalPoE", "DB Focal"]
    assert {*order[3:10]} == {"RS", "RW", "DR (Ours) + DB Focal", DR, "Circle Loss", LSEP, "ZLPR Loss"}
    recipes = stdev(fmean(both[RECIPE].values()) for both in photographs.totals.values())
    without = stdev(value for name, value in tuned.items() if name != "LDAM")
    assert not missing(
        PHOTOGRAPHS,
        "ASL {:.1f}, BalPoE {:.1f} and DB Focal {:.1f} lead".format(*map(tuned.get, order)),
        f"lie between {tuned[order[9]]:.1f} and {tuned[order[3]]:.1f}",
        f"falls from {recipes:.1f} (sd) to {stdev(tuned.values()):.1f}, without LDAM to {without:.1f}",
    )
    held_out = {name: each.chosen.percent["total"] for name, each in photographs.decided.items()}
    uniform = {"RW", "LDAM", "Focal Loss", "CB Focal"}
    assert uniform < {*sorted(held_out, key=held_out.get)[-5:]} and uniform - {"RW"} < {*order[8:]}


def test_two_sweeps_on_two_kinds_of_processor(maker, photographs):
    with maker.FIRST_SWEEP.open(encoding="utf-8", newline="") as file:
        first = {line["run"]: float(line["total"]) for line in csv.DictReader(file)}
    rows = {name: each for name, each in photographs.decided.items() if name not in maker.CHANGED}
    before = {name: max(each.tried, key=lambda one: first[one.candidate.run]).candidate for name, each in rows.items()}
    other = {
        name: f"{each.chosen.candidate.lr:g} in place of {before[name].lr:g}"
        for name, each in rows.items()
        if each.chosen.candidate != before[name]
    }
    moved = {
        factor: sorted(
            abs(one.percent["total"] - first[one.candidate.run])
            for each in rows.values()
            for one in each.tried
            if one.candidate.factor == factor
        )
        for factor in (30, 100, 300)
    }
    middle = [value for factor in (30, 100) for value in moved[factor][-2:]]
    assert max(moved[factor][-3] for factor in (30, 100)) < min(middle) / 2, "two of the rows stand out"
    assert not missing(
        PHOTOGRAPHS,
        f"it moved two of {len(rows)} rows by {min(middle):.1f} to {max(middle):.1f}, at 300 times eight of them by "
        f"{moved[300][-8]:.1f} to {moved[300][-1]:.1f}. {WORDS[len(other)]} of the {len(rows)} rows chose another "
        f"rate: LSEP + CW {other[C_LSEP]}, LDAM {other['LDAM']}, RW {other['RW']}.",
    )


def test_what_the_choice_of_either_sweep_gives_on_photographs(photographs):
    with (REFERENCE / "voc07-lt-frozen-tuning" / "first-tuned.csv").open(encoding="utf-8", newline="") as file:
        (ldam,) = [line for line in csv.DictReader(file) if line["row"] == "LDAM"]
    c_lsep = fmean(totals("voc07-lt-frozen-tuned", "c_lsep_gamma-5_recipe-dr_lr-0.03").values())
    assert ldam["tuned_n"] == "3"
    assert not missing(
        PHOTOGRAPHS,
        f"LDAM has {photographs.tuned['LDAM']:.2f} at the rate of the second sweep and "
        f"{float(ldam['tuned_total']):.2f} at that of the first (three seeds",
        f"LSEP + CW {photographs.tuned[C_LSEP]:.2f} and {c_lsep:.2f}.",
    )
