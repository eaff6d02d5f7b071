"""docs/tuning.md and docs/losses.md: what they say of the open choices has the numbers of the committed runs."""

from statistics import fmean

import pytest
from committed_runs import totals
from page_prose import WORDS, missing, prose_of
from scripts import load_script

from ltmlc.evidence.results.archive import read_splits
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.evidence.tuning.gains import gains, names
from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import holm, paired

TUNING, LOSSES = prose_of("docs/tuning.md"), prose_of("docs/losses.md")
DIGITS, PHOTOGRAPHS = TUNING.split("## Open choices, on ")[1:]
SUM_OF_ASL = "gamma_pos {}, sum, DR recipe"
CIRCLE = ("class axis, sigmoid score", "sample axis, identity score", "class axis, identity score")
NECK, WEIGHT = "a neck of 512 features", "average_w, weight 1 (the DB-loss code's defaults)"
PRIORS = ("tau 0, 0.5, 1", "tau 0, 0, 0 (no prior)")


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/tuning.py")


@pytest.fixture(scope="module")
def measured(maker):
    """By subject: (start of the choice's name, candidate) -> (run in use, candidate's run), gain on held-out images."""
    found = {}
    for subject, source in maker.CHOICES.items():
        decided = maker.decisions(*source)
        labels = {
            names(each, one): (each.choice.label.split(":")[0], one.candidate.label)
            for each in decided
            for one in each.tried
        }
        found[subject] = {labels[runs]: (runs, gain) for runs, gain in gains(decided).items()}
    return found


@pytest.fixture(scope="module")
def on(measured):
    """``on(subject, choice, candidate)``: its gain on held-out images, one decimal."""
    return lambda subject, *at: f"{measured[subject][at][1].mean:+.1f}"


@pytest.fixture(scope="module")
def both(on):
    """The same on digits and on photographs, as docs/losses.md prints them."""
    return lambda choice, candidate: " / ".join(on(subject, choice, candidate) for subject in ("digits", "photographs"))


@pytest.fixture(scope="module")
def tested(measured):
    """``tested(choice, candidate)``: its gain on the test photographs, one decimal."""

    def of(*at: str) -> str:
        (present, candidate), _ = measured["photographs"][at]
        return f"{mean_of(candidate) - mean_of(present):+.1f}"

    return of


def mean_of(run: str) -> float:
    """Total on the test photographs, backbone fixed."""
    return fmean((totals("voc07-lt-frozen", run) or totals("voc07-lt-frozen-choices", run)).values())


def without_sign(*values: str) -> list[str]:
    return [value.lstrip("+-") for value in values]


def test_gains_on_digits(on):
    def points(choice, *candidates):
        return without_sign(*(on("digits", choice, candidate) for candidate in candidates))

    sums = [points(name, "sum")[0] for name in ("C-LSEP, gamma 1", "C-ZLPR", "LSEP", "ZLPR")]
    asl = points("ASL", *(SUM_OF_ASL.format(gamma) for gamma in (1, 0)), "gamma_pos 0, mean, DB recipe")
    assert not missing(
        DIGITS,
        "C-LSEP with gamma 1 {}, C-ZLPR {}, LSEP {}, ZLPR {}.".format(*sums),
        "gains {}, with gamma_pos 0 {}. gamma_pos 0 alone ({}) is at the edge".format(*asl),
        "sigmoid scores gains {}; unbounded scores on the sample axis {},".format(*points("Circle", *CIRCLE[:2])),
        "(tau 0, 0.5, 1) gains {}, none at all {}:".format(*points("BalPoE", *PRIORS)),
        "loses {} with".format(*points("CB Focal", WEIGHT)),
        "gains {} with one of 512 features".format(*points("ML-GCN", NECK)),
        "is {} below the last epoch; after epoch 6, {}, not".format(*points("DR", "after epoch 5", "after epoch 6")),
        "(50 in place of 1: {})".format(*points("BCE + DR", "weight 50")),
    )


def test_what_is_shown_on_digits(maker):
    """Corrected; the chance of the held-out images stands beside ML-GCN."""
    decided = maker.decisions(*maker.CHOICES["digits"])
    draws = {
        (each.choice.label.split(":")[0], one.candidate.label): paired(each.present.totals, one.totals)
        for each in decided
        for one in each.tried
        if one is not each.present
    }
    spreads = moderate([*draws.values()])
    chances = [
        spread.p_value(fmean(each.values()), len(each)) for spread, each in zip(spreads, draws.values(), strict=True)
    ]
    shown = {at for at, p in zip(draws, holm(chances), strict=True) if p <= 0.05}
    assert shown == {("LSEP", "sum"), ("ASL", SUM_OF_ASL.format(0)), ("CB Focal", WEIGHT), ("ML-GCN", NECK)}
    (split,) = read_splits(maker.REFERENCE / "digits20-lt-held-out", ["digits20-lt"]).values()
    (gcn,) = (each.present.percent["total"] for each in decided if each.choice.label.startswith("ML-GCN"))
    assert not missing(
        DIGITS,
        f"Corrected (Holm) for the {len(draws)} comparisons {WORDS[len(shown)]} are shown: the sum for LSEP, ASL as a "
        "sum with gamma_pos 0, CB Focal's weight and ML-GCN's neck.",
        f"has {gcn:.1f} without a neck, where chance is {split_controls(split)['chance']['total']:.1f}",
    )


