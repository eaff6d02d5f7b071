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


PAIRS = "sum_P sum_N exp({} (s_nk - s_pk))"
FORMULAS = {
    "bce": ["(1 - 2y) s"],
    "rw": ["sqrt(N / n_k) bce"],
    "focal": ["balance (1 - pt)^gamma bce"],
    "cb_focal": ["w balance (1 - pt)^gamma bce", "e(n) = (1 - beta) / (1 - beta^n)"],
    "db_focal": [
        "w (1 - pt)^gamma bce",
        "w_ik = alpha + sigmoid(beta (r_ik - mu))",
        "(init_bias / neg_scale) log(N / n_k - 1)",
    ],
    "asl": [
        "-[y (1 - p)^gamma_pos log max(p, eps) + (1 - y) (1 - q)^gamma_neg log max(q, eps)]",
        "q = min(1 - p + clip, 1)",
    ],
    "ldam": ["s - D_k y", "D_k = max_margin n_k^(-1/4) / max_j n_j^(-1/4)"],
    "lsep": ["log(1 + sum_P sum_N exp(gamma (s_in - s_ip)))"],
    "c_lsep": [f"log(1 + {PAIRS.format('gamma')})"],
    "zlpr": ["log(1 + sum_P exp(-s_ip)) + log(1 + sum_N exp(s_in))"],
    "c_zlpr": ["log(1 + sum_P exp(-s_pk)) + log(1 + sum_N exp(s_nk))"],
    "circle": [
        "log(1 + sum_n exp(gamma a_n (s_n - margin)) sum_p exp(-gamma a_p (s_p - 1 + margin)))",
        "a_p = max(1 + margin - s_p, 0)",
        "a_n = max(s_n + margin, 0)",
    ],
    "dr": [f"log(1 + {PAIRS.format('gamma1')} + sum_N exp(gamma2 s_nk))"],
    "pgc": [f"log(1 + {PAIRS.format('gamma1')} + sum_P exp(-gamma3 s_pk))"],
    "gc": [f"log(1 + {PAIRS.format('gamma1')} + sum_N exp(gamma2 s_nk) + sum_P exp(-gamma3 s_pk))"],
    "balpoe": ["bce(s^e + tau_e log(n_k / sum_j n_j + 1e-9))"],
}


TEX = {
    **{
        r"\gamma_{+}": "gamma_pos",
        r"\gamma_{-}": "gamma_neg",
        r"\gamma_": "gamma",
        r"\Delta": "D",
        r"\sigma": "sigmoid",
    },
    **{r"\epsilon": "eps", "p_t": "pt", "e^": "exp", "10^": "1e", "}{": "/", r"\in ": " in ", r"\_": "_"},
    **dict.fromkeys((r"\left", r"\right", r"\frac", r"\mathrm", r"\cdot", r"\qquad", r"\,", r"\;", "\\"), ""),
}


def plain(text: str) -> str:
    """A formula without what is a matter of print: TeX, brackets, spaces, and which class or sample a set is of."""
    for tex, name in TEX.items():
        text = text.replace(tex, name)
    return re.sub(r"[\s·(){}\[\]]", "", re.sub(r"sum_\{[pn] +in ([PN])_[ik]\}", r"sum_\1", text))


@pytest.mark.parametrize("name", LOSSES)
def test_the_formula_of_the_page_is_that_of_the_docstring(name):
    page = PAGE if name == "bce" else SECTIONS[name]  # bce itself is in the page's notation
    for formula in FORMULAS[name]:
        assert plain(formula) in plain(LOSSES[name].__doc__)
        assert plain(formula) in plain(page)


@pytest.mark.parametrize("name", LOSSES)
def test_where_a_loss_comes_from_is_said(name):
    text = " ".join(SECTIONS[name].split())
    assert re.search(r"\((?:P |DB|DR|Alibaba|BalPoE|TinyZeaMays)|kaidic", text)
