"""Snakemake, imported once for all tests: each call is a fork, which costs a third of a new process.

Run as a script it is the process that is forked: it has imported Snakemake and nothing of ltmlc, so a call reads the
project as it is then, as ``python -m snakemake`` would.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


def call(arguments: list[str], *, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """``python -m snakemake ARGUMENTS`` in ``folder``."""
    warm = _process()
    with tempfile.TemporaryDirectory() as out:
        request = {"arguments": arguments, "folder": str(folder), "environment": environment, "out": out}
        warm.stdin.write(json.dumps(request) + "\n")
        warm.stdin.flush()
        code = int(warm.stdout.readline())
        stdout, stderr = (Path(out, name).read_text() for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(arguments, code, stdout, stderr)


@cache
def _process() -> subprocess.Popen:
    return subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _serve() -> None:
    from snakemake.cli import get_argument_parser

    get_argument_parser()  # imports the plugins
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become_snakemake(**request)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)


def _become_snakemake(arguments: list[str], folder: str, environment: dict[str, str], out: str) -> None:
    for number, name in ((0, os.devnull), (1, f"{out}/stdout"), (2, f"{out}/stderr")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [folder, *environment["PYTHONPATH"].split(os.pathsep)]
    sys.argv = ["snakemake", *arguments]

    from snakemake.cli import main

    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
