"""Write envs/*.yaml: conda-forge's python and pip, and this project's packages through pip at the lock's versions.

Through pip, because the lock's torch wheels run on a CPU and on a GPU alike, so a machine with a GPU gets a GPU build.
What the packages need themselves is listed too, so that an environment made in a year has the same versions.

    python envs/make.py        # asks the package index through uv; `make lock` calls it
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE.parent / "requirements.lock"
PYTHON = "3.12"

DATA = [
    "defusedxml",
    "filelock",
    "jsonschema",
    "matplotlib",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pyyaml",
    "scikit-learn",
    "simplejpeg",
    "tqdm",
]
TORCH = ["timm", "torch"]  # timm, optional elsewhere: whether a configuration names one of its models is not known here
ANALYSIS = ["jinja2", "markupsafe", "pandas", "pyarrow", "pylatexenc", "rocrate", "scipy"]
ENVIRONMENTS = {
    "data": ("data rules: downloads, subsets and packs", DATA),
    "train": ("training, and what draws with torch", sorted(DATA + TORCH + ANALYSIS)),
    "analysis": ("tables, comparison, figures, report", sorted(DATA + ANALYSIS)),
}


def locked_with_dependencies(packages: list[str]) -> list[str]:
    """Requirement lines for the packages and all they need, at the lock's versions, with markers for other systems."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv) if uv.exists() else shutil.which("uv") or "uv", "pip", "compile", "-", "--quiet"]
    command += ["--universal", "--python-version", PYTHON, "--constraint", str(LOCK)]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    done = subprocess.run(command, input="\n".join(packages), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"envs/make.py: the packages could not be resolved against {LOCK.name}:\n{done.stderr}")
    return done.stdout.splitlines()


def main() -> None:
    for name, (purpose, packages) in ENVIRONMENTS.items():
        lines = [f"# For {purpose}. Made by envs/make.py from requirements.lock: do not edit."]
        lines += ["channels:", "  - conda-forge", "dependencies:", f"  - python={PYTHON}", "  - pip", "  - pip:"]
        lines += [f"      - {requirement}" for requirement in locked_with_dependencies(packages)]
        (HERE / f"{name}.yaml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
