"""What holds for every loss of the registry; a new one is tested here as soon as it is registered.

Values and gradients can only be compared with a reference where there is one; all else needs none.
"""

import ast
import inspect
from pathlib import Path

import pytest
import torch
from losses.references import COUNTS, LABELS, NUM_IMAGES, REFERENCES, SETTINGS, labels_of, logits_for

import ltmlc.losses
from ltmlc.losses import LOSSES, ClassStats
from ltmlc.losses.terms import hyper_parameters

STATS = ClassStats(COUNTS, NUM_IMAGES)
HUGE_STATS = ClassStats([1, 2, 10**9 - 1, 10**9], 10**9)
NATURAL_SHAPES = {"lsep": (5,), "zlpr": (5,), "circle": (5,)}
NATURAL_SHAPES |= dict.fromkeys(("c_lsep", "c_zlpr", "dr", "pgc", "gc"), (4,))
ENTRYWISE = (5, 4)
# A loss without a reference is tested with its defaults, and 7 for each hyper-parameter that must be given.
CONTRACT = SETTINGS + [(name, {}) for name in LOSSES if name not in REFERENCES]


def settings_id(value):
    return value if isinstance(value, str) else ",".join(f"{k}={v}" for k, v in value.items()) or "defaults"


every_loss = pytest.mark.parametrize("name", LOSSES)
every_setting = pytest.mark.parametrize(("name", "settings"), CONTRACT, ids=settings_id)
every_reference = pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=settings_id)


def call(name, logits, labels, stats=STATS, settings=None, **keywords):
    """The loss with the given settings; 7 for each hyper-parameter that must be given."""
    function = LOSSES[name]
    settings = dict(settings or {})
    for key, parameter in hyper_parameters(function).items():
        if parameter.default is parameter.empty:
            settings.setdefault(key, 7.0)
    if "stats" in inspect.signature(function).parameters:
        settings["stats"] = stats
    return function(logits, labels, **settings, **keywords)


def value_and_gradient(name, logits, labels, **keywords):
    logits = logits.clone().requires_grad_()
    value = call(name, logits, labels, **keywords)
    value.backward()
    return value.detach(), logits.grad


def test_every_registered_loss_has_a_reference():
    assert list(REFERENCES) == list(LOSSES)


@pytest.mark.parametrize("scale", [1, 30])
@pytest.mark.parametrize("case", LABELS)
@every_reference
def test_values_and_gradients_equal_the_double_loops(name, settings, case, scale):
    labels = labels_of(case)
    logits = logits_for(name, labels, scale)
    expected_logits = logits.clone().requires_grad_()
    expected = REFERENCES[name][0](expected_logits, labels, **settings)
    values = call(name, logits, labels, settings=settings, reduction="none")
    torch.testing.assert_close(values, expected.detach(), rtol=1e-9, atol=1e-9)

    expected_gradient = torch.zeros_like(logits)
    if expected.requires_grad:  # a sum over no pairs at all is a constant
        expected.mean().backward()
        expected_gradient = expected_logits.grad
    value, gradient = value_and_gradient(name, logits, labels, settings=settings)
    torch.testing.assert_close(value, expected.mean().detach(), rtol=1e-9, atol=1e-9)
    assert (gradient - expected_gradient).abs().max() <= 1e-8 * expected_gradient.abs().max()


@pytest.mark.parametrize("case", ["mixed", "absent class", "class in every sample", "sample with no class"])
@pytest.mark.parametrize("name", [name for name in LOSSES if name != "circle"])
def test_gradcheck(name, case):
    """Not for circle, whose weights carry no gradient by definition; its reference detaches them too."""
    settings = {"detach_focus": False} if name == "asl" else {}
    labels = labels_of(case)
    logits = logits_for(name, labels, 1, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: call(name, s, labels, settings=settings, reduction="none"), logits)


