import csv

import numpy as np
import pytest
from evidence.synthetic import grid, method_grid, row, split, table, write, write_predictions

from ltmlc.data.pack.pack import Pack
from ltmlc.evidence.figures.absent import answer_probes, draw_absent
from ltmlc.evidence.figures.changes import SIDE, draw_changes, largest_changes, thumbnail
from ltmlc.evidence.figures.classes import class_csv, class_scores, draw_class_ap, draw_gain
from ltmlc.evidence.figures.methods import finished_methods, write_method_figures
from ltmlc.evidence.figures.probes import find_probes
from ltmlc.evidence.figures.style import looks_of
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.methods import method_runs

FIGURES = ("absent", "changes", "ap", "gain", "precision-recall", "calibration")
RUNS = {"LSEP": "lsep", "C-LSEP": "c_lsep", "DR": "dr"}


def company():
    """Every training dog has a person; three of the seven test images are of a dog alone."""
    found = split()
    found.train_matrix = np.array([[1, 1, 0]] * 4 + [[1, 0, 0], [0, 0, 1]], np.uint8)
    found.test_matrix = np.array([[0, 1, 0]] * 3 + [[1, 0, 0], [0, 0, 1], [1, 1, 0], [0, 0, 1]], np.uint8)
    found.test_ids = [f"test{i}" for i in range(7)]
    return found


def logits(person: float, dog: float = 1.0) -> np.ndarray:
    values = np.full((7, 3), -3.0)
    values[:3, 0], values[:3, 1] = person, dog
    return values


def pack(side: int = 4) -> Pack:
    """Six training and seven test images, test image i in grey level 10 i."""
    levels = [0] * 6 + [10 * i for i in range(7)]
    pixels = np.concatenate([np.full(side * side * 3, level, np.uint8) for level in levels])
    sides = np.full(13, side)
    offsets = np.arange(13) * side * side * 3
    return Pack(pixels, offsets, sides, sides, [], 6, None, "0" * 64)


def results_of(tmp_path, methods=RUNS, seeds=(0,)):
    declared, data = method_grid(seeds=seeds), company()
    person = {"LSEP": 2.0, "C-LSEP": 0.0, "DR": -2.0}
    for method in methods:
        for seed in seeds:
            spec = declared.runs["voc-lt"][RUNS[method]]
            percent = (50, 50 + seed, 50, 50)
            write(tmp_path, "voc-lt", RUNS[method], seed, percent, ap_per_class=[0.5, 0.25, 0.75], spec=spec)
            write_predictions(tmp_path, "voc-lt", RUNS[method], seed, logits(person[method] + seed), data)
    return declared, load_results(declared, tmp_path), data


def test_the_methods_are_found_by_what_they_run_at_the_papers_protocol():
    declared = method_grid()
    assert method_runs(declared, "voc-lt") == RUNS
    declared.runs["voc-lt"]["lsep"]["batch_size"] = 16
    assert method_runs(declared, "voc-lt") == {"C-LSEP": "c_lsep", "DR": "dr"}
    assert method_runs(method_grid(gamma2=10), "voc-lt") == {"LSEP": "lsep", "C-LSEP": "c_lsep"}  # not this set's DR
    assert method_runs(grid(table("t", row("A", "a"))), "voc-lt") == {}


def test_probabilities_are_means_over_the_probes_images_and_the_seeds(tmp_path):
    _, _, data = results_of(tmp_path)
    predictions = {"LSEP": [logits(2.0), logits(4.0)], "DR": [logits(0.0)]}
    (lsep, dr) = answer_probes(find_probes(data), predictions)
    assert lsep.absent == pytest.approx((1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-4))))
    assert (dr.mean, dr.sd) == (0.5, None) and lsep.sd > 0
    assert dr.present == pytest.approx((1 / (1 + np.exp(-1)),))
    axes = draw_absent([lsep, dr], data.classes, title="x").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["person on dog (n = 3)"]


