"""What holds for every loss of the registry; a new one is tested here as soon as it is registered.

Values and gradients can only be compared with a reference where there is one; all else needs none.
"""

import ast
import inspect
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from losses.references import REFERENCES, SETTINGS

import ltmlc.losses
from ltmlc.losses import LOSSES, ClassStats
from ltmlc.losses.contract import CONTRACT
from ltmlc.losses.subject import LABELS, Subject, labels_of
from ltmlc.losses.terms import hyper_parameters

NATURAL_SHAPES = {"lsep": (5,), "zlpr": (5,), "circle": (5,)}
NATURAL_SHAPES |= dict.fromkeys(("c_lsep", "c_zlpr", "dr", "pgc", "gc"), (4,))
ENTRYWISE = (5, 4)
# A loss without a reference is tested with its defaults, and 7 for each hyper-parameter that must be given.
EXAMINED = SETTINGS + [(name, {}) for name in LOSSES if name not in REFERENCES]


def settings_id(value):
    return value if isinstance(value, str) else ",".join(f"{k}={v}" for k, v in value.items()) or "defaults"


every_loss = pytest.mark.parametrize("name", LOSSES)
every_setting = pytest.mark.parametrize(("name", "settings"), EXAMINED, ids=settings_id)
every_reference = pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=settings_id)


def subject(name, settings=None):
    return Subject(LOSSES[name], settings or {}, experts=3 if name == "balpoe" else None)


def test_every_registered_loss_has_a_reference():
    assert list(REFERENCES) == list(LOSSES)


@pytest.mark.parametrize("scale", [1, 30])
@pytest.mark.parametrize("case", LABELS)
@every_reference
def test_values_and_gradients_equal_the_double_loops(name, settings, case, scale):
    labels = labels_of(case)
    loss = subject(name, settings)
    logits = loss.logits(labels, scale)
    expected_logits = logits.clone().requires_grad_()
    expected = REFERENCES[name][0](expected_logits, labels, **settings)
    values = loss(logits, labels, reduction="none")
    torch.testing.assert_close(values, expected.detach(), rtol=1e-9, atol=1e-9)

    expected_gradient = torch.zeros_like(logits)
    if expected.requires_grad:  # a sum over no pairs at all is a constant
        expected.mean().backward()
        expected_gradient = expected_logits.grad
    value, gradient = loss.differentiate(logits, labels)
    torch.testing.assert_close(value, expected.mean().detach(), rtol=1e-9, atol=1e-9)
    assert (gradient - expected_gradient).abs().max() <= 1e-8 * expected_gradient.abs().max()


@pytest.mark.parametrize("case", ["mixed", "absent class", "class in every sample", "sample with no class"])
@every_reference
def test_the_second_derivative_is_that_of_the_double_loops(name, settings, case):
    """Also where `torch.autograd.grad` asks for it, to whom no error comes that lies off the way to the logits."""
    labels = labels_of(case)
    loss, reference = subject(name, settings), REFERENCES[name][0]
    logits = loss.logits(labels)
    direction = torch.randn(logits.shape, generator=torch.Generator().manual_seed(1), dtype=logits.dtype)

    def along(function):
        point = logits.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(function(point).mean(), point, create_graph=True)
        (second,) = torch.autograd.grad((gradient * direction).sum(), point)
        return second

    ours = along(lambda point: loss(point, labels, reduction="none"))
    theirs = along(lambda point: reference(point, labels, **settings))
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("check", CONTRACT)
@every_setting
def test_the_contract(name, settings, check):
    if check == "true_gradient" and name == "circle":
        pytest.skip("its weights carry no gradient, by definition")
    if check == "true_gradient" and name == "asl":
        settings = {**settings, "detach_focus": False}
    CONTRACT[check](subject(name, settings))


