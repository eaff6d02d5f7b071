"""Write envs/*.yaml: conda-forge's python and pip, and this project's packages through pip at the lock's versions.

Through pip, because the lock's torch wheels run on a CPU and on a GPU alike, so a machine with a GPU gets a GPU build.

    python envs/make.py
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "3.12"

DATA = [
    "filelock",
    "jsonschema",
    "matplotlib",
    "numpy",
    "opencv-python-headless",
    "pycocotools",
    "pyyaml",
    "scikit-learn",
    "tqdm",
]
TORCH = ["torch", "torchvision"]
ANALYSIS = ["jinja2", "pandas", "pyarrow", "rocrate", "scipy", "tabulate"]
ENVIRONMENTS = {
    "data": ("data rules: subsets and packs", DATA),
    "train": ("training, and what draws with torch", sorted(DATA + TORCH + ANALYSIS)),
    "analysis": ("tables, comparison, figures, report", sorted(DATA + ANALYSIS)),
}


def locked_versions() -> dict[str, str]:
    """Package -> version, for Python 3.12 on Linux, from requirements.lock."""
    versions = {}
    for line in (HERE.parent / "requirements.lock").read_text().splitlines():
        match = re.fullmatch(r"([\w.-]+)==(\S+)(?: ; (.*))?", line)
        if match and (not match[3] or "python_full_version < '3.12'" not in match[3]):
            versions[match[1]] = match[2]
    return versions


def main() -> None:
    versions = locked_versions()
    for name, (purpose, packages) in ENVIRONMENTS.items():
        lines = [f"# For {purpose}. Made by envs/make.py from requirements.lock: do not edit."]
        lines += ["channels:", "  - conda-forge", "dependencies:", f"  - python={PYTHON}", "  - pip", "  - pip:"]
        lines += [f"      - {package}=={versions[package]}" for package in packages]
        (HERE / f"{name}.yaml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
