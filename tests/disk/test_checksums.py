import os
import shutil
import subprocess

import pytest

from ltmlc.disk.checksums import SMALL, changed_files, write_sums


@pytest.fixture
def sums(tmp_path):
    (tmp_path / "metrics.json").write_text("{}")
    (tmp_path / "predictions.npz").write_bytes(bytes(SMALL + 1))
    write_sums(tmp_path / "SHA256SUMS", [tmp_path / "metrics.json", tmp_path / "predictions.npz"])
    return tmp_path / "SHA256SUMS"


def test_files_as_they_were_made_have_not_changed(sums):
    assert changed_files(sums) == []


def test_an_edited_file_and_one_cut_short_are_found(sums):
    sums.with_name("metrics.json").write_text('{"map": 1}')
    sums.with_name("predictions.npz").write_bytes(b"")
    assert [path.name for path in changed_files(sums)] == ["metrics.json", "predictions.npz"]
    assert [path.name for path in changed_files(sums, only="metrics.json")] == ["metrics.json"]


def test_a_large_file_is_read_only_if_it_is_younger_than_its_checksum(sums):
    large = sums.with_name("predictions.npz")
    large.write_bytes(bytes(SMALL) + b"1")
    written = sums.stat().st_mtime_ns
    os.utime(large, ns=(written + 1, written + 1))
    assert changed_files(sums) == [large]
    os.utime(large, ns=(written, written))
    assert changed_files(sums) == []


def test_absent_files_and_absent_checksums_are_no_change(sums):
    sums.with_name("metrics.json").unlink()
    assert changed_files(sums) == []
    assert changed_files(sums.with_name("none")) == []


def test_a_disk_without_room_for_checksums_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    write_sums(tmp_path / "file" / "SHA256SUMS", [tmp_path / "file"])  # a file is no folder: OSError, as a full disk


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this system")
def test_sha256sum_reads_them(sums):
    done = subprocess.run(
        ["sha256sum", "--check", sums.name], cwd=sums.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.count(": OK") == 2
