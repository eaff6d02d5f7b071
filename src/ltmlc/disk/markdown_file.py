"""Text from outside in a Markdown file: neither HTML, nor a link, nor a heading."""

import re

from ltmlc.errors import one_line

_MARKDOWN = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{character: "\\" + character for character in "\\`*[]"}}
)
_EMPHASIS = re.compile(r"(?<!\w)_|_(?!\w)")
_BLOCK = re.compile(r"^( *\d*)([#+=.)-])(?=[\s#=-]|$)")
"""A heading, an item, a rule, as a text would begin one at the beginning of a line."""


def markdown_escape(text: object) -> str:
    """A text that came from outside, for Markdown: one line, no HTML, no link or picture, nothing emphasised.

    A bar is left to :func:`ltmlc.evidence.markup.markdown_table`; an underline inside a name emphasises nothing.
    """
    escaped = _EMPHASIS.sub(r"\\_", one_line(str(text)).translate(_MARKDOWN))
    return _BLOCK.sub(r"\1\\\2", escaped)


def markdown_code(text: str) -> str:
    """A text as code, set in more backticks than it has itself."""
    inside = re.findall("`+", text)
    fence = "`" * (1 + max(map(len, inside), default=0))
    padding = " " if inside else ""
    return f"{fence}{padding}{one_line(text)}{padding}{fence}"
