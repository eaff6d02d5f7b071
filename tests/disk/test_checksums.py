import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ltmlc.disk.checksums import SMALL_FILE, changed_files, has_checksum, mend_sums, write_sums
from ltmlc.errors import InputError


@pytest.fixture
def sums(tmp_path):
    (tmp_path / "metrics.json").write_text("{}")
    (tmp_path / "predictions.npz").write_bytes(bytes(SMALL_FILE + 1))
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
    large.write_bytes(bytes(SMALL_FILE) + b"1")
    written = sums.stat().st_mtime_ns
    os.utime(large, ns=(written + 1, written + 1))
    assert changed_files(sums) == [large]
    os.utime(large, ns=(written, written))
    assert changed_files(sums) == []


def test_absent_files_and_absent_checksums_are_no_change(sums):
    sums.with_name("metrics.json").unlink()
    assert changed_files(sums) == []
    assert changed_files(sums.with_name("none")) == []


def test_a_disk_without_room_for_checksums_is_said(tmp_path):
    """Results without them are not believed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        write_sums(tmp_path / "file" / "SHA256SUMS", [tmp_path / "file"])


def test_any_flipped_bit_of_the_checksums_leaves_the_results_believed_and_is_mended(sums):
    files = [sums.with_name("metrics.json"), sums.with_name("predictions.npz")]
    sums.with_name("predictions.npz").write_bytes(b"small")
    write_sums(sums, files)
    right = sums.read_bytes()
    for position in range(len(right)):
        for bit in range(8):
            sums.write_bytes(right[:position] + bytes([right[position] ^ 1 << bit]) + right[position + 1 :])
            assert changed_files(sums) == [], (position, bit)
            assert all(has_checksum(sums, file) for file in files), (position, bit)
            assert mend_sums(sums, files), (position, bit)
            assert sums.read_bytes() == right
    assert not mend_sums(sums, files), "nothing is written where nothing is damaged"
    files[0].unlink()
    assert not mend_sums(sums, files), "what is absent keeps its line"


def test_checksums_are_not_mended_to_fit_a_result_that_was_edited(sums):
    files = [sums.with_name("metrics.json"), sums.with_name("predictions.npz")]
    sums.write_bytes(sums.read_bytes().replace(b"metrics.json", b"metrics.jso\n"))
    files[0].write_text('{"map": 1}')
    before = sums.read_bytes()
    assert not mend_sums(sums, files)
    assert sums.read_bytes() == before
    assert not has_checksum(sums, files[0])


@pytest.mark.parametrize(
    "name", ["metrics/json", "../metrics.json", "..", ".", "a\0b", "n" * 300, "/etc/passwd", "", "\udcff", "a\\b"]
)
def test_names_that_lead_elsewhere_or_are_none_are_passed_over(sums, name):
    sums.write_bytes(b"0" * 64 + b"  " + name.encode(errors="surrogateescape") + b"\n" + sums.read_bytes())
    assert changed_files(sums) == []
    assert has_checksum(sums, sums.with_name("metrics.json"))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"0" * 10**7, b"  \n" * 100])
def test_checksums_that_are_none_know_nothing(sums, content):
    sums.write_bytes(content)
    assert changed_files(sums) == []
    assert not has_checksum(sums, sums.with_name("metrics.json"))
    assert not mend_sums(sums, [sums.with_name("metrics.json")])


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("name", ["SHA256SUMS", "metrics.json"])
def test_what_the_disk_does_not_let_be_read_is_not_called_changed(sums, monkeypatch, name, number):
    opened = Path.open

    def fail(self, *arguments, **options):
        if self.name == name:
            raise OSError(number, os.strerror(number), str(self))
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(InputError, match=rf"{name} cannot be read \({os.strerror(number)}\): it may be whole"):
        changed_files(sums)


def test_a_folder_in_the_place_of_a_result_is_a_change(sums):
    sums.with_name("metrics.json").unlink()
    sums.with_name("metrics.json").mkdir()
    assert changed_files(sums) == [sums.with_name("metrics.json")]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this system")
def test_sha256sum_reads_them(sums):
    done = subprocess.run(
        ["sha256sum", "--check", sums.name], cwd=sums.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.count(": OK") == 2