@pytest.mark.parametrize("stats", [STATS, HUGE_STATS], ids=["stats", "huge stats"])
@pytest.mark.parametrize("case", LABELS)
@every_setting
def test_float32_is_finite_for_logits_up_to_1000(name, settings, case, stats):
    labels = labels_of(case)
    for scale, seed in [(1, 0), (20, 1), (100, 2), (1000, 3), (1000, 4)]:
        logits = logits_for(name, labels, scale, seed, torch.float32)
        value, gradient = value_and_gradient(name, logits, labels, stats=stats, settings=settings)
        assert value.isfinite()
        assert gradient.isfinite().all()


def test_float32_is_finite_where_the_focus_of_asl_has_an_infinite_slope():
    labels = torch.zeros(1, 4)
    logits = torch.tensor([[-1000.0, -100.0, 0.0, 1000.0]])
    settings = {"gamma_neg": 0.5, "clip": 0.0, "detach_focus": False}
    _, gradient = value_and_gradient("asl", logits, labels, settings=settings)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("sign", [1, -1])
@every_loss
def test_float32_is_finite_where_every_logit_is_right_or_wrong_by_1000(name, sign):
    labels = labels_of("mixed")
    logits = 1000.0 * sign * (2 * labels - 1).float()
    logits = logits.expand(3, -1, -1) if name == "balpoe" else logits
    value, gradient = value_and_gradient(name, logits, labels)
    assert value.isfinite()
    assert gradient.isfinite().all()
    if sign > 0:
        assert value < 1e-2


@every_setting
def test_float32_agrees_with_float64(name, settings):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1)
    value, gradient = value_and_gradient(name, logits.float(), labels, settings=settings)
    expected, expected_gradient = value_and_gradient(name, logits, labels, settings=settings)
    torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@every_loss
def test_half_precision_logits_are_computed_in_float32(name, dtype):
    labels = labels_of("absent class")
    logits = logits_for(name, labels, 1, dtype=dtype)
    value, gradient = value_and_gradient(name, logits, labels)
    exact, exact_gradient = value_and_gradient(name, logits.float(), labels)
    assert value.dtype == torch.float32
    assert value == exact
    assert gradient.dtype == dtype
    assert torch.equal(gradient, exact_gradient.to(dtype))


@every_loss
def test_autocast_changes_nothing(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = call(name, logits, labels)
    assert inside.dtype == torch.float32
    assert inside == call(name, logits, labels)


@every_loss
def test_float64_stays_float64(name):
    labels = labels_of("mixed")
    value, gradient = value_and_gradient(name, logits_for(name, labels, 1), labels)
    assert value.dtype == gradient.dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float32, torch.float64])
@every_loss
def test_labels_of_any_dtype_are_accepted(name, dtype):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1, dtype=torch.float32)
    value = call(name, logits, labels.to(dtype))
    assert value.dtype == torch.float32
    assert value == call(name, logits, labels)


@every_loss
def test_the_mean_is_the_mean_of_the_values_in_their_natural_shape(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1)
    values = call(name, logits, labels, reduction="none")
    if name in REFERENCES:
        assert values.shape == NATURAL_SHAPES.get(name, ENTRYWISE)
    assert tuple(values.shape) in {ENTRYWISE, (5,), (4,)}  # an entry, a sample or a class each
    assert call(name, logits, labels) == values.mean()


@every_loss
def test_the_callers_tensors_are_left_alone(name):
    labels = labels_of("mixed").float()
    logits = logits_for(name, labels, 1, dtype=torch.float32)
    before = logits.clone(), labels.clone()
    call(name, logits.requires_grad_(), labels).backward()
    assert torch.equal(logits, before[0])
    assert torch.equal(labels, before[1])


@every_loss
def test_global_random_state_is_not_touched(name):
    labels = labels_of("mixed")
    state = torch.random.get_rng_state()
    call(name, logits_for(name, labels, 1), labels)
    assert torch.equal(torch.random.get_rng_state(), state)


