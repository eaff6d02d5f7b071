"""A pipe, a device, gigabytes or a folder where a small file is expected: said or passed over, never waited for."""

import io
import os
import tarfile

import pytest

from ltmlc.cli import main
from ltmlc.data.download.archive import extract
from ltmlc.data.download.fetch import Expected
from ltmlc.data.download.items import File
from ltmlc.data.pack.journal import Journal
from ltmlc.disk.checksums import changed_files
from ltmlc.disk.files import sha256_file
from ltmlc.disk.logs import last_line
from ltmlc.errors import InputError
from ltmlc.evidence.results.archive import PROBE, read_probe, read_statistics
from ltmlc.training.record.checkpoint import FORMAT, load_checkpoint
from ltmlc.workflow.contents import Contents
from ltmlc.workflow.record import read_record


def gigabytes(path):
    with path.open("wb") as file:
        file.truncate(5_000_000_000)


@pytest.fixture(
    params=[os.mkfifo, lambda path: path.symlink_to("/dev/zero"), gigabytes], ids=["pipe", "device", "large"]
)
def put(request):
    return request.param


def test_what_is_no_small_file_is_no_record_of_the_workflow(tmp_path, put):
    for name in ("split.json.made-of", "contents.json"):
        put(tmp_path / name)
    assert read_record(tmp_path / "split.json") is None
    assert Contents(tmp_path / "contents.json").derived("a", lambda: "b") == "b"


def test_what_is_no_small_file_is_refused_as_evidence(tmp_path, put):
    probe = tmp_path / "data" / "tiny" / PROBE
    probe.parent.mkdir(parents=True)
    for path, read in ((tmp_path / "s.json", read_statistics), (probe, lambda _: read_probe(tmp_path, "tiny"))):
        put(path)
        with pytest.raises(InputError, match=f"{path}.*; write it anew with"):
            read(path)


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_has_no_end_is_not_read(tmp_path, put):
    path = tmp_path / "a.tar"
    put(path)
    with pytest.raises(OSError, match="may have no end"):
        sha256_file(path)
    assert changed_files(path) == [] and last_line(path) == ""
    with pytest.raises(InputError, match="may have no end"):
        extract(path, tmp_path / "into", members=["*"])


def test_a_header_without_end_is_no_checkpoint(tmp_path):
    gigabytes(tmp_path / "last.pt")
    with (tmp_path / "last.pt").open("r+b") as file:
        file.write(FORMAT)
    state, message = load_checkpoint(tmp_path, {})
    assert state is None and "is damaged" in message


@pytest.mark.parametrize("line", ["[-1, 1, 0]", "[1e9, 1e9, 0]", "[1000000000, 1000000000, 0]", "[1, 1]", "[" * 9999])
def test_a_journal_with_impossible_sizes_is_begun_anew(tmp_path, line):
    with Journal(tmp_path, {}):
        pass
    (tmp_path / "partial.jsonl").write_text(f"{{}}\n{line}\n")
    with Journal(tmp_path, {}) as journal:
        assert journal.sizes == []


@pytest.mark.parametrize("name", ["partial.bin", "partial.jsonl"])
def test_what_stands_in_a_journals_place_is_set_aside(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with Journal(tmp_path, {}):
        assert (tmp_path / name).is_file() and (tmp_path / f"{name}.damaged").exists()


def test_a_damaged_memory_of_contents_is_forgotten(tmp_path):
    memory = tmp_path / "contents.json"
    Contents(memory).derived("a", lambda: "right")
    assert Contents(memory).derived("a", lambda: "anew") == "right"
    memory.write_text(memory.read_text().replace("right", "wrong"))
    assert Contents(memory).derived("a", lambda: "anew") == "anew", "a wrong hash would train intact runs again"


def test_a_recorded_hash_that_is_damaged_is_said_with_the_way_out(tmp_path):
    (tmp_path / "v.pkl").write_bytes(b"vectors")
    (tmp_path / "v.pkl.sha256").write_bytes(b"\xff")
    file = File("vectors", tmp_path, "v.pkl", ["https://a.b/c"], Expected())
    with pytest.raises(InputError, match=r"v\.pkl\.sha256"):
        file.todo()
    (tmp_path / "v.pkl.sha256").write_text("0123\n")
    with pytest.raises(InputError, match="delete both, and run again"):
        file.todo()
    for name in ("v.pkl", "v.pkl.sha256"):  # as advised
        (tmp_path / name).unlink()
    assert file.todo().size is None


def test_members_that_are_passed_over_count_as_unpacked(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        for name, size in (("other/zeros.bin", 150_000_000), ("set/a.jpg", 1)):
            member = tarfile.TarInfo(name)
            member.size = size
            file.addfile(member, io.BytesIO(bytes(size)))
    with pytest.raises(InputError, match="as no archive of data does"):
        extract(tmp_path / "a.tar.gz", tmp_path / "into", members=["set/*"])


def test_a_file_in_the_place_of_a_folder_of_results_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "tables").write_text("x")
    assert main(["tabulate", "--config", '{"datasets": ["digits20-lt"], "tables": ["table2"]}']) == 2
    assert "something else lies where this is to be written" in capsys.readouterr().err
