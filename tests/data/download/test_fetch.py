import errno
import hashlib
import os
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from data.download_server import IMPATIENT, serving

from ltmlc.data.download.fetch import Expected, Patience, fetch
from ltmlc.disk.trouble import disk_errors, require_space, size_text
from ltmlc.errors import InputError

CONTENT = os.urandom(300_000)
EXPECTED = Expected(size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def server():
    with serving() as server:
        server.files["file.bin"] = CONTENT
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "file.bin"


def get(server, path, *names, expected=EXPECTED, **settings):
    urls = [server.url(name) for name in names or ("file.bin",)]
    fetch(urls, path, expected=expected, patience=IMPATIENT, **settings)


def ranges(server):
    return [asked for _, asked in server.requests]


def refused(server, path, *names, **settings):
    """The message of a download that fails; nothing may be in the file's place."""
    with pytest.raises(InputError) as caught:
        get(server, path, *names, **settings)
    assert not path.exists()
    return str(caught.value)


def assert_right(path):
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing may stay beside"


def test_file_is_in_place_and_nothing_beside_it(server, path):
    seen = []
    get(server, path, progress=seen.append)
    assert_right(path)
    assert seen == sorted(seen) and seen[-1] == len(CONTENT)
    assert ranges(server) == [None]


def test_cut_connection_is_continued_where_it_broke(server, path):
    server.faults["file.bin"] = [{"cut": 100_000}, {"cut": 50_000}]
    get(server, path)
    assert_right(path)
    assert ranges(server) == [None, "bytes=100000-", "bytes=150000-"]


def test_a_connection_that_gains_bytes_each_time_is_never_given_up(server, path):
    server.faults["file.bin"] = [{"cut": 20_000}] * (4 * IMPATIENT.attempts)
    get(server, path)
    assert_right(path)


def test_a_connection_that_gains_nothing_is_given_up(server, path):
    server.faults["file.bin"] = [{"cut": 20_000}] + [{"cut": 0}] * 20
    message = refused(server, path)
    assert "the connection ended after 20000 of 300000 bytes (3 attempts)" in message
    assert "(20000 bytes are kept in" in message
    assert len(server.requests) == IMPATIENT.attempts


def test_download_of_an_earlier_process_is_continued(server, path):
    path.parent.mkdir()
    Path(f"{path}.part").write_bytes(CONTENT[:250_000])
    get(server, path)
    assert_right(path)
    assert ranges(server) == ["bytes=250000-"]


def test_complete_part_of_an_earlier_process_is_verified_without_a_request(server, path):
    path.parent.mkdir()
    Path(f"{path}.part").write_bytes(CONTENT)
    get(server, path)
    assert_right(path)
    assert server.requests == []


@pytest.mark.parametrize("leftover", [b"x" * 1000, b"x" * len(CONTENT), CONTENT + b"x"], ids=["part", "whole", "more"])
def test_leftover_of_something_else_is_thrown_away(server, path, leftover):
    path.parent.mkdir()
    Path(f"{path}.part").write_bytes(leftover)
    get(server, path)
    assert_right(path)


def test_leftover_longer_than_the_file_is_thrown_away_where_no_size_is_known(server, path):
    path.parent.mkdir()
    Path(f"{path}.part").write_bytes(CONTENT + b"x")
    get(server, path, expected=Expected(sha256=EXPECTED.sha256))
    assert_right(path)
    assert ranges(server) == ["bytes=300001-", None]


def test_server_without_ranges_starts_again(server, path):
    server.ranges = False
    server.faults["file.bin"] = [{"cut": 100_000}]
    get(server, path)
    assert_right(path)
    assert ranges(server) == [None, "bytes=100000-"]


def test_server_without_ranges_that_always_breaks_is_given_up(server, path):
    server.ranges = False
    server.faults["file.bin"] = [{"cut": 100_000}] * 20
    assert "the connection ended after 100000 of 300000 bytes" in refused(server, path)


def test_other_range_than_asked_for_is_not_appended(server, path):
    server.faults["file.bin"] = [{"cut": 100_000}, {"range": 7}]
    get(server, path)
    assert_right(path)
    assert ranges(server) == [None, "bytes=100000-", None]


def test_stalled_server_is_asked_again_from_where_it_stopped(server, path):
    server.faults["file.bin"] = [{"stall": 100_000}]
    get(server, path)
    assert_right(path)
    assert ranges(server) == [None, "bytes=100000-"]


def test_server_that_never_answers_is_one_clear_error(server, path):
    server.faults["file.bin"] = [{"stall": 0}] * 3
    assert f"{server.url('file.bin')}: the server did not answer in time (3 attempts)" in refused(server, path)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_asked_again(server, path, status):
    server.faults["file.bin"] = [{"status": status, "headers": {"Retry-After": "0"}}] * 2
    get(server, path)
    assert_right(path)


def test_pause_is_at_least_what_the_server_asks_for_and_grows(server, path, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    server.faults["file.bin"] = [{"status": 503}, {"status": 503, "headers": {"Retry-After": "7"}}]
    get(server, path)
    assert pauses == [IMPATIENT.pause, 7]
    server.faults["file.bin"] = [{"status": 503}, {"status": 503}]
    get(server, path)
    assert pauses[2:] == [IMPATIENT.pause, 2 * IMPATIENT.pause]


def test_server_that_stays_busy_is_one_clear_error(server, path):
    server.faults["file.bin"] = [{"status": 503}] * 3
    message = refused(server, path)
    assert f"{server.url('file.bin')}: HTTP status 503 Service Unavailable (3 attempts)" in message
    assert f"run again later, or put the file at {path}" in message


def test_missing_file_is_not_asked_for_again(server, path):
    assert "absent: HTTP status 404 Not Found;" in refused(server, path, "absent")
    assert len(server.requests) == 1


def test_mirrors_are_tried_in_order(server, path):
    server.files["wrong"] = bytes(len(CONTENT))
    get(server, path, "absent", "wrong", "file.bin")
    assert_right(path)
    assert [name for name, _ in server.requests] == ["absent", "wrong", "file.bin"]


def test_next_mirror_continues_what_the_one_before_began(server, path):
    server.files["first"] = CONTENT
    server.faults["first"] = [{"cut": 100_000}, {"status": 404}]
    get(server, path, "first", "file.bin")
    assert_right(path)
    assert server.requests[-1] == ("file.bin", "bytes=100000-")


def test_error_names_every_mirror_and_what_was_wrong_with_it(server, path):
    server.files["wrong"] = bytes(len(CONTENT))
    message = refused(server, path, "absent", "wrong")
    assert f"{server.url('absent')}: HTTP status 404" in message
    assert f"{server.url('wrong')}: its sha256 is {hashlib.sha256(bytes(300_000)).hexdigest()} instead of" in message
    assert not Path(f"{path}.part").exists()


def test_server_that_cannot_be_reached_is_one_clear_error(path):
    with serving() as server:
        pass  # its port is closed from here on
    assert "the connection failed (Connection refused) (3 attempts)" in refused(server, path)


def test_shorter_file_is_refused_before_it_is_read(server, path):
    server.files["file.bin"] = b"moved"
    assert "its file has 5 bytes instead of 300000" in refused(server, path)


def test_longer_file_is_refused_and_does_not_fill_the_disk(server, path):
    server.files["file.bin"] = CONTENT * 20
    assert "more than the 300000 bytes it should have" in refused(server, path)
    assert not Path(f"{path}.part").exists()


def test_too_long_an_announcement_does_not_matter_when_the_bytes_are_right(server, path):
    server.faults["file.bin"] = [{"length": 10 * len(CONTENT)}]
    get(server, path)
    assert_right(path)


def test_response_without_a_length_is_verified_all_the_same(server, path):
    server.faults["file.bin"] = [{"length": None, "cut": 100_000}, {"length": None}]
    get(server, path)
    assert_right(path)


def test_md5_serves_where_nothing_better_is_published(server, path):
    get(server, path, expected=Expected(md5=hashlib.md5(CONTENT).hexdigest()))
    assert_right(path)
    path.unlink()
    assert "its md5 is" in refused(server, path, expected=Expected(md5="0" * 32))


def test_without_a_hash_nothing_is_joined_from_two_downloads(server, path):
    path.parent.mkdir()
    Path(f"{path}.part").write_bytes(b"x" * 1000)
    server.faults["file.bin"] = [{"cut": 100_000}]
    get(server, path, expected=Expected())
    assert_right(path)
    assert ranges(server) == [None, None]


def test_without_a_hash_a_web_page_is_not_taken_for_the_file(server, path):
    server.faults["file.bin"] = [{"content": b"<html>log in", "type": "text/html; charset=utf-8"}]
    assert "the server sent a web page" in refused(server, path, expected=Expected())


def test_without_a_hash_a_file_that_may_be_cut_short_unnoticed_is_refused(server, path):
    server.faults["file.bin"] = [{"length": None, "cut": 100_000}]
    assert "does not say how long the file is" in refused(server, path, expected=Expected())
    server.faults["file.bin"] = [{"length": None}]
    get(server, path, expected=Expected(), check=lambda part: None)  # which looks to the end, as a decoder does
    assert_right(path)


def test_an_empty_file_is_refused_whatever_is_known(server, path):
    server.faults["file.bin"] = [{"content": b""}]
    assert "it is empty" in refused(server, path, expected=Expected())


def test_what_python_says_of_a_redirection_becomes_one_line(server, path):
    server.faults["file.bin"] = [{"status": 302, "headers": {"Location": "/file.bin"}}] * 30
    message = refused(server, path)
    assert "infinite loop" in message and "\n" not in message


def test_a_further_look_at_the_content_can_refuse_it(server, path):
    assert "is not blue" in refused(server, path, expected=Expected(), check=lambda part: "it is not blue")


def test_folder_without_permission_is_one_sentence(server, path, monkeypatch):
    def refuse(*arguments, **settings):
        raise PermissionError(errno.EACCES, "Permission denied", str(path.parent))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match=f"{path.parent}: no permission: make it readable and writable"):
        get(server, path)


def test_full_disk_is_one_sentence_and_no_reason_to_ask_again(server, path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(InputError, match=r"file\.bin: the disk is full: free space"):
        get(server, path)
    assert len(server.requests) == 1 and not path.exists()


def test_too_little_space_is_said_before_anything_is_downloaded(tmp_path):
    require_space(tmp_path / "not" / "yet", 1)
    with pytest.raises(InputError, match=r"free, but 1000000000\.0 GB are needed"):
        require_space(tmp_path / "not" / "yet", 10**18)


def test_other_disk_errors_keep_their_words(tmp_path):
    with pytest.raises(InputError, match="Too many links"), disk_errors(tmp_path):
        raise OSError(errno.EMLINK, "Too many links", str(tmp_path))


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "size unknown"), (0, "0 B"), (13_023, "13 kB"), (451_020_800, "451 MB"), (1_999_639_040, "2.0 GB")],
)
def test_sizes_are_written_for_people(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    "fault",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        OSError(errno.ENETUNREACH, "Network is unreachable"),
    ],
)
def test_without_a_network_every_mirror_is_asked_once_and_the_sentence_says_so(path, monkeypatch, fault):
    asked = []

    def cut_off(request, timeout):
        asked.append(request.full_url)
        raise urllib.error.URLError(fault)

    monkeypatch.setattr(urllib.request, "urlopen", cut_off)
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waited"))
    urls = ["https://one.invalid/file.bin", "https://two.invalid/file.bin"]
    with pytest.raises(InputError, match=r"no way to the server \(N.*\): is there a network\?") as told:
        fetch(urls, path, expected=EXPECTED, patience=Patience())
    assert asked == urls and "put the file at" in str(told.value)
