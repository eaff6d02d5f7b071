"""docs/which-loss.md: what it shows is what its code gives."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from other_images import read_scores

from ltmlc.losses import c_lsep, dr
from ltmlc.metrics import above, label_metrics, reliability, top

PAGE = (Path(__file__).parents[2] / "docs" / "which-loss.md").read_text(encoding="utf-8")
SHOWN, ACCUMULATE, KNOWN_ONLY = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
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