@every_loss
def test_permuted_samples_permute_the_gradient_only(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1)
    order = torch.tensor([3, 0, 4, 1, 2])
    value, gradient = value_and_gradient(name, logits, labels)
    permuted, permuted_gradient = value_and_gradient(name, logits[..., order, :], labels[order])
    torch.testing.assert_close(permuted, value)
    torch.testing.assert_close(permuted_gradient, gradient[..., order, :])


@every_loss
def test_permuted_classes_with_their_statistics_permute_the_gradient_only(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1)
    order = torch.tensor([2, 0, 3, 1])
    stats = ClassStats([COUNTS[k] for k in order], NUM_IMAGES)
    value, gradient = value_and_gradient(name, logits, labels)
    permuted, permuted_gradient = value_and_gradient(name, logits[..., order], labels[:, order], stats=stats)
    torch.testing.assert_close(permuted, value)
    torch.testing.assert_close(permuted_gradient, gradient[..., order])


@every_loss
def test_nan_logits_reach_the_loss(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1)
    logits[..., 1, 2] = torch.nan
    assert call(name, logits, labels).isnan()


@every_loss
def test_bad_input_is_one_sentence(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1)
    bad = {
        "logits must have shape": (logits[..., 0], labels),
        "labels must have one 0/1 entry": (logits, labels[:, :3]),
        "labels must be 0 or 1, found 2": (logits, labels * 2),
        "labels must be 0 or 1, found 0.5": (logits, labels * 0.5),
        "labels must be 0 or 1, found nan": (logits, labels * torch.nan),
        "labels must be a tensor": (logits, labels.tolist()),
        "logits must be a floating point tensor, got torch.int64": (logits.long(), labels),
        "with at least one sample": (logits[..., :0, :], labels[:0]),
    }
    for message, arguments in bad.items():
        with pytest.raises(ValueError, match=message):
            call(name, *arguments)
    with pytest.raises(ValueError, match="reduction must be one of mean, none"):
        call(name, logits, labels, reduction="sum")


@pytest.mark.parametrize("name", [n for n, f in LOSSES.items() if "stats" in inspect.signature(f).parameters])
def test_statistics_of_another_number_of_classes_are_refused(name):
    labels = labels_of("mixed")
    with pytest.raises(ValueError, match="2 counts but logits 4 classes"):
        call(name, logits_for(name, labels, 1), labels, stats=ClassStats([1, 2], 3))


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
        call(name, logits_for(name, labels, 1), labels, settings=settings)


def test_the_planner_can_read_the_registry_without_importing_torch():
    """It parses the files: imports one a line, a literal dict, defaults that are literals."""
    tree = ast.parse(Path(ltmlc.losses.__file__).read_text())
    modules = {
        alias.name: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    registry = next(n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "LOSSES")
    names = {key.value: value.id for key, value in zip(registry.keys, registry.values, strict=True)}
    assert list(names) == list(LOSSES)
    for name, function_name in names.items():
        source = Path(ltmlc.losses.__file__).parent / f"{modules[function_name].removeprefix('ltmlc.losses.')}.py"
        functions = [n for n in ast.parse(source.read_text()).body if isinstance(n, ast.FunctionDef)]
        arguments = next(f.args for f in functions if f.name == function_name)
        read = {
            argument.arg: inspect.Parameter.empty if default is None else ast.literal_eval(default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if argument.arg not in ("stats", "reduction")
        }
        assert read == {key: parameter.default for key, parameter in hyper_parameters(LOSSES[name]).items()}


def test_losses_import_nothing_of_data_models_or_training():
    for path in Path(ltmlc.losses.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("ltmlc"):
                assert node.module.startswith("ltmlc.losses"), path


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@every_loss
def test_a_step_on_the_gpu_never_waits_for_it(name):
    labels = labels_of("mixed")
    logits = logits_for(name, labels, 1, dtype=torch.float32).cuda().requires_grad_()
    labels = labels.cuda()
    call(name, logits, labels).backward()  # the class statistics are transferred once
    torch.cuda.set_sync_debug_mode("error")
    try:
        call(name, logits, labels).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
