"""Which candidate wins on held-out images: best mean, ties to the smaller change, nothing decided too early."""

import math

import pytest
from evidence import synthetic

from ltmlc.errors import InputError
from ltmlc.evidence.results.results import load_results
from ltmlc.evidence.tuning.decide import decide, held_out_scores
from ltmlc.evidence.tuning.gains import gains
from ltmlc.evidence.tuning.report import sweep_markdown
from ltmlc.evidence.tuning.sweep_csv import decisions_csv, read_chosen
from ltmlc.plan.sweep import Candidate, Choice

FACTORS = (0.1, 0.3, 1, 3, 10)
SPLIT = synthetic.split()


def name(factor: float) -> str:
    return "loss" if factor == 1 else f"loss_lr-{0.1 * factor:g}"


CHOICE = Choice(
    "Loss", "table1", True,
    tuple(Candidate(f"rate x {f:g}", name(f), 0.1 * f, f, abs(math.log(f))) for f in FACTORS),
)  # fmt: skip


def results(folder, totals, seeds=(0,), choice=CHOICE):
    """Held-out results: all three classes have the same AP; a value None is a failed run, an absent one missing."""
    rows = [synthetic.row(each.run, each.run) for each in choice.candidates]
    for run, values in totals.items():
        for seed, value in enumerate(values):
            ap = None if value is None else [value / 100] * 3
            synthetic.write(folder, "voc-lt", run, seed, value, ap_per_class=ap)
    return load_results(synthetic.grid(synthetic.table("t", *rows), seeds=seeds), folder)


def decision(folder, totals, seeds=(0,), choice=CHOICE):
    return decide(choice, "voc-lt", results(folder, totals, seeds, choice), SPLIT)


def totals(*values):
    return {name(factor): [value] for factor, value in zip(FACTORS, values, strict=True)}


def test_the_best_held_out_mean_is_chosen(tmp_path):
    made = decision(tmp_path, totals(40, 45, 50, 55, 52))
    assert made.chosen.candidate.factor == 3
    assert made.note == ""
    assert gains([made])["loss", name(3)].mean == pytest.approx(5)


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        ((40, 50, 50, 50, 40), 1),  # the recipe's own
        ((40, 40, 30, 50, 50), 3),  # the smaller change
        ((40, 50, 30, 40, 50), 0.3),  # a third is nearer than ten
    ],
)
def test_ties_go_to_the_smaller_change(tmp_path, values, factor):
    assert decision(tmp_path, totals(*values)).chosen.candidate.factor == factor


@pytest.mark.parametrize(("values", "side"), [((60, 45, 50, 55, 52), "lower"), ((40, 45, 50, 55, 60), "higher")])
def test_a_best_rate_at_the_end_of_the_grid_is_a_warning(tmp_path, values, side):
    made = decision(tmp_path, totals(*values))
    assert f"end of the grid: try {side}" in made.note
    assert f"**Loss**: {made.note}" in sweep_markdown([made], SPLIT, title="X", seeds=[0])


def test_nothing_is_decided_while_a_training_is_missing(tmp_path):
    made = decision(tmp_path, {name(1): [50], name(3): [60]})
    assert made.chosen is None
    assert made.note == "3 of 5 candidates are not trained yet"
    assert "…" in sweep_markdown([made], SPLIT, title="X", seeds=[0])


def test_a_candidate_that_failed_is_not_chosen_and_does_not_hold_up_the_rest(tmp_path):
    made = decision(tmp_path, totals(40, 45, 50, 55, None))
    assert made.chosen.candidate.factor == 3
    assert "✗" in sweep_markdown([made], SPLIT, title="X", seeds=[0])
    assert decision(tmp_path / "all", totals(None, None, None, None, None)).note == "every candidate failed"


def test_the_mean_over_seeds_decides_and_one_failed_seed_rules_out(tmp_path):
    seeds = {name(factor): [50, 50] for factor in FACTORS} | {name(3): [40, 64], name(10): [70, None]}
    made = decision(tmp_path, seeds, seeds=(0, 1))
    assert made.chosen.candidate.factor == 3
    assert made.chosen.percent["total"] == pytest.approx(52)
    assert made.chosen.n == 2
    assert "One seed: nothing measures" in sweep_markdown(
        [decision(tmp_path, totals(*FACTORS))], SPLIT, title="X", seeds=[0]
    )


