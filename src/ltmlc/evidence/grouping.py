"""Things with something in common, together."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Key, Item = TypeVar("Key"), TypeVar("Item")


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Key -> its items; keys and items in order of appearance, wherever equal keys stand."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
