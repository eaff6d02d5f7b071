"""A copy of the project in which a test follows a page of the documentation: its files, then its commands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "envs", "src", "tests", "pyproject.toml")


def code_blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page, flags=re.M | re.S)


def titled_blocks(page: str) -> dict[str, str]:
    """First line (a comment that says where the text belongs) -> the text after it, for every block but commands."""
    texts = (text for kind, text in code_blocks(page) if kind != "console" and text.startswith("# "))
    return {text.split("\n", 1)[0].removeprefix("# "): text.split("\n", 1)[1] for text in texts}


def commands(page: str) -> list[str]:
    """The lines of every console block, without comments."""
    lines = [line for kind, text in code_blocks(page) if kind == "console" for line in text.splitlines()]
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


def copy_parts(root: Path, parts: tuple[str, ...]) -> None:
    """Copy these files and folders of the project into a folder."""
    for part in parts:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / part, root / part)


class ProjectCopy:
    """The parts of the project that its commands need, in a folder of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_parts(root, PARTS)

    def run(self, command: str) -> str:
        """What a command prints in the copy, with the copy's sources."""
        return run_command(command, self.root, source=self.root / "src")


def run_command(command: str, folder: Path, *, source: Path = ROOT / "src") -> str:
    """What a command prints; in a shell, with this Python and what is installed beside it. Fails where it does."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LTMLC")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment |= {"PATH": path, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
