"""A loss of one's own, named as module:function: planned from its source, fingerprinted, and imported alone."""

import json
import sys

import pytest
import yaml

from ltmlc.cli import main
from ltmlc.disk.own_code import import_own, source_of
from ltmlc.errors import InputError
from ltmlc.losses import ClassStats
from ltmlc.plan import catalogue, code_graph, fingerprint
from ltmlc.plan.grid import load_grid
from ltmlc.plan.terms import loss_term
from ltmlc.training.loop import run_loss

GOOD = """
from mine.parts import scaled

def good(logits, labels, *, temperature: float = 4.0, reduction="mean"):
    return scaled(logits, temperature).mean()

def hidden(scores, targets):
    return scores.mean()

def dr(logits, labels, *, reduction="mean"):
    return logits.mean()

def shaped(logits, labels, *, reduction="mean"):
    return logits.sum(0)

def constant(logits, labels, *, reduction="mean"):
    return logits.detach().mean()

def infinite(logits, labels, *, reduction="mean"):
    return (logits / 0).mean()

def failing(logits, labels, *, reduction="mean"):
    return logits @ logits @ logits[:1]
"""
CACHES = (
    *(catalogue.loss_parameters, catalogue.loss_annotations),
    *(code_graph.read, code_graph.say, fingerprint._of_run),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a module of losses."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "losses.py").write_text(GOOD)
    (tmp_path / "mine" / "parts.py").write_text("def scaled(logits, t):\n    return logits / t\n")
    monkeypatch.chdir(tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    for function in CACHES:
        function.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] in ("mine", "broken", "yaml_")]:
        del sys.modules[name]


def spec(name="mine.losses:good", head="linear", **parameters):
    return {"loss": [loss_term({"name": name, **parameters}, "t.yaml")], "model": {"head": head, "num_experts": 3}}


def test_it_is_planned_named_and_trained_by_its_function(folder):
    table = {"title": "Mine", "kind": "table", "caption": "", "rows": []}
    table["rows"] = [
        {
            "label": f"Mine {t}",
            "origin": "own",
            "run": {"loss": [{"name": "mine.losses:good", "temperature": t}], "lr": 0.1},
        }
        for t in (4, 5.0)
    ]
    (folder / "config" / "tables").mkdir(parents=True)
    (folder / "config" / "tables" / "own.yaml").write_text(yaml.safe_dump(table))
    runs = load_grid({"datasets": ["digits20-lt"], "tables": ["own"]}).runs["digits20-lt"]
    assert list(runs) == ["good_recipe-dr_lr-0.1", "good_temperature-5_recipe-dr_lr-0.1"]
    assert "mine" not in sys.modules  # nothing of it has run
    for planned in runs.values():
        run_loss(json.loads(json.dumps(planned)), ClassStats([1, 1], 2), where="here")
    assert "mine.losses" in sys.modules


def test_its_fingerprint_follows_the_module_it_imports_from_and_no_other_function(folder):
    before = fingerprint.run_fingerprint(spec())
    path = folder / "mine" / "losses.py"
    path.write_text(GOOD.replace("scores.mean()", "scores.sum()"))
    forget()
    assert fingerprint.run_fingerprint(spec()) == before
    (folder / "mine" / "parts.py").write_text("def scaled(logits, t):\n    return logits * t\n")
    forget()
    after = fingerprint.run_fingerprint(spec())
    assert after != before
    path.write_text(GOOD.replace("from mine.parts", "from .parts"))  # the same, said otherwise
    forget()
    assert fingerprint.run_fingerprint(spec()) == after


@pytest.mark.parametrize(
    "imports",
    [
        "import mine.parts\n\ndef f(x):\n    return mine.parts.scaled(x, 2)",
        "def f(x):\n    import mine.parts\n    return mine.parts.scaled(x, 2)",
        "import mine.parts as p\n\ndef f(x):\n    return p.scaled(x, 2)",
        "import mine\nimport mine.deep.wide\n\ndef f(x):\n    return mine.deep.wide.scaled(x, 2)",
        "from mine import deep\n\ndef f(x):\n    return deep.wide.scaled(x, 2)",
        "from mine.deep import wide\n\ndef f(x):\n    return wide.scaled(x, 2)",
        "from mine.parts import *\n\ndef f(x):\n    return scaled(x, 2)",
        "from mine.deep.wide import *\n\ndef f(x):\n    return scaled(x, 2)",
        "from mine.circle import *\n\ndef f(x):\n    return scaled(x, 2)",
        "try:\n    from mine.parts import scaled\nexcept ImportError:\n    pass\n\ndef f(x):\n    return scaled(x, 2)",
    ],
)
def test_its_fingerprint_follows_a_helper_however_it_is_imported(folder, imports):
    (folder / "mine" / "deep").mkdir()
    (folder / "mine" / "deep" / "wide.py").write_text("from mine.parts import scaled\n")
    (folder / "mine" / "circle.py").write_text("from mine.losses import *\nfrom mine.parts import *\n")
    own = GOOD.replace("from mine.parts import scaled", imports).replace("scaled(logits, temperature)", "f(logits)")
    (folder / "mine" / "losses.py").write_text(own)
    before = fingerprint.run_fingerprint(spec())
    (folder / "mine" / "parts.py").write_text("def scaled(logits, t):\n    return logits * t\n")
    forget()
    assert fingerprint.run_fingerprint(spec()) != before