def test_float32_is_finite_where_the_focus_of_asl_has_an_infinite_slope():
    labels = torch.zeros(1, 4)
    logits = torch.tensor([[-1000.0, -100.0, 0.0, 1000.0]])
    settings = {"gamma_neg": 0.5, "clip": 0.0, "detach_focus": False}
    _, gradient = subject("asl", settings).differentiate(logits, labels)
    assert gradient.isfinite().all()


@every_loss
def test_where_every_logit_is_right_by_1000_the_loss_is_small(name):
    labels = labels_of("mixed")
    logits = (1000.0 * (2 * labels - 1)).expand_as(subject(name).logits(labels))
    assert subject(name)(logits, labels) < 1e-2


@pytest.mark.parametrize("name", [name for name in LOSSES if name in REFERENCES])
def test_the_values_have_their_natural_shape(name):
    labels = labels_of("mixed")
    values = subject(name)(subject(name).logits(labels), labels, reduction="none")
    assert values.shape == NATURAL_SHAPES.get(name, ENTRYWISE)


@pytest.mark.parametrize("name", [n for n, f in LOSSES.items() if "stats" in inspect.signature(f).parameters])
def test_statistics_of_another_number_of_classes_are_refused(name):
    labels = labels_of("mixed")
    with pytest.raises(ValueError, match="2 counts but logits 4 classes"):
        subject(name)(subject(name).logits(labels), labels, stats=ClassStats([1, 2], 3))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("focal", {"gamma": -1.0}, "gamma must be zero or a positive number, got -1.0"),
        ("focal", {"balance": 0.0}, "balance must be a positive number"),
        ("cb_focal", {"mode": "median"}, "mode must be one of average_w, average_n, min_n, by_class"),
        ("cb_focal", {"beta": 1.0}, r"beta must lie in \[0, 1\)"),
        ("db_focal", {"neg_scale": 0.0}, "neg_scale must be a positive number"),
        ("asl", {"eps": 0.0}, r"eps must lie in \(0, 1\)"),
        ("ldam", {"max_margin": -0.5}, "max_margin must be zero or a positive number"),
        ("lsep", {"gamma": 0.0}, "gamma must be a positive number"),
        ("circle", {"axis": "row"}, "axis must be one of sample, class, got 'row'"),
        ("circle", {"score": "cosine"}, "score must be one of sigmoid, identity"),
        ("dr", {"gamma2": float("nan")}, "gamma2 must be a positive number, got nan"),
        ("balpoe", {"tau": (0.0, 1.0)}, "E = 2 experts"),
    ],
)
def test_hyper_parameters_out_of_range_are_refused(name, settings, message):
    labels = labels_of("mixed")
    with pytest.raises(ValueError, match=message):
        subject(name, settings)(subject(name).logits(labels), labels)


def real_numbers() -> list[tuple[str, str, object]]:
    """Every hyper-parameter that is a real number, or several, with a NaN in its place."""
    wrong = {float: math.nan, Sequence[float]: (math.nan, 0.0, 1.0)}
    parameters = [
        (name, key, each.annotation) for name in LOSSES for key, each in hyper_parameters(LOSSES[name]).items()
    ]
    return [(name, key, wrong[kind]) for name, key, kind in parameters if kind in wrong]


@pytest.mark.parametrize(("name", "key", "value"), real_numbers())
def test_a_hyper_parameter_that_is_not_a_number_is_refused_by_its_name(name, key, value):
    labels = labels_of("mixed")
    with pytest.raises(ValueError, match=key):
        subject(name, {key: value})(subject(name).logits(labels), labels)


def test_losses_import_nothing_of_data_models_or_training():
    for path in Path(ltmlc.losses.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("ltmlc"):
                assert node.module.startswith("ltmlc.losses"), path


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@every_loss
def test_a_step_on_the_gpu_never_waits_for_it(name):
    labels = labels_of("mixed")
    logits = subject(name).logits(labels, dtype=torch.float32).cuda().requires_grad_()
    labels = labels.cuda()
    subject(name)(logits, labels).backward()  # the class statistics are transferred once
    torch.cuda.set_sync_debug_mode("error")
    try:
        subject(name)(logits, labels).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
