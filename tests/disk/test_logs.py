"""What a job's log says of its end."""

from ltmlc.disk.logs import TAIL, brief, last_line, refuses_its_input


def test_the_last_line_that_says_something(tmp_path):
    log = tmp_path / "train.log"
    assert last_line(log) == ""
    log.write_bytes(b"x" * 2 * TAIL + b"\n10 %\r20 %\nMem\xf6ry is full\n\n  \n")
    assert last_line(log) == "Mem�ry is full"


def test_only_a_mistake_in_the_input_would_come_again():
    assert refuses_its_input("ltmlc subset: error: data root missing")
    for other in ("Killed", "ltmlc train: stopped: the GPU was lost", "KeyError: 'ltmlc: error: '", ""):
        assert not refuses_its_input(other)


def test_a_log_does_not_steer_the_terminal():
    assert brief("a\x1b[2Jb\u2028c") == "a\\x1b[2Jb c"


def test_one_image_is_named_and_how_many_more():
    assert brief("x; classes: none alone; images: a") == "x; classes: none alone; images: a"
    assert brief("x; classes: a, b; images: c, d, e") == "x; classes: a and 1 more; images: c and 2 more"
