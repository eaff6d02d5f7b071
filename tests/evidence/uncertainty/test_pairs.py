import csv
import io
from pathlib import Path

import numpy as np
import pytest
from evidence.synthetic import grid, method_grid, row, split, table, write, write_predictions

from ltmlc.errors import InputError
from ltmlc.evidence.results.results import COLUMNS, Results, RunResult, load_results
from ltmlc.evidence.uncertainty.pairs import measure_methods, measure_run, pairs_csv, pairs_markdown
from ltmlc.metrics import average_precision

SEEDS = (0, 1, 2)


def data():
    found, rng = split(), np.random.default_rng(0)
    found.test_matrix = (rng.random((200, 3)) < 0.4).astype(np.uint8)
    found.test_ids = [f"test{i}" for i in range(200)]
    return found


def trained(tmp_path, runs, *, predictions=True):
    """``runs``: name -> how well it separates; seeds share most of the images' difficulty."""
    found, declared = data(), grid(table("t", *(row(name, name) for name in runs)), seeds=SEEDS)
    hard = np.random.default_rng(1).normal(size=(200, 3))
    for name, signal in runs.items():
        for seed in SEEDS:
            jitter = 0.1 * np.random.default_rng([seed, len(name)]).normal(size=(200, 3))
            logits = (signal * found.test_matrix + hard + jitter).astype(np.float32)
            ap = 100 * average_precision(logits, found.test_matrix)
            write(tmp_path, "voc-lt", name, seed, [ap.mean(), *ap])
            if predictions:
                write_predictions(tmp_path, "voc-lt", name, seed, logits, found)
    return found, load_results(declared, tmp_path)


def test_a_difference_has_both_uncertainties_and_the_estimate_of_the_metrics(tmp_path):
    found, results = trained(tmp_path, {"good": 2.0, "bad": 1.0, "third": 1.5})
    lines, messages = measure_run(results, found, "good", against="bad", resamples=200)
    assert [line.column for line in lines] == ["total", "head", "medium", "tail"] and messages == []
    total = lines[0]
    means = [np.mean(list(results.scores("voc-lt", run, "total").values())) for run in ("good", "bad")]
    assert total.estimate == pytest.approx(means[0] - means[1]) and total.n == 3
    assert total.image_interval.estimate == pytest.approx(total.estimate, abs=1e-3)
    assert 0 < total.image_interval.low < total.estimate < total.image_interval.high
    assert 0 < total.seed_interval.low < total.estimate < total.seed_interval.high


def test_pairing_by_image_narrows_the_interval(tmp_path):
    found, results = trained(tmp_path, {"good": 1.1, "bad": 1.0})
    alone = measure_run(results, found, "good", resamples=200)[0][0]
    paired = measure_run(results, found, "good", against="bad", resamples=200)[0][0]
    width = [line.image_interval.high - line.image_interval.low for line in (alone, paired)]
    assert width[1] < 0.5 * width[0]


def test_the_interval_of_one_run_holds_what_other_seeds_give_it():
    """A seed moves all runs alike: that is part of what one run varies by."""
    rng, found, hits, worlds = np.random.default_rng(0), data(), 0, 400
    for _ in range(worlds):
        values = 50 + rng.normal(0, 0.7, 5) + rng.normal(0, 0.4, (8, 5))
        runs = {
            ("voc-lt", f"r{i}", seed): RunResult(
                "voc-lt", f"r{i}", seed, "finished", Path(), dict.fromkeys(COLUMNS, values[i, seed])
            )
            for i, seed in np.ndindex(8, 5)
        }
        interval = measure_run(Results(runs, tuple(range(5))), found, "r0", resamples=1)[0][0].seed_interval
        hits += interval.low <= 50 <= interval.high
    assert 0.92 <= hits / worlds <= 0.98


