import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ltmlc.plan import catalogue, fingerprint

CACHED = [
    fingerprint._fingerprint,
    fingerprint._parsed,
    catalogue.loss_modules,
    catalogue.loss_parameters,
    fingerprint.trainer_files,
    fingerprint.pretrain_fingerprint,
    fingerprint.data_fingerprint,
    fingerprint._closure,
    fingerprint._file_hash,
]
DR = {"loss": [{"name": "dr"}]}
ASL = {"loss": [{"name": "asl"}]}
SUM = {"loss": [{"name": "dr"}, {"name": "asl"}]}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package that may be edited; the planner reads this one."""
    copy = tmp_path_factory.mktemp("source") / "ltmlc"
    shutil.copytree(catalogue.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "PACKAGE", copy)
        patch.setattr(fingerprint, "PACKAGE", copy)
        patch.setattr(fingerprint, "ENTRY", copy / "training" / "run.py")
        forget()
        yield copy
    forget()


@pytest.fixture(scope="module")
def before(package):
    return fingerprints()


@pytest.fixture
def changed_by(package, before):
    """``changed_by(file, edit)``: names of the fingerprints that an edit changes; files are put back afterwards."""
    originals: dict[Path, str] = {}

    def names(file: str, edit) -> set[str]:
        path = package / file
        originals.setdefault(path, path.read_text())
        path.write_text(edit(path.read_text()))
        forget()
        after = fingerprints()
        return {name for name in before if before[name] != after[name]}

    yield names
    for path, text in originals.items():
        path.write_text(text)
    forget()


def forget():
    for function in CACHED:
        function.cache_clear()


def fingerprints() -> dict[str, str]:
    return {
        "dr": fingerprint.run_fingerprint(DR),
        "asl": fingerprint.run_fingerprint(ASL),
        "sum": fingerprint.run_fingerprint(SUM),
        "digits": fingerprint.data_fingerprint("digits"),
        "voc": fingerprint.data_fingerprint("voc"),
        "pretrain": fingerprint.pretrain_fingerprint(),
    }


def append(text: str):
    return lambda source: source + text


RUNS = {"dr", "asl", "sum"}


@pytest.mark.parametrize("file", ["training/run.py", "losses/dr.py", "data/pack/pack.py"])
def test_comments_docstrings_and_blank_lines_change_nothing(changed_by, file):
    assert changed_by(file, append('\n\n# a comment\n\n"""A text that does nothing."""\n')) == set()


def test_a_new_docstring_of_a_function_changes_nothing(changed_by):
    def edit(source):
        assert source.count('\n    """') >= 1
        return source.replace('\n    """', '\n    """Reworded. ', 1)

    assert changed_by("losses/dr.py", edit) == set()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("losses/dr.py", {"dr", "sum"}),
        ("losses/asl.py", {"asl", "sum"}),
        ("losses/zlpr.py", set()),
        ("losses/lse.py", {"dr", "sum"}),  # dr imports it, asl does not
        ("losses/terms.py", RUNS),
        ("losses/__init__.py", set()),  # registering another loss is no reason to train again
        ("training/loop.py", RUNS),
        ("training/pretrain.py", {"pretrain"}),
        ("models/graph.py", RUNS | {"pretrain"}),
        ("data/augment/batch.py", RUNS),
        ("data/sources/digits.py", {"digits", "pretrain"}),
        # A run depends on the split, whose checksum it carries, not on its making.
        ("data/longtail.py", {"digits", "voc"}),
        ("data/sources/voc.py", {"voc"}),  # the readers of other kinds of data do not count
        ("plan/grid.py", set()),
        ("evidence/tables/tables.py", set()),
        ("training/heartbeat.py", set()),
    ],
)
def test_an_edit_changes_what_uses_the_file_and_nothing_else(changed_by, file, expected):
    assert changed_by(file, append("\nADDED = 1\n")) == expected


def test_a_module_that_the_trainer_newly_imports_counts(package, changed_by):
    helper = package / "training" / "helper.py"
    helper.write_text("FACTOR = 1\n")
    assert changed_by("training/loop.py", lambda source: "from ltmlc.training import helper\n" + source) == RUNS
    assert helper in fingerprint.trainer_files()
    helper.unlink()


def test_a_changed_default_of_a_parameter_changes_the_runs(changed_by):
    def edit(source):
        assert "gamma1: float = 5" in source
        return source.replace("gamma1: float = 5", "gamma1: float = 6")

    assert changed_by("losses/dr.py", edit) == {"dr", "sum"}


def test_the_order_of_terms_does_not_matter():
    swapped = {"loss": list(reversed(SUM["loss"]))}
    assert fingerprint.run_fingerprint(swapped) == fingerprint.run_fingerprint(SUM)


def other_pythons() -> list[str]:
    """Interpreters of other versions on this machine: on the path, or of uv or pyenv."""
    own = f"python3.{sys.version_info.minor}"
    names = {f"python3.{minor}" for minor in (11, 12, 13)} - {own}
    found = [shutil.which(name) for name in sorted(names)]
    for folder in (Path.home() / ".pyenv" / "versions", Path.home() / ".local" / "share" / "uv" / "python"):
        found += [str(path) for name in sorted(names) for path in folder.glob(f"*/bin/{name}")]
    return [path for path in found if path and works(path)]


def works(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def test_another_version_of_python_gives_the_same_fingerprint():
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no Python 3.11 to 3.13 other than this one was found")
    code = f"from ltmlc.plan.fingerprint import run_fingerprint; print(run_fingerprint({SUM!r}))"
    for python in pythons:
        environment = {"PYTHONPATH": str(catalogue.PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.strip() == fingerprint.run_fingerprint(SUM), python
