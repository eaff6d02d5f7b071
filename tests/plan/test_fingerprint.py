import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ltmlc.plan import catalogue, code_graph, fingerprint

CACHED = [
    *(code_graph.read, code_graph.say, catalogue.loss_modules, catalogue.loss_parameters),
    *(fingerprint._of_run, fingerprint.pretrain_fingerprint, fingerprint.features_fingerprint),
    *(fingerprint.data_fingerprint, fingerprint.holdout_fingerprint),
]
RUNS = {"dr", "asl", "sum"}
DATA = {"digits", "voc"}


def forget() -> None:
    for function in CACHED:
        function.cache_clear()


def fingerprints() -> dict[str, str]:
    runs = {"dr": ["dr"], "asl": ["asl"], "sum": ["dr", "asl"]}
    return {
        **{name: fingerprint.run_fingerprint({"loss": [{"name": n} for n in names]}) for name, names in runs.items()},
        **{kind: fingerprint.data_fingerprint(kind) for kind in sorted(DATA)},
        "pretrain": fingerprint.pretrain_fingerprint(),
        "features": fingerprint.features_fingerprint(),
        "holdout": fingerprint.holdout_fingerprint(),
    }


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package that may be edited; the planner reads this one."""
    copy = tmp_path_factory.mktemp("source") / "ltmlc"
    shutil.copytree(code_graph.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_graph, "PACKAGE", copy)
        forget()
        yield copy
    forget()


@pytest.fixture(scope="module")
def before(package):
    return fingerprints()


@pytest.fixture
def changed_by(package, before):
    """``changed_by(edit, *files)``: names of the fingerprints that an edit of these files changes; all is put back."""
    originals = {path: path.read_text() for path in package.rglob("*.py")}

    def names(edit: Callable[[str], str], *files: str) -> set[str]:
        for file in files:
            text = (package / file).read_text()
            assert edit(text) != text, f"{file}: the edit changes nothing"
            (package / file).write_text(edit(text))
        forget()
        after = fingerprints()
        return {name for name in before if before[name] != after[name]}

    yield names
    for path in set(package.rglob("*.py")) - set(originals):
        path.unlink()
    for path, text in originals.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    forget()


def append(text: str):
    return lambda source: source + text


def replace(old: str, new: str):
    return lambda source: source.replace(old, new)


def test_what_is_made_of_a_timm_model_counts_for_runs_and_features_of_one_alone(package, changed_by):
    def of_timm():
        run = {"loss": [{"name": "dr"}], "model": {"backbone": "timm:test_resnet"}}
        return fingerprint.run_fingerprint(run), fingerprint.features_fingerprint(True)

    before = of_timm()
    assert not set(before) & set(fingerprints().values())
    assert (
        changed_by(replace("setattr(module, name, 0.0)", "setattr(module, name, 0.1)"), "models/from_timm.py") == set()
    )
    assert all(now != then for now, then in zip(of_timm(), before, strict=True))


@pytest.mark.parametrize("file", ["training/run.py", "losses/dr.py", "data/pack/pack.py"])
def test_comments_docstrings_and_blank_lines_change_nothing(changed_by, file):
    assert changed_by(append('\n\n# a comment\n\n"""A text that does nothing."""\n'), file) == set()


def test_a_new_docstring_of_a_function_changes_nothing(changed_by):
    assert changed_by(replace('    """log(', '    """Reworded: log('), "losses/dr.py") == set()


@pytest.mark.parametrize("file", ["data/pack/decode.py", "training/job.py", "models/build.py", "losses/batch.py"])
def test_the_words_of_errors_change_nothing(changed_by, file):
    """Every word inside a raised error, whatever else stands in the file."""

    def reword(source: str) -> str:
        import ast

        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                node.exc.args = [ast.Constant("another sentence")]
                node.exc.keywords = []
        return ast.unparse(tree)

    assert changed_by(reword, file) == set()


def test_what_is_printed_changes_nothing(changed_by):
    assert changed_by(replace("report(", "report('in other words', "), "training/run.py") == set()


def test_the_type_of_a_raised_error_counts(changed_by):
    assert changed_by(replace("raise DivergedError", "raise ArithmeticError"), "training/loop.py") == RUNS


def test_reordered_and_respelled_imports_of_the_package_change_nothing(changed_by):
    def edit(source: str) -> str:
        lines = [line for line in source.splitlines(keepends=True) if line.startswith("from ltmlc.")]
        assert len(lines) > 3
        return source.replace("".join(lines), "".join(reversed(lines)))

    assert changed_by(edit, "training/loop.py") == set()


def test_annotations_of_functions_change_nothing(changed_by):
    assert changed_by(lambda source: re.sub(r" -> [\w\[\], |.]+:", ":", source), "data/sampler.py") == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("losses/lse.py", "losses/sums_of_exponentials.py"),
        ("training/seeds.py", "training/streams.py"),
        ("data/augment/distort.py", "data/colours.py"),
        ("models/neck.py", "models/between.py"),
    ],
)
def test_moving_a_file_changes_nothing(package, changed_by, old, new):
    module, moved = (f"ltmlc.{file.removesuffix('.py').replace('/', '.')}" for file in (old, new))
    importers = [
        str(path.relative_to(package)) for path in package.rglob("*.py") if f"from {module} import" in path.read_text()
    ]
    assert importers
    (package / old).rename(package / new)
    assert changed_by(replace(f"from {module} import", f"from {moved} import"), *importers) == set()


def test_moving_one_function_into_another_file_changes_nothing(package, changed_by):
    source = (package / "losses/lse.py").read_text()
    tree = __import__("ast").parse(source)
    (node,) = (node for node in tree.body if getattr(node, "name", "") == "log_one_plus_exp")
    text = "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
    header = "import torch\nimport torch.nn.functional as F\nfrom torch import Tensor\n\n\n"
    (package / "losses" / "softplus.py").write_text(header + text + "\n")
    edit = replace(text, "from ltmlc.losses.softplus import log_one_plus_exp")
    assert changed_by(edit, "losses/lse.py") == set()


@pytest.mark.parametrize(
    "file", ["training/loop.py", "data/augment/draws.py", "losses/dr.py", "models/blocks.py", "data/split.py"]
)
def test_a_definition_that_nothing_reaches_changes_nothing(changed_by, file):
    """A helper, a constant or a figure's code may share a file with the arithmetic."""
    assert changed_by(append("\n\nGAP = 3\n\n\ndef draw_a_sheet():\n    return GAP\n"), file) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("losses/dr.py", "def dr(", "@staticmethod\ndef dr(", {"dr", "sum"}),
        ("losses/asl.py", "gamma_neg: float = 4", "gamma_neg: float = 5", {"asl", "sum"}),
        ("losses/zlpr.py", "def zlpr(", "@staticmethod\ndef zlpr(", set()),
        ("losses/lse.py", "def pair_logsumexp(", "@staticmethod\ndef pair_logsumexp(", {"dr", "sum"}),
        ("losses/terms.py", "self.weight == 1", "self.weight == 2", RUNS),
        ("losses/__init__.py", '"zlpr": zlpr,', '"zlpr": zlpr,\n    "mine": zlpr,', set()),
        ("losses/__init__.py", "tuple(build_term", "list(build_term", RUNS),
        ("training/loop.py", "self.iteration += 1", "self.iteration += 2", RUNS),
        ("training/pretrain.py", "def pretrain_backbone(", "@staticmethod\ndef pretrain_backbone(", {"pretrain"}),
        ("data/augment/draws.py", "CROP_TRIES = ", "CROP_TRIES = 1 + ", RUNS | {"features"}),
        ("data/longtail.py", "def pareto_sizes(", "@staticmethod\ndef pareto_sizes(", DATA),
        ("data/sources/digits.py", "class DigitsSource(Source)", "class DigitsSource(dict)", {"digits", "pretrain"}),
        ("data/sources/voc.py", "class VocSource(Source)", "class VocSource(dict)", {"voc"}),
        ("data/heldout.py", "share: float = 0.25", "share: float = 0.5", {"holdout"}),
        ("plan/grid.py", "def load_grid(", "@staticmethod\ndef load_grid(", set()),
        ("evidence/tables/tables.py", "def tabulate(", "@staticmethod\ndef tabulate(", set()),
        ("training/record/heartbeat.py", "def report(", "@staticmethod\ndef report(", set()),
        ("errors.py", "class InputError", "class Another(Exception): ...\n\n\nclass InputError", set()),
    ],
)
def test_an_edit_changes_what_reaches_it_and_nothing_else(changed_by, file, old, new, expected):
    assert changed_by(replace(old, new), file) == expected