def test_the_images_with_the_largest_change_come_first_each_once(tmp_path):
    data = company()
    after = logits(0.0)
    after[1, 0], after[2, 0] = -4.0, -1.0
    changes = largest_changes(find_probes(data), {"LSEP": [logits(2.0)], "C-LSEP": [logits(1.0)], "DR": [after]})
    assert [change.image for change in changes] == [1, 2, 0]
    assert list(changes[0].probability) == ["LSEP", "C-LSEP", "DR"] and changes[0].size < -0.8
    assert largest_changes(find_probes(data), {"LSEP": [logits(2.0)]}) == []


def test_an_image_of_two_probes_is_shown_once_with_its_larger_change():
    data = company()
    probes = find_probes(data, [{"present": ["dog"], "absent": ["cow", "person"]}])
    assert [probe.absent for probe in probes] == [2, 0] and probes[0].images == probes[1].images
    changes = largest_changes(probes, {"LSEP": [logits(2.0)], "DR": [logits(-2.0)]})  # nothing said of the cow changes
    assert sorted(change.image for change in changes) == [0, 1, 2]
    assert {change.probe.absent for change in changes} == {0}


def test_the_photograph_shown_is_that_of_the_test_image(tmp_path):
    assert (thumbnail(pack(), 5) == 50).all()
    assert thumbnail(pack(2 * SIDE), 5).shape == (SIDE, SIDE, 3)
    data = company()
    changes = largest_changes(find_probes(data), {"LSEP": [logits(2.0)], "DR": [logits(-2.0)]})
    shown = draw_changes(changes, pack(), data.classes, data.test_ids, title="x")
    hidden = draw_changes(changes, None, data.classes, data.test_ids, title="x")
    images = [[len(axes.images) for axes in figure.axes if "shows" in axes.get_title()] for figure in (shown, hidden)]
    assert images == [[1, 1, 1], [0, 0, 0]]
    assert any(text.get_text() == "test0" for axes in hidden.axes for text in axes.texts)


def test_the_gain_is_paired_by_seed(tmp_path):
    declared, data = method_grid(seeds=(0, 1, 2)), company()
    for run, seed, ap in (("dr", 0, 0.5), ("dr", 1, 0.9), ("lsep", 1, 0.7), ("lsep", 2, 0.1)):
        write(tmp_path, "voc-lt", run, seed, 100 * ap, ap_per_class=[ap] * 3, spec=declared.runs["voc-lt"][run])
    scores = class_scores(finished_methods(declared, load_results(declared, tmp_path), "voc-lt"), data)
    bars = [bar.get_height() for bar in draw_gain(scores, data, title="x").axes[0].patches]
    assert bars == pytest.approx([20.0] * 3)  # seed 1 alone
    scores["LSEP"].pop(1)
    assert "same seed" in draw_gain(scores, data, title="x").axes[0].texts[0].get_text()


def test_the_gain_is_that_of_the_last_method_over_the_first_whatever_they_are():
    scores = {name: {0: np.full(3, value)} for name, value in (("ERM", 40.0), ("RS", 45.0), ("Mine", 43.0))}
    axes = draw_gain(scores, company(), title="x").axes[0]
    assert "gain of Mine over ERM" in axes.get_title()
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([3.0] * 3)
    assert "two methods" in draw_gain({"ERM": scores["ERM"]}, company(), title="x").axes[0].texts[0].get_text()


def test_lsep_keeps_its_colour_beside_methods_of_ones_own():
    looks = looks_of(["Mine", "LSEP", "Theirs"])
    assert (
        looks["LSEP"] == looks_of(["LSEP"])["LSEP"] and len({looks[name] for name in ("Mine", "LSEP", "Theirs")}) == 3
    )


def test_every_class_stands_at_its_size_with_the_mean_of_its_group(tmp_path):
    declared, results, data = results_of(tmp_path)
    axes = draw_class_ap(class_scores(finished_methods(declared, results, "voc-lt"), data), data, title="x").axes[0]
    points = next(line for line in axes.get_lines() if line.get_label() == "DR")
    assert list(points.get_xdata()) == data.class_counts and list(points.get_ydata()) == [50, 25, 75]


