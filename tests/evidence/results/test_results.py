import re
import time
from pathlib import Path

import pytest
from evidence.synthetic import SPEC, grid, row, split, table, write, write_seeds

from ltmlc.disk.checksums import write_sums
from ltmlc.evidence.results.frame import frame_csv, run_frame
from ltmlc.evidence.results.results import load_results
from ltmlc.plan import recorded, spec, terms
from ltmlc.plan.grid import load_grid
from ltmlc.plan.reading.schema import defaults

ROOT = Path(__file__).parents[3]

GRID = grid(table("t", row("A", "a"), row("B", "b")), seeds=(0, 1))


def test_finished_failed_and_missing_runs_are_told_apart(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, (50, 60, 50, 40))
    write(tmp_path, "voc-lt", "a", 1, None)
    results = load_results(GRID, tmp_path)
    assert [r.status for r in results.of("voc-lt", "a")] == ["finished", "failed"]
    assert {r.status for r in results.of("voc-lt", "b")} == {"missing"}
    assert results.scores("voc-lt", "a", "head") == {0: pytest.approx(60)}
    assert results.messages == ()


def test_the_committed_runs_stay_readable_when_recipes_networks_and_losses_get_a_key(monkeypatch):
    """As if the keys came today: what was recorded counts as having had their defaults."""

    def finished():
        evidence = load_grid(ROOT / "config" / "voc07-frozen-evidence.yaml", ROOT)
        results = load_results(evidence, ROOT / "config" / "reference" / "voc07-lt-frozen")
        assert results.messages == ()
        return {(result.run, result.seed) for result in results.with_status("finished")}, evidence

    before, _ = finished()
    assert len(before) > 200
    known = terms.loss_parameters
    monkeypatch.setitem(spec.recipe_defaults(), "nesterov", False)
    monkeypatch.setitem(defaults("model"), "pooling", "max")
    for module in (terms, recorded):
        monkeypatch.setattr(module, "loss_parameters", lambda name: known(name) | {"new": 0.0})
    after, evidence = finished()
    assert all(run["recipe"]["nesterov"] is False for run in evidence.runs["voc07-lt-frozen"].values())
    assert after == before


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"status": "finis', "not readable JSON"),
        ("", "not readable JSON"),
        (b"\xff\xfe\x00", "not readable JSON"),
        ("[1, 2]", "wrong type"),
        ('{"status": "finished"}', "missing key"),
    ],
)
def test_a_damaged_file_is_a_missing_run_and_is_named(tmp_path, content, complaint):
    path = write(tmp_path, "voc-lt", "a", 0, 50)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    results = load_results(GRID, tmp_path)
    assert not results.with_status("finished")
    assert len(results.messages) == 1
    assert str(path) in results.messages[0]
    assert complaint in results.messages[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"environment": {"device": ["cpu"]}},
        {"environment": {"device": {}}},
        {"history": [{"epoch": 0, "loss": "low", "lr": 0.1, "images_per_second": 1.0}]},
        {"seconds": {"total": "14"}},
        {"images_per_second": "fast"},
        {"peak_memory": {"host_bytes": "much"}},
        {"map": {"total": "0.5", "head": 0.5, "medium": 0.5, "tail": 0.5}},
        {"ap_per_class": ["0.5"]},
        {"ap_per_class": None},
        {"command": "\ud800"},
        {"environment": {"\udfff": "x"}},
        {"seconds": {"total": float("inf")}},
    ],
)
def test_text_where_a_number_belongs_and_what_is_no_text_is_a_missing_run(tmp_path, changes):
    write(tmp_path, "voc-lt", "a", 0, 50, **changes)
    results = load_results(GRID, tmp_path)
    assert results.runs["voc-lt", "a", 0].status == "missing"
    assert "metrics.json" in results.messages[0] and "counted as missing" in results.messages[0]
    frame_csv(run_frame(results)).encode()


def test_a_result_whose_checksum_is_gone_is_not_believed(tmp_path):
    """Edited or cut short, nobody could tell. Evidence that is kept without predictions has none."""
    path = write(tmp_path, "voc-lt", "a", 0, 50)
    assert load_results(GRID, tmp_path).messages == ()
    path.with_name("predictions.npz").write_bytes(b"predictions")
    for content in (None, "", f"{'0' * 64}  predictions.npz\n"):
        if content is not None:
            path.with_name("SHA256SUMS").write_text(content)
        results = load_results(GRID, tmp_path)
        assert results.runs["voc-lt", "a", 0].status == "missing"
        assert "it has no checksum in SHA256SUMS, so nothing says that it is what was made" in results.messages[0]
    write_sums(path.with_name("SHA256SUMS"), [path, path.with_name("predictions.npz")])
    assert load_results(GRID, tmp_path).messages == ()


def test_a_directory_in_place_of_the_file_is_a_missing_run(tmp_path):
    (tmp_path / "runs/voc-lt/a/seed0/metrics.json").mkdir(parents=True)
    assert "metrics.json" in load_results(GRID, tmp_path).messages[0]


def test_a_finished_run_without_map_is_missing(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50, map=None)
    results = load_results(GRID, tmp_path)
    assert not results.with_status("finished")
    assert "map" in results.messages[0]