def test_a_result_on_another_part_of_the_images_does_not_count(tmp_path):
    values = totals(40, 45, 50, 55, 52)
    made = results(tmp_path, values)
    path = synthetic.write(tmp_path, "voc-lt", name(3), 0, 99, ap_per_class=[0.99] * 3, split_sha256="f" * 64)
    assert path.exists()
    made = decide(CHOICE, "voc-lt", load_results(_grid(), tmp_path), SPLIT)
    assert made.chosen is None
    assert made.note.startswith("1 of 5")


def _grid():
    return synthetic.grid(synthetic.table("t", *(synthetic.row(c.run, c.run) for c in CHOICE.candidates)))


def test_classes_without_a_held_out_image_are_not_scored_and_said_so(tmp_path):
    split = synthetic.split()
    split.test_class_counts = [2, 1, 0]  # the tail class has none
    synthetic.write(tmp_path, "voc-lt", "loss", 0, 50, ap_per_class=[0.9, 0.5, 0.1])
    made = load_results(_grid(), tmp_path)
    scores = held_out_scores(made.of("voc-lt", "loss")[0], split)
    assert scores == {"total": pytest.approx(70), "head": pytest.approx(90), "medium": pytest.approx(50), "tail": None}
    text = sweep_markdown([decide(CHOICE, "voc-lt", made, split)], split, title="X", seeds=[0])
    assert "over 2 of 3 classes" in text
    assert "not scored, for want of a second training image: cow" in text
    assert "as much as any other: dog" in text


def test_the_table_gives_back_what_was_chosen(tmp_path):
    panel = Choice("P", "t", False, tuple(Candidate(x, x, 0.1, None, float(i)) for i, x in enumerate("ab")))
    made = [
        decision(tmp_path / "1", totals(40, 45, 50, 55, 52)),
        decision(tmp_path / "2", {"a": [50], "b": [51]}, choice=panel),
    ]
    assert made[1].chosen.candidate.run == "b"
    path = tmp_path / "tune.csv"
    path.write_text(decisions_csv(made))
    assert read_chosen(path) == {"loss": "loss_lr-0.3"}  # rates alone: an open choice has no run to train in its place
    path.write_text(decisions_csv([decision(tmp_path / "3", {name(1): [50]})]))
    assert read_chosen(path) == {}


def test_a_table_that_is_missing_or_another_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"does not exist; run `snakemake tune`"):
        read_chosen(tmp_path / "tune.csv")
    (tmp_path / "tune.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not a table of `ltmlc tune`"):
        read_chosen(tmp_path / "tune.csv")


def test_a_gain_from_nothing_is_a_number(tmp_path):
    """A mean of 0.0 is a score."""
    assert gains([decision(tmp_path, totals(0, 0, 0, 5, 0))])["loss", name(3)].mean == pytest.approx(5)


def test_what_a_seed_does_to_all_candidates_is_no_noise_of_a_gain(tmp_path):
    """Seeds 20 points apart; beyond them candidates move by one at most."""
    runs = {name(0.1): [30, 51], name(0.3): [35, 56], name(1): [40, 60], name(3): [44, 65], name(10): [42, 61]}
    made = decision(tmp_path, runs, seeds=(0, 1))
    found = gains([made])["loss", name(3)]
    assert found.mean == pytest.approx(4.5)
    assert 0 < found.half_interval < 8  # by the seeds of one run alone it would be 60
    text = sweep_markdown([made], SPLIT, title="X", seeds=[0, 1])
    assert f"| 0.3 | {found} |" in text
    assert "on the same seeds" in text
    line = next(line for line in decisions_csv([made]).splitlines() if name(3) in line)
    assert f",4.5000,{found.half_interval:.4f}," in line


def test_the_present_candidate_has_no_gain_and_is_kept(tmp_path):
    made = decision(tmp_path, totals(40, 50, 50, 50, 40))
    assert set(gains([made])) == {("loss", name(factor)) for factor in FACTORS if factor != 1}
    assert "| 0.1 | kept |" in sweep_markdown([made], SPLIT, title="X", seeds=[0])


def test_a_copied_seed_is_no_second_draw(tmp_path):
    runs = {name(factor): [40 + factor, 40 + factor] for factor in FACTORS}
    made = decision(tmp_path, runs, seeds=(0, 1))
    assert {len(each.totals) for each in made.tried} == {1}
    assert math.isnan(gains([made])["loss", name(3)].half_interval)
    runs = {name(factor): [40, 40, 40.5] for factor in FACTORS} | {name(3): [41, 41, 39]}
    made = decision(tmp_path, runs, seeds=(0, 1, 2))
    assert made.chosen.candidate.factor == 1 and {each.n for each in made.tried} == {2}, "counted twice, 3 would win"
