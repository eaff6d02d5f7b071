"""docs/losses.md against the code: names, parameters, defaults, and an example that runs."""

import inspect
import re
from pathlib import Path

import pytest

from ltmlc.losses import LOSSES
from ltmlc.losses.terms import hyper_parameters

PAGE = (Path(__file__).parents[2] / "docs" / "losses.md").read_text(encoding="utf-8")
PARTS = re.split(r"^### ", PAGE.split("\n## Sums\n")[0], flags=re.M)[1:]
SECTIONS = {part.split("\n", 1)[0]: part for part in PARTS}


def test_the_page_describes_every_loss_once_and_no_other():
    assert list(SECTIONS) == re.findall(r"^### (.*)$", PAGE, flags=re.M)
    assert sorted(SECTIONS) == sorted(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_and_defaults_are_those_of_the_signature(name):
    rows = re.findall(r"^\| (\w+) \| (.+?) \| .+ \|$", SECTIONS[name], flags=re.M)
    described = {parameter: default for parameter, default in rows if parameter != "parameter"}
    expected = {}
    for key, parameter in hyper_parameters(LOSSES[name]).items():
        default = parameter.default
        expected[key] = (
            "required" if default is parameter.empty else f'"{default}"' if isinstance(default, str) else repr(default)
        )
    assert described == expected
    assert ("No parameters" in SECTIONS[name]) == (not expected)


@pytest.mark.parametrize("name", LOSSES)
def test_the_need_for_class_statistics_is_stated(name):
    assert ("eeds `stats`" in SECTIONS[name]) == ("stats" in inspect.signature(LOSSES[name]).parameters)


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    exec(compile(example, "docs/losses.md", "exec"), {})


@pytest.mark.parametrize("name", LOSSES)
def test_every_parameter_is_in_the_docstring(name):
    function = LOSSES[name]
    for parameter in inspect.signature(function).parameters:
        assert re.search(rf"^\s+{parameter}: ", function.__doc__, flags=re.M), parameter
