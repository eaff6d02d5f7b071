"""What a job says of its end: its log's last line, whether that would come again, and how it fits a terminal."""

import re
from pathlib import Path

from ltmlc.disk.files import open_regular
from ltmlc.errors import few, one_line

TAIL = 1 << 16
"""Bytes of a log that are looked at: its end."""
REFUSED = re.compile(r"ltmlc [\w-]+: error: ")
"""How a command begins the sentence with which it refuses its input, exit code 2 (:mod:`ltmlc.cli`)."""


def last_line(log: Path) -> str:
    """The last line that says something; empty if there is none, or no such file."""
    try:
        with open_regular(log) as file:
            file.seek(max(log.stat().st_size - TAIL, 0))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(re.split(r"[\r\n]", text)) if line.strip()), "")


def refuses_its_input(line: str) -> bool:
    """Whether another attempt would end with the same line."""
    return bool(REFUSED.match(line))


def brief(sentence: str) -> str:
    """A sentence of a log on one line, with one image and one class in place of a diverged batch: "a and 31 more"."""

    def first(found: re.Match) -> str:
        return found[1] + few(found[2].split(", "), 1)

    return re.sub(r"((?:images|classes): )([^;]*)", first, one_line(sentence))
