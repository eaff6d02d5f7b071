"""docs/specifications.md against the committed runs that its tables, its figure and its prose are made from."""

from statistics import fmean

import pytest
from committed_runs import totals
from page_prose import WORDS, interval, missing, prose_of
from scripts import load_script

from ltmlc.evidence.uncertainty.noise import paired

PROSE = prose_of("docs/specifications.md").split("## What depends on a choice")[1]
MEANS, SUMS, CHOSEN = (f"photographs, {name}" for name in ("means", "sums", "chosen rates"))
DIGITS_CHOSEN = "20 digits, chosen rates"


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/specifications.py")


def test_the_page_is_what_the_committed_runs_say(maker):
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page_with(maker.PAGE, "specifications", maker.table())


def test_sums_and_chosen_rates_stand_for_the_rows_that_they_are_of(maker):
    _, sums, chosen, *_ = maker.specifications()
    assert sums.runs["lsep"] == "32xlsep" and sums.runs["c_lsep_gamma-5"] == "20xc_lsep_gamma-5"
    assert sums.runs["dr_gamma1-5_gamma2-7+db_focal"] == "20xdr_gamma1-5_gamma2-7+640xdb_focal"
    assert (
        chosen.runs["lsep"] == "lsep_recipe-dr_lr-0.09" and chosen.runs["lsep_bs-16"] == "lsep_bs-16_recipe-dr_lr-0.09"
    )
    assert sums.other_axis["lsep_gamma-5"] == "c_lsep_gamma-5" and sums.other_axis["c_lsep"] == "lsep"


def test_every_sentence_of_tables_2_and_3_and_fig_4_a_and_b_is_judged_under_both_readings(maker):
    judged = [line for line in maker.lines() if line.kind.startswith(("Table 2", "Table 3", "Fig. 4 a"))]
    assert len(judged) > 12
    assert [line.name for line in judged if not all(line.verdicts[:3])] == []


def test_the_figure_has_a_point_for_every_verdict(maker):
    (axes,) = maker.draw().axes
    points = sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("None", None, ""))
    assert points == sum(verdict is not None for line in maker.lines() for verdict in line.verdicts)
    assert maker.PICTURE.with_suffix(".png").exists()


@pytest.fixture(scope="module")
def verdict(maker):
    """``verdict(claim, specification)``."""
    columns = [each.name for each in maker.specifications()]
    found = {line.name: dict(zip(columns, line.verdicts, strict=True)) for line in maker.lines()}
    return lambda claim, specification: found[claim][specification]


@pytest.fixture(scope="module")
def points(verdict):
    """Of the weakest comparison, as the page prints them."""
    return lambda claim, specification: f"{verdict(claim, specification).difference:+.2f}"


@pytest.fixture(scope="module")
def count(maker):
    """``count(claim, verdict)``: in how many specifications of how many, in words; without a verdict: as stated."""
    found = {line.name: line for line in maker.lines()}

    def of(claim: str, name: str = "") -> str:
        line = found[claim]
        number, among = map(int, (line.count_verdict(name) if name else line.count(maker.as_stated)).split(" of "))
        return f"{WORDS[number]} of {WORDS[among]}"

    return of


def verdicts(verdict, claim: str, *specifications: str) -> list[str]:
    return [verdict(claim, name).verdict for name in specifications]


def test_sums_turn_tables_2_and_3_around(verdict, points, maker):
    step, gain, whole = (
        [points(claim, name) for name in (MEANS, SUMS)]
        for claim in ("class-wise-step", "gain-of-gamma1", "overall-gain")
    )
    assert verdicts(verdict, "class-wise-step", SUMS) == verdicts(verdict, "gain-of-gamma1", SUMS) == ["reversed"]
    digits = verdict("overall-gain", DIGITS_CHOSEN)
    pairs, _ = maker.tuned("digits")
    at_recipes = {pair.label: pair.cells[0].mean["total"] for pair in pairs}
    assert verdict("overall-gain", CHOSEN).verdict == "not distinguishable" and digits.verdict == "direction only"
    assert digits.low > 0
    assert not missing(
        PROSE,
        f"The class-wise step is {step[0]} by means and {step[1]} by sums (reversed), the gain of gamma1 from 1 to 5 "
        f"{gain[0]} and {gain[1]} (reversed), DR's lead over LSEP {whole[0]} and {whole[1]}.",
        f"At chosen rates the lead is {points('overall-gain', CHOSEN)}, not shown; on the digits it is "
        f"{digits.difference:+.2f} ± {(digits.high - digits.low) / 2:.2f}, beyond chance by itself",
        f"the same seeds have {at_recipes['LSEP + CW + NGC'] - at_recipes['LSEP']:+.2f} at the recipe's rate",
    )


