from filelock import FileLock

from ltmlc.disk.locks import clear_stale_locks, is_held, only_process, share, watch


def test_a_directory_is_held_by_one_process_and_the_next_waits(tmp_path):
    other = FileLock(tmp_path / ".lock")
    other.acquire()
    told = []

    def waiting():
        told.append("waits")
        other.release()

    with only_process(tmp_path, waiting=waiting) as waited:
        assert waited
    assert told == ["waits"]


def test_nobody_waits_for_a_free_directory_which_is_made(tmp_path):
    with only_process(tmp_path / "new", waiting=lambda: 1 / 0) as waited:
        assert not waited
    with only_process(tmp_path / "new", waiting=lambda: 1 / 0) as waited:
        assert not waited


def test_whether_a_directory_is_held_can_be_asked_without_holding_it(tmp_path):
    assert not is_held(tmp_path), "nobody has ever been here"
    with only_process(tmp_path, waiting=lambda: 1 / 0):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
    with only_process(tmp_path, waiting=lambda: 1 / 0) as waited:
        assert not waited, "asking left nothing behind"


def test_where_there_can_be_no_lock_the_work_is_done_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    with only_process(tmp_path / "file", waiting=lambda: 1 / 0) as waited:
        assert not waited


def test_a_snakemake_knows_whether_another_lives(tmp_path):
    first, alone = watch(tmp_path)
    assert alone
    share(first)
    second, alone = watch(tmp_path)
    assert not alone
    first.close()
    third, alone = watch(tmp_path)
    assert not alone, "the second still lives"
    second.close()
    third.close()
    assert watch(tmp_path)[1]


def test_without_a_folder_to_lock_nobody_is_alone(tmp_path):
    (tmp_path / "file").write_text("")
    assert watch(tmp_path / "file") == (None, False)


def test_stale_locks_are_removed_in_one_sentence(tmp_path):
    assert clear_stale_locks(tmp_path) == []
    (tmp_path / "locks").mkdir()
    for kind in ("input", "output"):
        (tmp_path / "locks" / f"0.{kind}.lock").write_text("results/diff.csv\n")
    (sentence,) = clear_stale_locks(tmp_path)
    assert "removed the lock of a Snakemake that was killed" in sentence
    assert not list((tmp_path / "locks").iterdir())
