"""Results kept as evidence: no path of a machine, no image id, and the same numbers read back."""

import json

import pytest
from evidence import synthetic

from ltmlc.errors import InputError
from ltmlc.evidence.claims.facts import judge_probability, judge_split
from ltmlc.evidence.claims.file import Claim
from ltmlc.evidence.results.archive import read_probe, read_splits, read_statistics, without_paths, write_archive
from ltmlc.evidence.results.results import COLUMNS, load_results
from ltmlc.evidence.tables.tables import tabulate

COMMAND = 'python -m ltmlc train voc-lt a --spec \'{"weights":"/home/ann/w/resnet50.pth"}\' --out /scratch/ann/runs/a'


@pytest.fixture
def grid():
    return synthetic.grid(synthetic.table("t", synthetic.row("A", "a"), synthetic.row("B", "b")), seeds=(0, 1))


def test_a_run_that_ended_without_a_result_has_nothing_to_keep(grid, tmp_path):
    log = tmp_path / "from" / "runs" / "voc-lt" / "a" / "seed0" / "train.log"
    log.parent.mkdir(parents=True)
    log.write_text("stopped by SIGTERM\n")
    assert write_archive(load_results(grid, tmp_path / "from"), {}, tmp_path / "to") == []


@pytest.fixture
def archived(grid, tmp_path):
    """Results with a finished, a failed and a missing run, and what is kept of them."""
    spec = {**synthetic.SPEC, "model": {"head": "linear", "weights": "/home/ann/w/resnet50.pth"}}
    synthetic.write(tmp_path / "from", "voc-lt", "a", 0, (50, 60, 40, 30), spec=spec, command=COMMAND)
    synthetic.write(tmp_path / "from", "voc-lt", "a", 1, None, error="cannot read /home/ann/images/7.jpg: damaged")
    synthetic.write(tmp_path / "from", "voc-lt", "b", 0, 70)
    write_archive(load_results(grid, tmp_path / "from"), {"voc-lt": synthetic.split()}, tmp_path / "to")
    return tmp_path


def test_the_numbers_read_back_are_the_same(grid, archived):
    before, after = (load_results(grid, archived / name) for name in ("from", "to"))
    assert after.messages == ()
    for column in COLUMNS:
        assert after.scores("voc-lt", "a", column) == before.scores("voc-lt", "a", column) != {}
    assert [r.status for r in after.runs.values()] == [r.status for r in before.runs.values()]
    kept = read_splits(archived / "to", grid.datasets)
    tables = [
        tabulate(grid, results, "t", splits=splits)["csv"]
        for results, splits in (
            (before, {"voc-lt": synthetic.split()}),
            (after, kept),
        )
    ]
    assert "chance" in tables[0]
    assert tables[0] == tables[1]


def test_no_path_of_the_machine_and_no_image_id_is_kept(archived):
    for path in (archived / "to").rglob("*.json"):
        text = path.read_text()
        assert "/home" not in text and "/scratch" not in text
        assert not any(image in text for image in (*synthetic.split().train_ids, *synthetic.split().test_ids))
    kept = json.loads((archived / "to/runs/voc-lt/a/seed0/metrics.json").read_text())
    assert kept["spec"]["model"]["weights"] == "resnet50.pth"
    assert kept["command"] == 'python -m ltmlc train voc-lt a --spec \'{"weights":"resnet50.pth"}\' --out a'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a/b/c.pth", "c.pth"),
        ("read /a/b c/d: no", "read b c/d: no"),
        ("relative/path/c.pth", "relative/path/c.pth"),
        ("mAP/epoch 1/2", "mAP/epoch 1/2"),
        ("Linux-6.1-x86_64", "Linux-6.1-x86_64"),
    ],
)
def test_absolute_paths_alone_are_cut(text, expected):
    assert without_paths({"k": [text, 1, None]}) == {"k": [expected, 1, None]}


def test_a_run_written_again_replaces_its_file_and_others_stay(grid, archived):
    synthetic.write(archived / "from", "voc-lt", "a", 1, 55)
    other = archived / "to/runs/voc-lt/other/seed0/metrics.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    write_archive(load_results(grid, archived / "from"), {}, archived / "to")
    assert load_results(grid, archived / "to").scores("voc-lt", "a", "total") == {0: 50, 1: pytest.approx(55)}
    assert other.read_text() == "{}"


def test_the_statistics_decide_what_the_split_decides(archived):
    (kept,) = read_splits(archived / "to", ["voc-lt"]).values()
    facts = {"training images": 6, "test images": 4, "classes": 3, "head": 1, "largest class": 5}
    claim = Claim("c", "4.1", "s", "split", ("voc-lt",), {}, facts={"facts": facts})
    assert judge_split(claim, kept) == judge_split(claim, synthetic.split())
    assert judge_split(claim, kept)[0] == "holds"
    claim = Claim("c", "1", "s", "probability", ("voc-lt",), {}, facts={"of": "person", "given": "dog", "value": 1.0})
    assert judge_probability(claim, kept) == judge_probability(claim, synthetic.split())


def test_a_folder_without_splits_has_none(tmp_path):
    assert read_splits(tmp_path, ["voc-lt"]) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"train": 3}'])
def test_statistics_that_are_none_are_one_sentence(text, tmp_path):
    (tmp_path / "statistics.json").write_text(text)
    with pytest.raises(InputError, match=r"statistics\.json.*; write it anew with `ltmlc reference`"):
        read_statistics(tmp_path / "statistics.json")


def test_a_linear_probe_is_kept_without_the_path_of_its_weights(tmp_path):
    probe = {
        **{"backbone": "resnet50", "image_size": 96, "training_images": 9, "test_images": 9},
        **{"map": dict.fromkeys(("total", "head", "medium", "tail"), 0.8), "weights": "/home/ann/w/resnet50.pth"},
    }
    empty = load_results(synthetic.grid(synthetic.table("t", synthetic.row("A", "a"))), tmp_path)
    write_archive(empty, {}, tmp_path / "to", probes={"voc-lt": probe})
    assert read_probe(tmp_path / "to", "voc-lt") == {**probe, "weights": "resnet50.pth"}
