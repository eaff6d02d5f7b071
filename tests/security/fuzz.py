"""A seeded fuzzer of every reader of files that others may have made or damaged.

    PYTHONPATH=tests python tests/security/fuzz.py --files 10000 --seed 7 [--only NAME]

Each reader gets its valid file with bytes flipped, cut, doubled, swapped for hostile ones, or (JSON, YAML) with values
replaced; now and then a folder, a pipe, a device, a link, or gigabytes in its place. It may return or raise InputError.
Anything else, 10 seconds in one call, or 1 GB more memory is a finding: the reader, the number of the attempt, and a
copy of the file that did it.
"""

import argparse
import faulthandler
import glob
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from security.fuzz_readers import READERS

from ltmlc.errors import InputError

HANG, GROWTH = 10, 1_000_000_000  # seconds, bytes
TOKENS = [
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"\n",
        b"\r",
        b'"',
        b"'",
        b",",
        b";",
        b"|",
        b"\t",
        b"{",
        b"}",
        b"[",
    ),
    *(
        b"]",
        b"<",
        b"&",
        b": ",
        b"- ",
        b"*a",
        b"&a ",
        b"<<: *a",
        b"!!int ",
        b"!!python/object:os.x ",
        b"../../x",
        b"/etc/passwd",
    ),
    *(
        b"NaN",
        b"1e400",
        b"-1",
        b"9" * 5000,
        b"0x" + b"f" * 5000,
        b"true",
        b"null",
        b"\\ud800",
        b"=1+1",
        b"a" * 300,
        b"[" * 2000,
    ),
    *(b"<!DOCTYPE a [<!ENTITY e 'x'>]>", "é中\u202e".encode(), b"\xed\xa0\x80", b"2001-13-45", b"1.0", b"%", b"\\"),
]
VALUES: list[Any] = [
    *(
        None,
        True,
        -1,
        0,
        1.0,
        1e308,
        float("nan"),
        float("inf"),
        2**63,
        2**70,
        10**400,
        "",
        "\x00",
        "a\nb",
        "\ud800",
        "\x1b[2J",
    ),
    *(
        "a" * 300,
        "../../x",
        "1",
        "nan",
        [],
        {},
        [[]],
        {"a": 1},
        [None],
        ["a", 1],
        "$x$",
        "=1",
        b"".decode(),
        [0] * 1000,
    ),
]


def mutate(content: bytes, rng: random.Random) -> bytes:
    """The content with one to four faults."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if rng.random() < 0.5 and (changed := _mutate_json(content, rng)) is not None:
            content = changed
            continue
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((0, 1, 1, 4, 50, len(content))))
        middle = [
            lambda part: bytes(byte ^ 1 << rng.randrange(8) for byte in part[:8]) + part[8:],
            lambda part: b"",
            lambda part: part * 2,
            lambda part: rng.choice(TOKENS),
            lambda part: rng.choice(TOKENS) + part,
            lambda part: rng.randbytes(len(part) % 64),
        ]
        content = content[:start] + rng.choice(middle)(content[start:end]) + content[end:]
    return content


def _mutate_json(content: bytes, rng: random.Random) -> bytes | None:
    """One value of a JSON file replaced, removed or renamed; None for what is no JSON."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    places: list[tuple[Any, Any]] = []
    todo = [value]
    while todo and len(places) < 10_000:
        node = todo.pop()
        items = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
        places += [(node, key) for key, _ in items]
        todo += [item for _, item in items]
    if not places:
        return None
    node, key = rng.choice(places)
    if rng.random() < 0.2:
        del node[key]
    else:
        node[key] = rng.choice(VALUES)
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return None


class Hang(BaseException):
    """Out of a call that waits, and past every ``except Exception``."""


def _hang(*_: Any) -> None:
    raise Hang(f"no end after {HANG} s")


def attempt(read: Callable[[Path], Any], path: Path) -> str | None:
    """What was wrong with one call, or None."""
    faulthandler.dump_traceback_later(3 * HANG, exit=True)  # also out of a library of C
    signal.alarm(HANG)
    try:
        read(path)
    except InputError as error:
        if "\n" in str(error) or len(str(error)) > 3000:
            return f"an error of {len(str(error))} characters or several lines"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
    return None


def put(content: bytes, path: Path, rng: random.Random) -> None:
    """A file with faults in the place of ``path``; now and then something that is no such file at all."""
    for each in path.parent.glob(f"{glob.escape(path.name)}*"):  # also what was set aside before
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    if rng.random() < 0.03:
        rng.choice(PLACES)(path)
    else:
        path.write_bytes(mutate(content, rng))


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5_000_000_000)  # without taking that much


PLACES: tuple[Callable[[Path], Any], ...] = (
    Path.mkdir,
    os.mkfifo,
    Path.touch,
    _large,
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to(path),
    lambda path: path.symlink_to(path.parent),
    lambda path: path.symlink_to("nowhere"),
    lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=400, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=READERS)
    options = parser.parse_args()
    if options.files < 1:
        parser.error("--files: one or more")
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _hang)
    names = [options.only] if options.only else list(READERS)
    findings = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            content, place, read = READERS[name](Path(folder))
            path = Path(folder, place)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            read(path)  # valid as it is; also imports what it needs
            _limit_memory()
            for number in range(options.files):
                rng = random.Random(f"{options.seed} {name} {number}")
                put(content, path, rng)
                if problem := attempt(read, path):
                    kept = Path(tempfile.gettempdir(), f"ltmlc-fuzz-{name}-{number}".replace(" ", "-"))
                    put(content, kept, random.Random(f"{options.seed} {name} {number}"))
                    findings.append(f"{name}, attempt {number} of seed {options.seed}: {problem} ({kept})")
                    if sum(each.startswith(name) for each in findings) >= 5:
                        break
            print(f"{name}: {number + 1} files", flush=True)
    print(*findings, sep="\n")
    return bool(findings)


def _limit_memory() -> None:
    """From here on the process may grow by a gigabyte; more is a MemoryError, which is a finding."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + GROWTH, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main())
