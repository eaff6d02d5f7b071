"""Configurations that are small as a file and endless as a value."""

import math
from typing import Any

from ltmlc.errors import InputError

LARGEST = 1_000_000  # values in one file, its aliases written out: thousands of times what any here has


def refuse_endless(value: Any, where: str) -> None:
    """Raise InputError where aliases make a small file endless: a message or a hash of it would fill the memory."""
    sizes: dict[int, float] = {}

    def size(node: Any) -> float:
        if not isinstance(node, dict | list):
            return 1
        if id(node) not in sizes:
            sizes[id(node)] = math.inf  # what a list that holds itself finds
            sizes[id(node)] = 1 + sum(map(size, node.values() if isinstance(node, dict) else node))
        return sizes[id(node)]

    try:
        endless = size(value) > LARGEST
    except RecursionError:
        raise InputError(f"{where}: it is nested too deeply to be a configuration") from None
    if endless:
        raise InputError(f"{where}: its aliases stand for more than {LARGEST} values; write out what is meant")