def test_the_parts_of_the_lead_at_chosen_rates(verdict, points, count):
    folder = "voc07-lt-frozen-tuned"
    dr, lsep, *c_lsep = (
        totals(folder, f"{run}_recipe-dr_lr-{lr}")
        for run, lr in (
            *(("dr_gamma1-5_gamma2-7", 0.009), ("lsep", 0.09)),
            *(("c_lsep_gamma-5", lr) for lr in (0.03, 0.09)),
        )
    )
    first, second, own = (f"{fmean(each.values()):.2f}" for each in (*c_lsep, dr))
    assert verdicts(verdict, "class-wise-step", CHOSEN) == verdicts(verdict, "gain-of-gamma1", CHOSEN) == ["holds"]
    assert verdicts(verdict, "ngc-step", MEANS, SUMS, CHOSEN) == ["holds", "holds", "reversed"]
    assert verdicts(verdict, "ngc-advances-mostly-in-the-tail", CHOSEN) == ["reversed"]
    for claim in ("gamma2-1-is-poor", "rises-with-gamma2"):
        assert count(claim) == "five of five" and count(claim, "holds") == "one of five"
        assert verdict(claim, MEANS).verdict == "holds"
    assert not missing(
        PROSE,
        f"{points('class-wise-step', CHOSEN)} (shown) at 0.03, which the first sweep chose, and "
        f"{interval(paired(lsep, c_lsep[1]).values())} at 0.09",
        f"The gain over gamma1 ({points('gain-of-gamma1', CHOSEN)}, shown)",
        f"The negative gradient constraint gains in {count('ngc-step')} specifications",
        f"at chosen rates on photographs it loses {points('ngc-step', CHOSEN)[1:]} (shown), since C-LSEP gains more "
        f"from a rate of its own ({first}) than DR ({own})",
        f"with which C-LSEP has {second} and the constraint gains {fmean(paired(c_lsep[1], dr).values()):.2f}",
        f"That its advance lies mostly in the tail: {count('ngc-advances-mostly-in-the-tail')}, and reversed",
        "gamma2 = 1 is poor in all five, and performance rises with gamma2 in all five; both are shown by means",
    )


def test_class_wise_at_equal_gamma(verdict, points, count):
    for gamma in (1, 3):
        assert count(f"class-wise-gamma-{gamma}", "holds") == "none of five"
        assert verdict(f"class-wise-gamma-{gamma}", MEANS).difference < 0
    assert verdicts(verdict, "class-wise-gamma-5", CHOSEN) == ["holds"]
    assert verdicts(verdict, "class-wise-zlpr", MEANS, SUMS) == ["holds", "holds"]
    assert not missing(
        PROSE,
        f"at gamma 5 as stated in {count('class-wise-gamma-5')}, and shown at chosen rates "
        f"({points('class-wise-gamma-5', CHOSEN)})",
        f"at which it loses {points('lsep-rises-with-gamma', CHOSEN)[1:]}",
        f"C-ZLPR over ZLPR is the sturdiest of its kind: {count('class-wise-zlpr')}, shown by means and by sums.",
    )


def test_best_values_pgc_and_batch_sizes(verdict, count):
    assert max(abs(verdict(claim, MEANS).difference) for claim in ("best-gamma1", "best-gamma2")) < 0.1
    assert verdict("pgc-does-not-help", MEANS).equal and count("pgc-does-not-help", "holds") == "none of five"
    assert not missing(
        PROSE,
        f"is best in {count('best-gamma2')}, gamma1 = 5 in {count('best-gamma1')}.",
        "The differences at the top are below 0.1 on photographs by means.",
        f"PGC does not help: as stated in {count('pgc-does-not-help')}",
        f"LSEP is best at 16 in {count('lsep-best-at-batch-16')}; class-wise above sample-wise at 16 in "
        f"{count('class-wise-batch-16')}, and its gain is stable across batch sizes in "
        f"{count('class-wise-stable-across-batch-sizes')}.",
    )


def test_what_the_demos_page_calls_not_beyond_noise(verdict):
    assert not missing(prose_of("docs/demo.md"), "do not put that beyond noise", "again not beyond noise")
    for claim in (*(f"class-wise-gamma-{gamma}" for gamma in (1, 3, 5)), "ngc-step"):
        assert not {"holds", "reversed"} & {*verdicts(verdict, claim, "20 digits", "80 digits")}
