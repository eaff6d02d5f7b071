"""A small file system, really full, in each place where something is written; then space is made."""

import os
import subprocess
from pathlib import Path

import pytest

BALLAST = "ballast"


@pytest.fixture
def full_disk(mount):
    """``full_disk(path)`` puts a file system there on which no page is free; ``make_room(path)`` frees it."""

    def fill(path: Path) -> None:
        mount(path, "-t", "tmpfs", "-o", "size=8m", "none")
        handle = os.open(path / BALLAST, os.O_WRONLY | os.O_CREAT)
        with pytest.raises(OSError, match="No space left"):
            while True:
                os.write(handle, bytes(4096))
        os.close(handle)

    return fill


def make_room(path: Path) -> None:
    (path / BALLAST).unlink()


def test_while_training(half, undisturbed, full_disk):
    full_disk(half.folder())
    output = half.run(code=1)
    assert "the disk is full: free space; run the same again then: it continues from the last checkpoint" in output
    make_room(half.folder())
    half.run()
    assert half.evidence() == undisturbed.evidence()


def test_while_packing(whole, undisturbed, mount):
    pack, packed = (pipeline.pack for pipeline in (whole, undisturbed))
    target = str((pack / "index.json").relative_to(whole.root))
    for file in pack.iterdir():
        file.unlink()
    mount(pack, "-t", "tmpfs", "-o", "size=500k", "none")  # half of the pixels fit
    output = whole.run(target, code=1)
    assert "the disk is full: free space; what is packed so far is kept: run the same again then" in output
    subprocess.run(["mount", "-o", "remount,size=8m", str(pack)], check=True)
    whole.run(target)
    for name in ("index.json", "images.bin"):
        assert (pack / name).read_bytes() == (packed / name).read_bytes()


def test_while_writing_tables(whole, undisturbed, full_disk):
    tables = whole.results / "tables"
    for file in tables.iterdir():
        file.unlink()
    full_disk(tables)
    output = whole.run(code=1)
    assert "tables/faulty.csv: the disk is full: free space" in output
    assert "Traceback" not in output
    make_room(tables)
    whole.run()
    assert whole.evidence() == undisturbed.evidence()
