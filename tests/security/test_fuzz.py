"""No file, however damaged, is answered with a traceback, a hang of 10 s or a gigabyte of memory.

``LTMLC_FUZZ_SECONDS`` (40) and ``LTMLC_FUZZ_SEED`` (0) try longer and others; a seed always tries the same files.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited by what Linux tells of it")
def test_every_reader_answers_every_file_with_a_value_or_one_sentence():
    seconds, seed = os.environ.get("LTMLC_FUZZ_SECONDS", "40"), os.environ.get("LTMLC_FUZZ_SEED", "0")
    command = [sys.executable, str(TESTS / "security" / "fuzz.py"), "--seconds", seconds, "--seed", seed]
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    environment = {**os.environ, "PYTHONPATH": path, "OPENCV_LOG_LEVEL": "SILENT"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