def test_a_function_of_the_project_counts_where_a_module_has_its_name(folder):
    """``from ltmlc.losses import bce`` is the function that the package binds, not ltmlc/losses/bce.py."""
    assert code_graph.resolve("ltmlc.losses", "bce") == ("ltmlc.losses.bce", "bce")
    (folder / "mine" / "losses.py").write_text(
        GOOD.replace("from mine.parts import scaled", "from ltmlc.losses import bce as scaled")
    )
    assert code_graph.say("mine.losses", "good").names["scaled"] == ("ltmlc.losses.bce", "bce")


@pytest.mark.parametrize("constant", ["WARMTH = 4.0", "WARMTH: float = 4.0", "WARM = WARMTH = 4.0"])
def test_a_default_may_be_a_constant_of_its_file_however_that_is_written(folder, constant):
    own = GOOD.replace("temperature: float = 4.0", "temperature: float = WARMTH")
    (folder / "mine" / "losses.py").write_text(f"{constant}\n{own}")
    assert spec()["loss"][0]["temperature"] == 4.0


def test_a_default_that_is_declared_and_not_given_is_refused(folder):
    own = GOOD.replace("temperature: float = 4.0", "temperature: float = WARMTH")
    (folder / "mine" / "losses.py").write_text(f"WARMTH: float\n{own}")
    with pytest.raises(InputError, match="the default WARMTH cannot be read without running the file"):
        spec()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.lost:good", r"no module mine\.lost .* mine/lost\.py"),
        ("../mine:good", r"there is no module"),
        ("mine.losses:better", r"losses\.py defines no function better; it defines: good, hidden"),
        ("mine.losses:hidden", r"hidden\(scores, targets\) is not called as a loss is; write def hidden\(logits, lab"),
        ("mine.losses:dr", r"dr is a loss of this project already; give the function .* another name"),
        ("yaml_:f", r"yaml_\.py: is no Python that can be read"),
    ],
)
def test_what_is_no_loss_is_refused_when_it_is_planned(folder, name, message):
    (folder / "yaml_.py").write_text("def f(:\n")
    with pytest.raises(InputError, match=f"^t.yaml: .*{message}"):
        spec(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine.losses:shaped", r"reduction \"mean\" gives \(2,\); return a scalar"),
        ("mine.losses:constant", r"the value has no gradient"),
        ("mine.losses:infinite", r"not finite on two samples"),
        ("mine.losses:failing", r"fails on two samples: RuntimeError: .*`ltmlc check-loss mine\.losses:failing`"),
        ("broken:f", r"broken\.py: fails when it is imported: NameError: name 'undefined' .*; mend it there"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_training(folder, name, message):
    (folder / "broken.py").write_text("undefined\n\ndef f(logits, labels, *, reduction='mean'):\n    return 0\n")
    with pytest.raises(InputError, match=message):
        run_loss(spec(name), ClassStats([1, 1], 2), where="table, row 1: run.loss")


def test_of_the_folder_only_what_is_named_can_be_imported(folder):
    for module in ("planted", "json_planted"):
        (folder / f"{module}.py").write_text("raise SystemExit(9)\n")
    import_own("mine.losses")
    with pytest.raises(ModuleNotFoundError):
        __import__("planted")
    (folder / "json.py").write_text("")
    with pytest.raises(InputError, match=r"json is a module of Python itself; give your file another name"):
        loss_term({"name": "json:good"}, "t.yaml")
    assert source_of("scipy.special") is not None and "planted" not in sys.modules


def test_check_loss_names_what_a_loss_does_not_keep_and_passes_what_new_loss_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    forget()
    assert main(["new-loss", "two_way"]) == 0
    assert main(["check-loss", "mine.two_way:two_way"]) == 0
    path = tmp_path / "mine" / "two_way.py"
    naive = "(logits.exp() * ~positives).sum(SAMPLES).log()"
    path.write_text(path.read_text().replace("masked_logsumexp(logits, ~positives, SAMPLES)", naive))
    forget()
    capsys.readouterr()
    assert main(["check-loss", "mine.two_way:two_way"]) == 2
    assert "FAILS  finite" in capsys.readouterr().out
    path.write_text(path.read_text().replace("(logits.exp()", "(logits.detach().exp()"))
    forget()
    assert main(["check-loss", "mine.two_way:two_way"]) == 2
    assert "FAILS  true gradient        mixed: " in capsys.readouterr().out
    assert main(["new-loss", "two_way"]) == 2 and main(["new-loss", "dr"]) == 2


@pytest.mark.parametrize("name", ["class", "lambda", "null", "true", "on", "table1", "DR", "as_batch", "a-b"])
def test_a_name_that_python_yaml_or_the_project_reads_as_something_else_is_refused(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    assert main(["new-loss", name]) == 2
    assert f"{name!r} cannot be the name of a new loss" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_weight_that_is_detached_on_purpose_is_no_fault_of_a_built_in_loss(capsys):
    assert main(["check-loss", "asl"]) == main(["check-loss", "circle"]) == 0
    assert "true gradient" not in capsys.readouterr().out
