"""Run as a program: a job killed at ten random instants, and jobs beside each other. Prints what came out as JSON.

One process imports torch and forks a child for every job, so that ten jobs cost one start.

    python killed_jobs.py DATA SCRATCH
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from training import tiny

KILLS = 10


def fork(data: Path, out: Path) -> int:
    """Process id of a child that runs the job as a program would, and ends without cleaning up after this one."""
    child = os.fork()
    if child:
        return child
    try:
        out.mkdir(exist_ok=True)
        os.dup2(os.open(out / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        os._exit(tiny.run_job(tiny.make_job(data, out)))
    finally:
        os._exit(1)


def wait(*children: int) -> list[int]:
    """Exit codes; minus the signal's number for a child that was killed."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main(data: Path, scratch: Path) -> None:
    started = time.perf_counter()
    codes = wait(fork(data, scratch / "whole"))
    duration = time.perf_counter() - started
    codes += wait(*(fork(data, scratch / f"beside{number}") for number in range(3)))
    draw = random.Random(0)
    killed = 0
    while killed < KILLS:
        out = scratch / f"killed{killed}"
        child = fork(data, out)
        time.sleep(draw.uniform(0, duration))  # the random instant
        os.kill(child, signal.SIGKILL)
        if wait(child) == [-signal.SIGKILL]:
            killed += 1
            codes += wait(fork(data, out))
        else:  # it was done before
            shutil.rmtree(out)
    print(json.dumps({"codes": codes, "compiler": "torch._dynamo" in sys.modules}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
