"""The one reader of YAML: plain values, bounded in size, depth and what aliases stand for; each fault with its line."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ltmlc.disk.reading import read_text
from ltmlc.errors import InputError

LARGEST_FILE = 8_000_000  # bytes: the names of 200 000 classes
MOST_VALUES = 1_000_000  # values in one file, its aliases written out: thousands of times what any here has
DEEPEST = 100  # lists and mappings within each other
LARGEST_NUMBER = 2**64
YAML_TYPES = (str, int, float, type(None), list, dict)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML whose every fault is a YAMLError with its place.

    It refuses a key given twice, of which YAML would silently keep the last, and what JSON does not have. A date is
    text, as nothing here wants one.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 (of the class, as PyYAML has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError) as error:  # of `!!int text`, 5000 digits
            raise _at(node, f"{str(node.value)[:40]!r} is no {node.tag.rpartition(':')[2]} ({error})") from None
        if not isinstance(value, YAML_TYPES) or (isinstance(value, int) and abs(value) > LARGEST_NUMBER):
            raise _at(node, f"{str(node.value)[:40]!r} is no value of a configuration; write text in quotes")
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _at(key, f"key {key.value!r} is given twice")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def _at(node: yaml.Node, problem: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """One YAML mapping from a file. Raises InputError with the line of a fault, or where the file is missing."""
    path = Path(path)
    try:
        missing = not path.exists()
    except OSError:  # a name that is too long: the reader says so
        missing = False
    if missing:
        beside = sorted(file.stem for file in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        raise InputError(f"{path} does not exist; {path.parent} has: {', '.join(beside) or 'no YAML file'}")
    value = parse_yaml(read_text(path, limit=LARGEST_FILE), where=str(path))
    if not isinstance(value, dict):
        raise InputError(f"{path} must be a mapping of keys to values, not {type(value).__name__}")
    return value


def parse_yaml(text: str, *, where: str) -> Any:
    """The value of a YAML text. Raises InputError with the line of a fault; ``where`` is the file, for messages."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise InputError(f"{where}: it is nested too deeply to be a configuration")
        loader = _Loader(text)
        node = loader.get_single_node()
        refuse_endless(node, where)  # before anything is made of it: merge keys copy what they name
        return None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise InputError(f"{where} is not readable YAML: {' '.join(str(error).split())[:400]}") from None


def refuse_endless(value: Any, where: str) -> None:
    """Raise InputError where aliases make a small file endless: a message or a hash of it would fill the memory.

    ``value``: of YAML's nodes, or of lists and mappings.
    """
    sizes: dict[int, float] = {}

    def size(node: Any) -> float:
        if id(node) not in sizes:
            sizes[id(node)] = float("inf")  # what a list that holds itself finds
            sizes[id(node)] = 1 + sum(map(size, _children(node)))
        return sizes[id(node)]

    try:
        endless = size(value) > MOST_VALUES
    except RecursionError:
        raise InputError(f"{where}: it is nested too deeply to be a configuration") from None
    if endless:
        raise InputError(f"{where}: its aliases stand for more than {MOST_VALUES} values; write out what is meant")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return node.value
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
