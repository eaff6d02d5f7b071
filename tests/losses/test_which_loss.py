"""docs/which-loss.md: what it shows is what its code gives, its numbers those of the committed runs."""

import re
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pytest
import torch
from committed_runs import totals
from other_images import read_scores
from page_prose import prose_of
from scripts import load_script

from ltmlc.evidence.uncertainty.moderated import moderate
from ltmlc.evidence.uncertainty.noise import paired
from ltmlc.losses import c_lsep, dr
from ltmlc.metrics import above, label_metrics, reliability, top

PAGE = (Path(__file__).parents[2] / "docs" / "which-loss.md").read_text(encoding="utf-8")
SHOWN, ACCUMULATE, KNOWN_ONLY = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
TUNED = {  # loss and sampler on the page -> row of docs/tuning.md
    "| `asl` | class-aware |": "ASL Loss",
    "| `balpoe`, three experts | class-aware |": "BalPoE",
    "| `db_focal` | class-aware |": "DB Focal",
    "| `bce` | class-aware |": "RS",
    "| `rw` | uniform |": "RW",
    "| `dr`, gamma2 7 | class-aware |": "DR Loss (Ours)",
    "| `c_lsep`, gamma 5 | class-aware |": "LSEP + CW",
    "| `bce` | uniform |": "ERM",
}
LOSS = partial(dr, gamma2=7.0)


def batch():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(12, 5, generator=generator, dtype=torch.float64)
    return inputs, (torch.rand(12, 4, generator=generator) < 0.3).double()


def defined(code):
    names = {"torch": torch}
    exec(code, names)  # the page's own words, of this repository
    return names


def test_a_class_wise_loss_of_pieces_is_another_loss_as_the_page_prints_it(capsys):
    exec(SHOWN, {})
    assert capsys.readouterr().out == re.search(r"```text\n(.*?)```", PAGE, flags=re.S)[1]


def test_accumulation_as_the_page_has_it_gives_the_gradient_of_the_whole_batch():
    inputs, labels = batch()
    network = torch.nn.Linear(5, 4, dtype=torch.float64)
    LOSS(network(inputs), labels).backward()
    expected = network.weight.grad.clone()
    network.zero_grad()
    defined(ACCUMULATE)["accumulate"](network, LOSS, inputs.split(5), labels)
    torch.testing.assert_close(network.weight.grad, expected)


def test_unknown_labels_are_left_out_and_with_none_unknown_nothing_changes():
    inputs, labels = batch()
    known_only, logits = defined(KNOWN_ONLY)["known_only"], inputs[:, :4]
    everything = torch.ones(12, 4, dtype=torch.bool)
    for loss in (LOSS, c_lsep):
        torch.testing.assert_close(known_only(loss, logits, labels, everything), loss(logits, labels))
        some = everything.clone()
        some[:3, 1] = False
        wrong = torch.where(some, labels, 1 - labels)
        torch.testing.assert_close(known_only(loss, logits, labels, some), known_only(loss, logits, wrong, some))


@pytest.mark.parametrize(
    ("label", "run"),
    [("`lsep`", "lsep"), ("`c_lsep`, gamma 5", "c_lsep_gamma-5"), ("`dr`, gamma2 7", "dr_gamma1-5_gamma2-7")],
)
def test_what_a_probability_of_one_half_gives_is_what_the_committed_scores_give(label, run):
    labels, scores = read_scores([run], range(5))
    seeds = []
    for logits in scores.values():
        at_half, three = label_metrics(above(logits), labels), label_metrics(top(logits), labels)
        calibration = reliability(1 / (1 + np.exp(-logits.astype(np.float64))), labels)
        seeds.append([at_half["op"], at_half["or"], at_half["of1"], three["of1"], calibration.ece])
    numbers = " | ".join(f"{100 * value:.1f}" for value in np.mean(seeds, axis=0))
    assert f"| {label} | {numbers} |" in PAGE


@pytest.fixture(scope="module")
def tuning():
    return load_script("docs/tuning.py")


@pytest.fixture(scope="module")
def pairs(tuning):
    """Each method at the recipe's and at its chosen rate, by row, with a fixed backbone."""
    return {pair.label: pair for pair in tuning.tuned("photographs")[0]}


def total(cell) -> float:
    return cell.mean["total"]


def gain(pair) -> float:
    return fmean(pair.differences["total"])


@pytest.mark.parametrize(("start", "label"), TUNED.items())
def test_a_row_has_the_committed_totals_the_chosen_rate_and_the_gain(start, label, pairs):
    before, after = map(total, pairs[label].cells)
    (row,) = [line for line in PAGE.splitlines() if line.startswith(start)]
    assert row.startswith(f"{start} {before:.2f} | {after:.2f} (")
    assert re.search(rf"\((rate )?{pairs[label].rates[1]:g}[;)]", row)
    assert row.endswith(f"| {gain(pairs[label]):+.1f} |")


