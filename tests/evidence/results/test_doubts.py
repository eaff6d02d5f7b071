import pytest
from evidence.synthetic import grid, row, table, write

from ltmlc.errors import InputError
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.results.results import load_results

SEEDS = (0, 1, 2)
GRID = grid(table("t", row("A", "a"), row("B", "b")), seeds=SEEDS)


def test_seeds_of_one_run_by_different_code_are_said(tmp_path):
    for seed in SEEDS:
        write(tmp_path, "voc-lt", "a", seed, 50 + seed, code=("2" if seed else "1") * 64)
        write(tmp_path, "voc-lt", "b", seed, 51 + seed, code="3" * 64)  # another loss: other code, but one
    (message,) = load_results(GRID, tmp_path).messages
    assert message.startswith("the seeds of 1 of 2 runs of voc-lt were made by different code")
    assert "a: seed 0 by 111111111111 and seeds 1, 2 by 222222222222" in message


def test_copies_of_a_seed_are_said_and_count_once(tmp_path):
    for seed, value in zip(SEEDS, (50, 50, 51), strict=True):
        write(tmp_path, "voc-lt", "a", seed, value)
        write(tmp_path, "voc-lt", "b", seed, 51 + seed)
    results = load_results(GRID, tmp_path)
    assert results.messages[0].startswith("1 of 2 runs of voc-lt have seeds with the same numbers in every column")
    assert "a: seeds 0, 1" in results.messages[0]
    assert results.draws("voc-lt", "a", "total") == {0: 50.0, 2: 51.0}
    assert len(results.scores("voc-lt", "a", "total")) == 3
    assert [each.seed for each in results.drawn("voc-lt", "a")] == [0, 2]
    assert results.distinct("voc-lt", ["a", "b"], SEEDS) == [0, 1, 2], "one of both is trained anew"
    assert results.distinct("voc-lt", ["a", "a"], SEEDS) == [0, 2]


def test_clean_runs_raise_no_doubt(tmp_path):
    for seed in SEEDS:
        write(tmp_path, "voc-lt", "a", seed, 50 + seed)
    assert load_results(GRID, tmp_path).messages == ()


def test_a_reference_that_holds_no_number_is_one_sentence(tmp_path):
    path = tmp_path / "reference.csv"
    path.write_text("dataset,run,seed,total,head,medium,tail\nvoc-lt,a,0,nan,1,2,3\n")
    with pytest.raises(InputError, match="line 2: seed and mAP must be numbers, found"):
        read_reference(path)
