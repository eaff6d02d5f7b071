"""Files that were cut short or edited by hand after they were made, and a checkpoint of other code."""

import json
import os

import pytest
from faults.configuration import DATASET, RUNS


def cut_short(path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_results_cut_short_or_edited_are_said_kept_and_made_again(whole, undisturbed):
    first, second = (whole.folder(run) / "metrics.json" for run in RUNS)
    cut_short(first)
    edited = json.loads(second.read_bytes())
    edited["map"]["total"] += 0.1
    second.write_text(json.dumps(edited, indent=1))
    told = whole.ltmlc("status").ends()
    assert f"{second.relative_to(whole.root)}: it was edited since it was made" in told
    output = whole.run()
    for path in (first, second):
        name = path.relative_to(whole.root)
        assert f"{name} was edited or cut short since it was made: kept as metrics.json.damaged" in output
        assert path.with_name("metrics.json.damaged").exists()
    assert whole.maps() == undisturbed.maps()
    assert whole.evidence() == undisturbed.evidence()


def test_a_dry_run_says_what_is_damaged_and_leaves_it(whole):
    cut_short(whole.folder() / "predictions.npz")
    before = (whole.folder() / "predictions.npz").read_bytes()
    output = whole.run("--dry-run", "tables")
    assert "predictions.npz was edited or cut short since it was made; a real run keeps it as" in output
    assert (whole.folder() / "predictions.npz").read_bytes() == before


def test_edited_tables_are_made_again_without_training(whole, undisturbed):
    table = whole.results / "tables" / "faulty.md"
    table.write_text(table.read_text().replace("DR |", "Mine |"))
    cut_short(whole.results / "diff.csv")
    trained = [(whole.folder(run) / "metrics.json").read_bytes() for run in RUNS]
    output = whole.run()
    assert "faulty.md was edited or cut short since it was made: kept as faulty.md.damaged" in output
    assert "diff.csv was edited or cut short since it was made" in output
    assert [(whole.folder(run) / "metrics.json").read_bytes() for run in RUNS] == trained
    assert whole.evidence() == undisturbed.evidence()


def one_byte(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def one_byte_long_ago(path) -> None:
    one_byte(path)
    os.utime(path, (0, 0))


@pytest.mark.parametrize("damage", [cut_short, one_byte, one_byte_long_ago])
def test_damaged_pixels_are_packed_again(half, undisturbed, damage):
    damage(half.pack / "images.bin")
    assert "pack/index.json: made again, as this has changed: damaged pixels" in half.run()
    assert half.evidence() == undisturbed.evidence()


def test_a_damaged_index_is_made_again(half, undisturbed):
    one_byte(half.pack / "index.json")
    assert "pack/index.json: made again, as this has changed: damaged" in half.run()
    assert half.evidence() == undisturbed.evidence()


def test_a_checkpoint_of_other_code_is_refused_by_name(half, undisturbed):
    old = half.ltmlc("train", DATASET, RUNS[0], "--code", "older")
    old.wait_until(half.checkpointed, "a checkpoint")
    old.kill()
    half.run()
    log = half.log()
    assert 'last.pt belongs to another run (code: "older", now "' in log
    assert "starting anew" in log
    assert half.evidence() == undisturbed.evidence()


def test_damaged_checksums_and_results_without_any(whole, undisturbed):
    """A bit of the first's checksums: believed. The second's are gone, and its predictions cut: made again."""
    first, second = (whole.folder(run) for run in RUNS)
    one_byte(first / "SHA256SUMS")
    before = (first / "metrics.json").read_bytes()
    (second / "SHA256SUMS").unlink()
    cut_short(second / "predictions.npz")
    told = whole.ltmlc("status").ends()
    assert f"{second.relative_to(whole.root)}/metrics.json: it has no checksum in SHA256SUMS" in told
    output = whole.run()
    assert "SHA256SUMS was damaged itself: what it is of is whole, and it is written anew" in output
    assert "metrics.json has no checksum in SHA256SUMS, so nothing says that it is what was made: kept as" in output
    assert (first / "metrics.json").read_bytes() == before
    assert whole.maps() == undisturbed.maps()
    assert whole.evidence() == undisturbed.evidence()