def test_a_class_without_a_test_image_has_no_number_in_figures(tmp_path):
    declared, data = method_grid(), company()
    for run, total, ap in (("dr", 60, [0.5, 0.7, None]), ("lsep", 40, [0.4, 0.4, None])):
        write(tmp_path, "voc-lt", run, 0, total, ap_per_class=ap, spec=declared.runs["voc-lt"][run])
    scores = class_scores(finished_methods(declared, load_results(declared, tmp_path), "voc-lt"), data)
    assert "cow,1,tail,DR,1,,\n" in class_csv(scores, data)
    labels = [bar.get_label() for bar in draw_gain(scores, data, title="x").axes[0].containers]
    assert labels == ["head: +10.0 in the mean", "medium: +30.0 in the mean"]


@pytest.mark.parametrize("methods", [(), ("DR",), ("LSEP", "DR"), tuple(RUNS)])
def test_partial_results_give_partial_figures(tmp_path, methods):
    declared, results, data = results_of(tmp_path, methods)
    paths, messages = write_method_figures(declared, results, data, pack(), tmp_path / "figures")
    names = {path.name for path in paths}
    assert names >= {f"{figure}_voc-lt.{kind}" for figure in FIGURES for kind in ("pdf", "png")}
    assert all(path.stat().st_size > 0 for path in paths) and messages == []
    lines = list(csv.DictReader((tmp_path / "figures" / "absent_voc-lt.csv").open()))
    assert {line["method"] for line in lines} == set(methods)


def test_damaged_or_foreign_predictions_are_named_and_left_out(tmp_path):
    declared, results, data = results_of(tmp_path, seeds=(0, 1))
    broken = tmp_path / "runs" / "voc-lt" / "dr" / "seed0" / "predictions.npz"
    broken.write_bytes(broken.read_bytes()[:50])
    other = company()
    other.test_ids = [f"other{i}" for i in range(7)]
    write_predictions(tmp_path, "voc-lt", "lsep", 1, logits(0.0), other)
    _, messages = write_method_figures(declared, results, data, pack(), tmp_path / "figures")
    assert [("lsep/seed1" in message, "dr/seed0" in message) for message in messages] == [(True, False), (False, True)]
    lines = csv.DictReader((tmp_path / "figures" / "absent_voc-lt.csv").open())
    assert {line["method"]: line["seeds"] for line in lines} == {"LSEP": "1", "C-LSEP": "2", "DR": "1"}


def test_copies_of_a_seed_are_drawn_once(tmp_path):
    declared, *_ = results_of(tmp_path, seeds=(0, 1))
    spec = declared.runs["voc-lt"]["dr"]
    write(tmp_path, "voc-lt", "dr", 1, 50, ap_per_class=[0.5, 0.25, 0.75], spec=spec)
    seeds = finished_methods(declared, load_results(declared, tmp_path), "voc-lt")
    assert {method: [each.seed for each in done] for method, done in seeds.items()} == {
        "LSEP": [0, 1],
        "C-LSEP": [0, 1],
        "DR": [0],
    }


def test_a_method_without_one_readable_file_of_predictions_is_not_drawn(tmp_path):
    declared, results, data = results_of(tmp_path)
    (tmp_path / "runs/voc-lt/dr/seed0/predictions.npz").unlink()
    _, messages = write_method_figures(declared, results, data, pack(), tmp_path / "figures")
    lines = csv.DictReader((tmp_path / "figures" / "absent_voc-lt.csv").open())
    assert {line["method"] for line in lines} == {"LSEP", "C-LSEP"} and len(messages) == 1


def test_pictures_false_keeps_photographs_out(tmp_path):
    declared, results, data = results_of(tmp_path)
    declared.datasets["voc-lt"]["pictures"] = False
    with_photographs, without = tmp_path / "with", tmp_path / "without"
    write_method_figures(declared, results, data, pack(), without)
    declared.datasets["voc-lt"]["pictures"] = True
    write_method_figures(declared, results, data, pack(), with_photographs)
    name = "changes_voc-lt.png"
    assert (without / name).read_bytes() != (with_photographs / name).read_bytes()
    write_method_figures(declared, results, data, None, with_photographs)  # no pack: ids, too
    assert (without / name).read_bytes() == (with_photographs / name).read_bytes()
