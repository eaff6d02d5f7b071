"""A real conda: the copy of conda 24.7.1 that the package conda-lock carries (BSD-3), with its classic solver."""

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = [
    "conda-lock==4.0.3",
    "archspec",
    "boltons",
    "conda-package-handling",
    "frozendict",
    "pluggy",
    "pycosat",
    "ruamel.yaml<0.20",
    "tqdm",
]
ENTRY = """#!{prefix}/bin/python
import sys

from conda.cli import main

if __name__ == "__main__":  # archspec starts a process that imports this file
    sys.exit(main())
"""
ACTIVATE = 'eval "$({prefix}/bin/conda shell.posix activate "$1")"\n'


def install_conda(prefix: Path) -> Path:
    """Make conda in ``prefix``. Returns the folder to put on PATH, which holds the command conda and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    pip = [prefix / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *REQUIREMENTS], check=True)
    packages = next(prefix.glob("lib/python*/site-packages"))
    (packages / "conda").symlink_to("conda_lock/_vendor/conda")
    command = prefix / "bin" / "conda"
    command.write_text(ENTRY.format(prefix=prefix))
    command.chmod(0o755)
    # Snakemake sources bin/activate of conda's prefix: it must be conda's, not that of the virtual environment.
    (prefix / "bin" / "activate").write_text(ACTIVATE.format(prefix=prefix))
    alone = prefix / "command"
    alone.mkdir()
    (alone / "conda").symlink_to(command)
    return alone
