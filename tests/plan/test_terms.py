import shutil

import pytest

from ltmlc.errors import InputError
from ltmlc.plan import catalogue, code_graph
from ltmlc.plan.terms import as_text, canonical, loss_term

LOSS = '''"""A loss of one's own."""

from collections.abc import Sequence
from typing import Literal, Optional

from torch import Tensor

THIRD = 1 / 3


def mine(
    logits: Tensor,
    labels: Tensor,
    *,
    cap: float | None = None,
    floor: Optional[float] = None,
    shifts: Sequence[float] = (),
    pair: tuple[int, int] = (1, 2),
    share: float = 1 / 3,
    other: float = THIRD,
    kind: Literal["a", "b"] = "a",
    plain=5,
    reduction: str = "mean",
) -> Tensor:
    return logits.mean()
'''


def forget():
    for function in (code_graph.read, catalogue.loss_modules, catalogue.loss_parameters, catalogue.loss_annotations):
        function.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package with a loss of one's own, as docs/add-a-method.md adds one."""
    copy = tmp_path / "ltmlc"
    shutil.copytree(code_graph.PACKAGE / "losses", copy / "losses", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "losses" / "mine.py").write_text(LOSS)
    registry = copy / "losses" / "__init__.py"
    text = registry.read_text().replace('"zlpr": zlpr,', '"zlpr": zlpr,\n    "mine": mine,')
    registry.write_text(text + "\nfrom ltmlc.losses.mine import mine\n")
    monkeypatch.setattr(code_graph, "PACKAGE", copy)
    forget()
    yield copy
    forget()


def term(**given):
    return loss_term({"name": "mine", **given}, "t.yaml, row 1")


def test_defaults_that_are_none_empty_or_arithmetic_are_read_as_they_are(package):
    assert term() == {
        "name": "mine",
        "cap": None,
        "floor": None,
        "shifts": [],
        "pair": [1, 2],
        "share": 1 / 3,
        "other": 1 / 3,
        "kind": "a",
        "plain": 5,
        "weight": 1,
    }


def test_values_of_the_annotated_kind_are_taken(package):
    given = {"cap": 2.5, "floor": 1, "shifts": [0.1, 2], "pair": [3, 4], "share": 0.5, "kind": "b", "plain": 2.5}
    assert term(**given) == term() | given
    assert term(cap=None, shifts=[]) == term()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cap": "2"}, "cap is '2'; expected float | None"),
        ({"cap": [1]}, "cap is [1]; expected float | None"),
        ({"floor": True}, "floor is True; expected Optional[float]"),
        ({"shifts": ["a"]}, "shifts is ['a']; expected Sequence[float]"),
        ({"shifts": 1}, "shifts is 1; expected Sequence[float]"),
        ({"shifts": [float("inf")]}, "shifts is [inf]; expected Sequence[float]"),
        ({"pair": [1]}, "pair is [1]; expected a value like (1, 2)"),
        ({"pair": [1, 2.5]}, "pair is [1, 2.5]; expected a value like (1, 2)"),
        ({"share": None}, "share is None; expected a value like 0.333"),
        ({"kind": "c"}, "kind is 'c'; expected a value like a"),
        ({"plain": "5"}, "plain is '5'; expected a value like 5"),
    ],
)
def test_another_kind_is_one_sentence(package, given, words):
    with pytest.raises(InputError) as error:
        term(**given)
    assert f"t.yaml, row 1: loss mine: {words}" in str(error.value)


def test_a_default_that_only_running_the_file_would_tell_is_one_sentence(package):
    path = package / "losses" / "mine.py"
    path.write_text(LOSS.replace("share: float = 1 / 3", "share: float = compute()"))
    forget()
    with pytest.raises(InputError, match=r"mine\.py: mine: share: the default compute\(\) cannot be read"):
        term()


def test_a_number_beyond_what_a_float_tells_apart_stays_as_it_was_written():
    assert canonical([5.0, 1e30]) == [5, 1e30] and isinstance(canonical(1e30), float)
    assert as_text(canonical(1e30)) == "1e30"  # + joins the terms of a sum in a run's name