def test_a_function_that_the_trainer_newly_calls_counts_wherever_it_lies(package, changed_by):
    (package / "training" / "helper.py").write_text("def scale(x):\n    return 2 * x\n")
    edit = replace("loss.backward()", "from ltmlc.training import helper\n        helper.scale(loss).backward()")
    first = changed_by(edit, "training/loop.py")
    assert first == RUNS
    called = fingerprint.run_fingerprint({"loss": [{"name": "dr"}]})
    (package / "training" / "helper.py").write_text("def scale(x):\n    return 3 * x\n")
    forget()
    assert fingerprint.run_fingerprint({"loss": [{"name": "dr"}]}) != called


def test_the_same_name_from_another_library_counts(changed_by):
    assert changed_by(replace("import numpy as np", "import torch as np"), "training/loop.py") == RUNS


def test_what_a_module_does_when_it_is_imported_counts(changed_by):
    assert changed_by(append("\n\ntorch.set_default_dtype(torch.float64)\n"), "training/loop.py") == RUNS


def test_the_hash_is_the_same_in_another_process_and_needs_no_torch():
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from ltmlc.plan.fingerprint import run_fingerprint\n"
        "print(run_fingerprint({'loss': [{'name': 'dr'}]}), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [fingerprint.run_fingerprint({"loss": [{"name": "dr"}]}), "False"]


def test_modules_that_are_not_followed_exist():
    for module in fingerprint.NOT_FOLLOWED:
        name = module.partition(":")[0].removesuffix(".")
        assert code_graph.file_of(name) or (Path(code_graph.PACKAGE.parent) / name.replace(".", "/")).is_dir()