def test_what_excludes_zero_on_photographs(measured, on):
    found = measured["photographs"]
    shown = {at for at, (_, gain) in found.items() if abs(gain.mean) > gain.half_interval}
    asl = [("ASL", SUM_OF_ASL.format(gamma)) for gamma in (1, 0)]
    assert shown == {("C-ZLPR", "sum"), *asl, ("BalPoE", PRIORS[0])}
    zlpr, one, none, prior = without_sign(
        *(on("photographs", *at) for at in (("C-ZLPR", "sum"), *asl, ("BalPoE", PRIORS[0])))
    )
    assert not missing(
        PHOTOGRAPHS,
        f"Of {len(found)} only those of the sum for C-ZLPR ({zlpr}), of ASL as a sum ({one}, with gamma_pos 0 {none}) "
        f"and of a weaker BalPoE prior ({prior}) exclude zero",
    )


def test_held_out_and_test_photographs(on, tested, measured):
    def here_and_there(choice, candidate, between=" and "):
        return f"{on('photographs', choice, candidate)}{between}{tested(choice, candidate)}"

    assert not missing(
        PHOTOGRAPHS,
        f"LSEP {on('photographs', 'LSEP', 'sum')} here and {tested('LSEP', 'sum')} there, C-LSEP with gamma 1 "
        f"{here_and_there('C-LSEP, gamma 1', 'sum')}, ZLPR {here_and_there('ZLPR', 'sum')}. For C-LSEP with gamma 5 "
        f"({here_and_there('C-LSEP, gamma 5', 'sum', ', ')}) and DR ({here_and_there('DR', 'sum', ', ')})",
        f"sigmoid scores {here_and_there('Circle', CIRCLE[0])}, unbounded scores on the sample axis "
        f"{here_and_there('Circle', CIRCLE[1])};",
        here_and_there("CB Focal", WEIGHT) + "; mode and beta are noise",
        f"half the prior {here_and_there('BalPoE', PRIORS[0])}, none {here_and_there('BalPoE', PRIORS[1])}.",
        f"two gradients equal, {here_and_there('BCE + DR', 'weight 50')}. DR after epoch 5 "
        f"{here_and_there('DR', 'after epoch 5')}.",
        f"disagrees: {on('photographs', 'ML-GCN', 'a neck of 512 features')} here, "
        f"{tested('ML-GCN', 'a neck of 512 features')} on the test",
        f"(28: {here_and_there('DR + DB Focal', 'weight 28')})",
    )
    against = [
        at
        for at, (_, gain) in measured["photographs"].items()
        if abs(gain.mean) >= 1 and gain.mean * float(tested(*at)) < 0
    ]
    assert against == [("ML-GCN", NECK)]


def test_what_the_page_of_losses_says_of_held_out_images(both):
    asl_sum, class_axis, identity, both_of_them, half, none = (
        both(choice, candidate)
        for choice, candidate in (
            ("ASL", SUM_OF_ASL.format(0)),
            *(("Circle", name) for name in CIRCLE),
            *(("BalPoE", name) for name in PRIORS),
        )
    )
    assert not missing(
        LOSSES,
        f"gamma_pos=0` is {both('ASL', 'gamma_pos 0, mean, DB recipe')}, not shown; as a sum it gains "
        f"{asl_sum.replace('+', '')}",
        f'`axis="class"` is {class_axis}, `score="identity"` {identity}, both {both_of_them};',
        f"tau (0, 0.5, 1) is {half}, no prior {none} under",
        f"is {both('DR + DB Focal', 'weight 20')}, weight 5 {both('DR + DB Focal', 'weight 5')}, weight 28 (equal "
        f"gradients) {both('DR + DB Focal', 'weight 28')}: noise.",
        f"again for equal gradients, is {both('BCE + DR', 'weight 50')}.",
    )


def test_what_depends_on_a_choice_on_the_test_photographs(on, tested):
    dr, lsep, sums = (mean_of(run) for run in ("dr_gamma1-5_gamma2-7", "lsep", "32xlsep"))
    dr_sum, class_wise = mean_of("20xdr_gamma1-5_gamma2-7"), mean_of("20xc_lsep")
    assert not missing(
        LOSSES,
        f"DR's lead over LSEP is {dr - lsep:.2f} where losses are means, as in the released code, and "
        f"{dr_sum - sums:.2f} where they are sums",
        f"sample-wise LSEP are alike ({class_wise:.2f}, {sums:.2f}).",
        f"and {mean_of('640xasl_gamma_pos-0') - dr:.2f} above it as the sum",
        f"Circle gains {mean_of('circle_axis-class') - mean_of('circle'):.2f} on the class axis.",
        f"which is {tested('ML-GCN', 'a neck of 512 features')[1:]} better on the test photographs and "
        f"{on('photographs', 'ML-GCN', 'a neck of 512 features')[1:]} worse",
    )