def test_a_result_of_another_specification_is_not_shown_under_this_label(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50, spec={**SPEC, "recipe": {**SPEC["recipe"], "lr": 0.2}})
    results = load_results(GRID, tmp_path)
    assert not results.with_status("finished")
    assert "recipe.lr" in results.messages[0]


def test_where_the_weights_lay_does_not_matter(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50, spec={**SPEC, "model": {"head": "linear", "weights": "/scratch/r50.pth"}})
    assert len(load_results(GRID, tmp_path).with_status("finished")) == 1


def test_a_copied_result_of_another_run_is_refused(tmp_path):
    path = write(tmp_path, "voc-lt", "a", 0, 50)
    write(tmp_path, "voc-lt", "b", 0, 50).replace(path)
    results = load_results(GRID, tmp_path)
    assert not results.with_status("finished")
    assert "voc-lt/b/seed0" in results.messages[0]


def test_runs_on_different_splits_are_reported(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, 50)
    write(tmp_path, "voc-lt", "b", 0, 50, split_sha256="2" * 64)
    assert "2 different splits" in load_results(GRID, tmp_path).messages[0]


def test_a_group_without_classes_has_no_score(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, (50, 60, 40, None))
    results = load_results(GRID, tmp_path)
    assert results.scores("voc-lt", "a", "tail") == {}
    assert results.scores("voc-lt", "a", "total") == {0: pytest.approx(50)}


def test_460_runs_load_within_seconds_of_the_processor(tmp_path):
    big = grid(table("t", *(row(f"r{i}", f"r{i}", datasets=("voc-lt", "coco-lt")) for i in range(46))), seeds=range(5))
    for dataset in big.runs:
        for run in big.runs[dataset]:
            write_seeds(tmp_path, dataset, run, [50, 51, 52, 53, 54])
    start = time.process_time()  # other programs do not count
    results = load_results(big, tmp_path)
    assert len(results.with_status("finished")) == 460
    assert time.process_time() - start < 5


AP = [0.2, 0.3, 0.4]
FITTING = {"ap_per_class": AP, "classes": ["person", "dog", "cow"]}
EPOCH = {"loss": 1.0, "lr": 0.1, "images_per_second": 1.0}


@pytest.mark.parametrize(
    ("percent", "changes", "complaint"),
    [
        ((30, 20, 30, 40), {"ap_per_class": [*AP, 0.3]}, "ap_per_class has 4 values for 3 classes"),
        ((30, 20, 30, 40), {"classes": ["person", "dog"]}, "its classes are not those of its split"),
        ((31, 20, 30, 40), {}, "map.total is 0.31, but the mean of its classes in ap_per_class is 0.3"),
        ((None, 20, 30, 40), {}, "map.total is None, but the mean of its classes in ap_per_class is 0.3"),
        ((30, 20, 40, 30), {}, "map.medium is 0.4, but the mean of its classes in ap_per_class is 0.3"),
        ((30, 20, 30, 40), {"ap_per_class": [0.2, 0.3, None]}, "map.total is 0.3, but the mean .* is 0.25"),
        ((30, 20, 30, 40), {"classes": ["person", "cow", "dog"]}, "its classes are not those of its split"),
        ((30, 20, 30, 40), {"history": [{**EPOCH, "epoch": 1}]}, "its history is of 1 epochs, which are not .* 1 to 2"),
        ((30, 20, 30, 40), {"history": [{**EPOCH, "epoch": k} for k in (2, 1)]}, "not the epochs 1 to 2"),
        ((30, 20, 30, 40), {"error": "out of memory"}, "error"),
        (None, {"map": dict.fromkeys(("total", "head", "medium", "tail"), 0.5)}, "map"),
    ],
)
def test_what_contradicts_itself_or_its_split_is_a_missing_run(tmp_path, percent, changes, complaint):
    """Whatever its checksum says."""
    splits = {"voc-lt": split()}
    write(tmp_path, "voc-lt", "b", 0, (30, 20, 30, 40), **FITTING)
    assert load_results(GRID, tmp_path, splits).messages == ()
    fields = {**(FITTING if percent else {}), **changes}
    write(
        tmp_path,
        "voc-lt",
        "a",
        0,
        percent,
        **{key: each for key, each in fields.items() if each is not None or key == "map"},
    )
    results = load_results(GRID, tmp_path, splits)
    assert results.runs["voc-lt", "a", 0].status == "missing"
    (message,) = results.messages
    assert re.search(complaint, message) and "counted as missing" in message


def test_without_its_split_a_run_is_held_to_what_it_says_itself(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, (30, 99, 99, 99), **FITTING)
    write(tmp_path, "voc-lt", "a", 1, (30, 99, 99, 99), ap_per_class=AP, classes=["person", "dog"])
    write(tmp_path, "voc-lt", "b", 0, (31, 99, 99, 99), **FITTING)
    results = load_results(GRID, tmp_path)
    found = [results.runs["voc-lt", run, seed].status for run, seed in (("a", 0), ("a", 1), ("b", 0))]
    assert found == ["finished", "missing", "missing"]


def test_runs_on_another_split_than_the_one_beside_them_are_reported(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, (30, 20, 40, 30), **FITTING, split_sha256="2" * 64)
    results = load_results(GRID, tmp_path, {"voc-lt": split()})
    assert len(results.with_status("finished")) == 1, "its groups may be others"
    (message,) = results.messages
    assert message.startswith("the runs of voc-lt were made on split 222222222222, but the one beside them is 0000000")
