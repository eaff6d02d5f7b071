"""The one exception for mistakes a user can mend; the command line prints it as one line and exits with 2."""

import re
from collections.abc import Sequence

CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters (ESC steers terminals), ends of lines, what turns the direction of writing, and halves of
characters, which no file can hold; other invisible ones are part of scripts."""
UNPRINTABLE = re.compile(f"[{CONTROL}]")
LONGEST_MESSAGE = 3000  # characters of a message: it may quote a cell of a megabyte
LINE_END = re.compile("[ \t]*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\\s*")


class InputError(ValueError):
    """Bad input. The message names the file and key, says what is valid, and what to do.

    It often quotes what others wrote; as text it is always one line that a terminal and a log can take.
    """

    def __str__(self) -> str:
        text = one_line(super().__str__())
        return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 600]} [...] {text[-500:]}"


class PassingError(InputError):
    """What was asked for is right; something else was in its way, and the same command may succeed. Exit code 75."""


def one_line(text: str) -> str:
    """A text that came from outside, for terminals and logs: spaces for ends of lines, ``\\x1b`` for controls."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], LINE_END.sub(" ", text))


def few(names: Sequence[str], most: int, *, between: str = ", ") -> str:
    """The first ``most`` of them, and how many there are beside: ``a, b and 3 more``, or ``a; b; and 3 more``."""
    left = len(names) - most
    return between.join(names[:most]) + (f"{between.strip(', ')} and {left} more" if left > 0 else "")


def counted_noun(number: int, noun: str) -> str:
    """``1 seed``, ``2 seeds``."""
    return f"{number} {noun}{'s' * (number != 1)}"
