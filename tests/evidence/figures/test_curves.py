"""Training curves: what is averaged, what is named as missing."""

import matplotlib
import numpy as np
import pytest
from evidence.synthetic import grid, row, table, write

from ltmlc.evidence.figures.curves import curve_of, draw_curves, write_curves
from ltmlc.evidence.results.results import load_results


def history(*losses, **more):
    return [
        {"epoch": e, "loss": loss, "lr": 0.1 / e, "images_per_second": 10.0} | {k: v[e - 1] for k, v in more.items()}
        for e, loss in enumerate(losses, 1)
    ]


@pytest.fixture
def declared():
    return grid(table("t", row("LSEP", "lsep"), row("DR $", "dr"), row("ASL", "asl")), seeds=(0, 1, 2))


def drawn(declared, tmp_path):
    figure = draw_curves(declared, load_results(declared, tmp_path), declared.tables["t"])
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def line(axes, words):
    (found,) = [each for each in axes.get_lines() if words in each.get_label()]
    return found.get_xdata().tolist(), found.get_ydata().tolist()


def test_a_line_is_the_mean_over_seeds_as_a_share_of_the_first_epoch(declared, tmp_path):
    write(tmp_path, "voc-lt", "lsep", 0, 50, history=history(3.0, 2.0))
    write(tmp_path, "voc-lt", "lsep", 1, 51, history=history(5.0, 1.0))
    write(tmp_path, "voc-lt", "dr", 0, 50, history=history(40.0, 10.0))
    panels = drawn(declared, tmp_path)
    assert line(panels["LSEP"], "loss") == ([1, 2], pytest.approx([1, 1.5 / 4]))
    assert line(panels[r"DR \$"], "loss")[1] == pytest.approx([1, 0.25])
    assert panels["LSEP"].texts[0].get_text() == "loss 4 to 1.5; not run: seed 2"
    curve = curve_of(load_results(declared, tmp_path), "voc-lt", "lsep")
    assert curve.sd == pytest.approx([np.std([3, 5], ddof=1), np.std([2, 1], ddof=1)])
    assert curve.rate == pytest.approx([0.1, 0.05])


def test_a_copy_of_a_seed_neither_moves_the_mean_nor_narrows_the_spread(declared, tmp_path):
    for seed, (percent, first) in enumerate(((50, 3.0), (50, 3.0), (51, 5.0))):
        write(tmp_path, "voc-lt", "lsep", seed, percent, history=history(first, 1.0))
    curve = curve_of(load_results(declared, tmp_path), "voc-lt", "lsep")
    assert (curve.loss[0], curve.sd[0]) == (4, pytest.approx(np.std([3, 5], ddof=1)))


def test_what_is_not_run_or_failed_is_named_and_not_drawn(declared, tmp_path):
    write(tmp_path, "voc-lt", "lsep", 0, 50, history=history(3.0, 2.0))
    write(tmp_path, "voc-lt", "lsep", 1, None, history=history(3.0, 300.0))
    write(tmp_path, "voc-lt", "dr", 0, 50, history=[])
    panels = drawn(declared, tmp_path)
    assert line(panels["LSEP"], "loss")[1] == pytest.approx([1, 2 / 3]), "a seed that failed is in no mean"
    words = {name: axes.texts[0].get_text() for name, axes in panels.items()}
    assert words["LSEP"] == "loss 3 to 2; failed: seed 1; not run: seed 2"
    assert words[r"DR \$"] == "not run: seed 1, 2; no history: seed 0" and not panels[r"DR \$"].get_lines()
    write(tmp_path, "voc-lt", "dr", 1, 51, history=[])
    text = drawn(declared, tmp_path)[r"DR \$"].texts[0].get_text()
    assert text == "not run: seed 2; no history: seed 0, 1", "all that finished are not all seeds"
    assert words["ASL"] == "not run" and not panels["ASL"].get_lines()


def test_a_run_that_failed_in_every_seed_shows_how_far_it_came(declared, tmp_path):
    write(tmp_path, "voc-lt", "lsep", 0, None, history=history(3.0, 6.0, None))
    axes = drawn(declared, tmp_path)["LSEP"]
    assert line(axes, "loss")[1] == pytest.approx([1, 2, np.nan], nan_ok=True)
    assert axes.texts[0].get_text() == "loss 3 to 6; highest 6; failed: seed 0; not run: seed 1, 2"


@pytest.mark.parametrize("losses", [(-1.0, 2.0), (None, 2.0), (0.0, 0.0)])
def test_a_loss_that_begins_at_no_positive_number_has_no_shares(declared, tmp_path, losses):
    write(tmp_path, "voc-lt", "lsep", 0, 50, history=history(*losses))
    axes = drawn(declared, tmp_path)["LSEP"]
    assert not axes.get_lines() and "not above 0" in axes.texts[0].get_text()


def test_held_out_scores_are_marked_at_their_epochs(declared, tmp_path):
    scored = history(4.0, 3.0)
    scored[1]["held_out_map"] = 0.25
    write(tmp_path, "voc-lt", "lsep", 0, 50, history=scored)
    assert line(drawn(declared, tmp_path)["LSEP"], "held-out") == ([2], [0.25])


def test_files_are_the_same_to_the_byte_whatever_the_user_s_settings(declared, tmp_path):
    write(tmp_path, "voc-lt", "lsep", 0, 50, history=history(3.0, 2.0))
    results = load_results(declared, tmp_path)
    paths = write_curves(declared, results, tmp_path / "a", tables=["t"])
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9}):
        again = write_curves(declared, results, tmp_path / "b", tables=["t"])
    assert [path.name for path in paths] == ["curves_t.pdf", "curves_t.png"]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
