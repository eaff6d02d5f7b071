"""No file, however damaged, is answered with a traceback, a hang of 10 s or a gigabyte of memory.

``LTMLC_FUZZ_FILES`` (of each reader) and ``LTMLC_FUZZ_SEED`` try more and others; a seed always tries the same files.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from security.fuzz_readers import READERS

TESTS = Path(__file__).parents[1]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited by what Linux tells of it")
def test_every_reader_answers_every_file_with_a_value_or_one_sentence():
    files, seed = os.environ.get("LTMLC_FUZZ_FILES", "400"), os.environ.get("LTMLC_FUZZ_SEED", "0")
    command = [sys.executable, str(TESTS / "security" / "fuzz.py"), "--files", files, "--seed", seed]
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    environment = {**os.environ, "PYTHONPATH": path, "OPENCV_LOG_LEVEL": "SILENT"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
    assert done.stdout.splitlines()[: len(READERS)] == [f"{name}: {files} files" for name in READERS]


def test_the_page_says_how_many_readers_there_are():
    page = (TESTS.parent / "docs" / "security.md").read_text(encoding="utf-8")
    assert f"gives each of {len(READERS)} readers its valid file" in page
