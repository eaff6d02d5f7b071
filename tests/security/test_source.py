"""What the source itself must never do: trust a pickle, build a shell command, fetch without a check."""

import ast
from pathlib import Path

import pytest

from ltmlc.plan.config import load_dataset
from ltmlc.plan.lookup import files_of

SOURCE = Path(__file__).parents[2] / "src" / "ltmlc"
CALLS = [
    (path.relative_to(SOURCE).as_posix(), ast.unparse(node.func), node)
    for path in sorted(SOURCE.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Call)
]
# Read in full elsewhere: single photographs and ML-GCN's word vectors have no published hash (docs/security.md).
WITHOUT_HASH = {"photographs", "word_vectors"}


def calls_of(*names: str) -> list[tuple[str, str, ast.Call]]:
    return [call for call in CALLS if call[1] in names]


def keyword(call: ast.Call, name: str) -> object:
    return next((ast.literal_eval(each.value) for each in call.keywords if each.arg == name), None)


def test_torch_reads_tensors_and_plain_values_alone():
    calls = calls_of("torch.load", "load_state_dict_from_url")
    assert len(calls) >= 3
    assert [file for file, _, call in calls if keyword(call, "weights_only") is not True] == []


def test_numpy_reads_no_pickles():
    calls = calls_of("np.load", "numpy.load")
    assert len(calls) >= 2
    assert [file for file, _, call in calls if keyword(call, "allow_pickle") is not False] == []


def test_nothing_is_unpickled_or_evaluated():
    unsafe = {
        "pickle.load",
        "pickle.loads",
        "pickle.Unpickler",
        "eval",
        "exec",
        "os.system",
        "os.popen",
        "yaml.unsafe_load",
    }
    assert [(file, name) for file, name, _ in CALLS if name in unsafe] == []
    assert [file for file, _, call in CALLS if keyword_is_true(call, "shell")] == []


def keyword_is_true(call: ast.Call, name: str) -> bool:
    return any(each.arg == name and getattr(each.value, "value", None) is True for each in call.keywords)


@pytest.mark.parametrize("dataset", files_of("datasets"))
def test_every_download_has_a_hash_or_is_one_of_the_two_kinds_that_are_checked_otherwise(dataset):
    for entry in load_dataset(dataset).get("downloads", []):
        assert entry["kind"] in WITHOUT_HASH or "sha256" in entry, entry["title"]