def test_only_seeds_that_both_have_count_and_one_seed_gives_no_seed_interval(tmp_path):
    found, _ = trained(tmp_path, {"good": 2.0, "bad": 1.0})
    (tmp_path / "runs/voc-lt/bad/seed1/metrics.json").unlink()
    declared = grid(table("t", row("good", "good"), row("bad", "bad")), seeds=SEEDS)
    assert measure_run(load_results(declared, tmp_path), found, "good", against="bad", resamples=20)[0][0].n == 2
    one = grid(table("t", row("good", "good"), row("bad", "bad")), seeds=(0,))
    line = measure_run(load_results(one, tmp_path), found, "good", against="bad", resamples=20)[0][0]
    assert line.n == 1 and line.seed_interval is None and line.image_interval is not None


def test_copies_of_a_seed_count_once(tmp_path):
    found, _ = trained(tmp_path, {"good": 2.0, "bad": 1.0})
    for name, value in (("good", 60), ("bad", 50)):
        for seed in (0, 1):
            write(tmp_path, "voc-lt", name, seed, value)
    declared = table("t", row("good", "good"), row("bad", "bad"))
    with_copies, without_copies = (load_results(grid(declared, seeds=seeds), tmp_path) for seeds in (SEEDS, (0, 2)))
    for against in (None, "bad"):
        copied, without = (
            measure_run(results, found, "good", against=against, resamples=9)
            for results in (with_copies, without_copies)
        )
        assert copied == without and copied[0][0].n == 2


def test_without_predictions_the_seeds_remain_and_the_file_is_named(tmp_path):
    found, results = trained(tmp_path, {"good": 2.0, "bad": 1.0}, predictions=False)
    lines, messages = measure_run(results, found, "good", against="bad", resamples=20)
    assert lines[0].image_interval is None and lines[0].seed_interval is not None
    assert len(messages) == 3 and "predictions.npz does not exist" in messages[0]
    assert "| – |" in pairs_markdown(lines)


@pytest.mark.parametrize(
    ("run", "against", "message"),
    [("god", None, "no run 'god' on voc-lt; it has: bad, good"), ("good", "bad", "share no finished")],
)
def test_what_cannot_be_compared_is_one_sentence(tmp_path, run, against, message):
    found, _ = trained(tmp_path, {"good": 2.0, "bad": 1.0})
    for seed, name in ((0, "good"), (1, "bad"), (2, "bad")):
        (tmp_path / f"runs/voc-lt/{name}/seed{seed}/metrics.json").unlink()
    declared = grid(table("t", row("good", "good"), row("bad", "bad")), seeds=SEEDS)
    with pytest.raises(InputError, match=message):
        measure_run(load_results(declared, tmp_path), found, run, against=against)


def test_the_csv_has_a_line_a_column(tmp_path):
    found, results = trained(tmp_path, {"good": 2.0, "bad": 1.0})
    lines, _ = measure_run(results, found, "good", against="bad", resamples=20)
    read = list(csv.DictReader(io.StringIO(pairs_csv(lines))))
    assert [line["column"] for line in read] == ["total", "head", "medium", "tail"]
    assert float(read[0]["map"]) == pytest.approx(lines[0].estimate, abs=1e-4)
    assert float(read[0]["image_low"]) == pytest.approx(lines[0].image_interval.low, abs=1e-4)


def test_the_methods_and_the_steps_between_them_are_measured_as_far_as_they_are_finished(tmp_path):
    found, declared = data(), method_grid(seeds=SEEDS)
    rng = np.random.default_rng(0)
    for run in ("lsep", "dr"):
        for seed in SEEDS:
            write(tmp_path, "voc-lt", run, seed, 50 + rng.random(), spec=declared.runs["voc-lt"][run])
            write_predictions(tmp_path, "voc-lt", run, seed, rng.normal(size=(200, 3)), found)
    lines, messages = measure_methods(declared, load_results(declared, tmp_path), found, resamples=20)
    assert messages == []
    assert [(line.run, line.against) for line in lines if line.column == "total"] == [
        ("lsep", ""),
        ("dr", ""),
        ("dr", "lsep"),
    ]
    assert measure_methods(declared, load_results(declared, tmp_path / "none"), found) == ([], [])