def test_c_lsep_at_the_rate_that_another_processor_chose():
    other = fmean(totals("voc07-lt-frozen-tuned", "c_lsep_gamma-5_recipe-dr_lr-0.03").values())
    assert f"(0.09; at 0.03, {other:.2f})" in PAGE


def test_the_short_answer(pairs):
    gains = [gain(pair) for pair in pairs.values()]
    assert len(gains) == 16
    assert f"It moved the sixteen methods by {min(gains):.1f} to {max(gains):+.1f} points" in PAGE
    rw = pairs["RW"]
    assert f"It reached {total(rw.cells[0]):.1f} at the first rate" in PAGE
    assert f"tuning changed that by {gain(rw):+.1f} ± {rw.gain.half_interval:.1f}" in PAGE
    single = {label: total(pair.cells[1]) for label, pair in pairs.items() if label != "BalPoE"}
    best = sorted(single, key=single.__getitem__)[-2:]
    assert best == ["DB Focal", "ASL Loss"] and "best of single networks here, 2 points above `rw`" in PAGE
    assert [round(single[label] - single["RW"]) for label in best] == [2, 2]


def test_dr_without_a_search(pairs):
    dr, lsep, rw = (pairs[label].cells for label in ("DR Loss (Ours)", "LSEP", "RW"))
    assert f"it stood {total(dr[0]) - total(lsep[0]):.1f} above LSEP" in PAGE
    assert f"`rw` was still {total(rw[0]) - total(dr[0]):.1f} above it" in PAGE
    assert f"At tuned rates {total(dr[1]) - total(lsep[1]):.1f} of its lead over LSEP was left" in PAGE


def test_what_is_said_of_rates_sums_and_head_classes(tuning, pairs):
    rates = tuning.decisions(*tuning.RATES["photographs"])
    at_the_end = sum(row.chosen.candidate.factor == max(each.candidate.factor for each in row.tried) for row in rates)
    assert (at_the_end, len(rates)) == (7, 16) and "Seven of sixteen losses were best at the largest factor" in PAGE
    summed = fmean(totals("voc07-lt-frozen-choices", "32xlsep").values())
    assert f"LSEP as a sum gains {summed - total(pairs['LSEP'].cells[0]):.1f} at the same rate" in PAGE
    head, tail = (fmean(pairs["ERM"].differences[column]) for column in ("head", "tail"))
    assert f"`bce` costs them {-head:.0f} points and gives the tail {tail:.0f}" in PAGE


def test_from_which_difference_on_two_tuned_values_differ(tuning):
    tuned, results = tuning.tuned("photographs")
    draws = [results.draws(pair.dataset, pair.cells[1].run, "total") for pair in tuned]
    widths = [spread.half_width(5) for spread in moderate([paired(*two) for two in combinations(draws, 2)])]
    assert f"from {median(widths):.1f} on in a typical pair, in the noisiest only from {max(widths):.1f}." in PAGE


def test_how_often_another_processor_chose_another_rate():
    """By docs/tuning.md, which another test holds to the sweeps."""
    assert "Three of the 14 rows chose another rate" in prose_of("docs/tuning.md")
    assert "on another processor it chose others for three of fourteen losses" in PAGE


def test_rates_and_the_lead_where_the_backbone_trains(tuning):
    decided = {each.choice.label: each for each in tuning.decisions(*tuning.RATES["trained backbone"])}
    rows = [decided[label] for label in ("LSEP", "LSEP + CW", "RS", "DB Focal", "LSEP + CW + NGC")]
    lsep, c_lsep, bce, db_focal, dr = (f"{each.chosen.candidate.factor:g}" for each in rows)
    assert c_lsep == bce == db_focal
    assert (
        f"LSEP was best at {lsep}, `c_lsep`, `bce` and `db_focal` at {bce} and `dr` at {dr}, and the last three" in PAGE
    )
    at_ten = [one.percent["total"] for each in rows[2:] for one in each.tried if one.candidate.factor == 10]
    assert max(at_ten) < 20 and "learned little or nothing at 10" in PAGE  # 8 is chance
    best = totals("voc07-lt-224px", "dr_gamma1-5_gamma2-7")
    lead, left = (
        fmean(paired(totals(folder, run), best).values())
        for folder, run in (("voc07-lt-224px", "lsep"), ("voc07-lt-224px-tuned", "lsep_recipe-dr_lr-0.003"))
    )
    assert f"where the backbone trains, {left:.1f} of {lead:.1f}" in PAGE
