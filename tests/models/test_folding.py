"""Fixed batch norm as part of its convolution, against torch's own layers one after the other."""

import pytest
import torch
from torch import nn

from ltmlc.models import BACKBONES, backbone, blocks, build_model, folding, label_graph, load_backbone_weights

CLASSES = 4
SMALL = {"width": 8, "dropout": 0, "neck_features": 16, "graph_features": 8}


def layer_by_layer(features, convolution, norm):
    return norm(convolution(features))


def layer_by_layer_relu(features, convolution, norm, residual=0):
    return torch.relu(norm(convolution(features)) + residual)


@pytest.fixture
def unfolded(monkeypatch):
    """Networks inside compute as released: a convolution, then its norm."""

    def compute(function, *inputs):
        with monkeypatch.context() as patch:
            patch.setattr(blocks, "convolve", layer_by_layer)
            for module in (backbone, blocks):
                patch.setattr(module, "convolve_relu", layer_by_layer_relu)
            return function(*inputs)

    return compute


@pytest.fixture
def two_threads():
    """Whatever tests before this one have set: another number adds in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def network(dtype=torch.float64, **settings):
    """With statistics and affine parameters of a network that has seen images."""
    draw = torch.Generator().manual_seed(0)
    graph = {
        "word_vectors": torch.randn(CLASSES, 6, generator=draw),
        "adjacency": label_graph([9, 5, 3, 2], torch.ones(CLASSES, CLASSES)),
    }
    extra = graph if settings.get("head") == "graph" else {}
    model = build_model(SMALL | settings, CLASSES, generator_seed=0, **extra)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight.data, module.running_var):
                values.copy_(torch.rand(values.shape, generator=draw) + 0.5)
            for values in (module.bias.data, module.running_mean):
                values.copy_(torch.randn(values.shape, generator=draw) / 3)
    return model.to(dtype).train()


def images(dtype=torch.float64, size=32):
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1)).to(dtype)


def logits_and_gradients(model, inputs):
    model.zero_grad()
    logits = model(inputs)
    logits.square().mean().backward()
    return logits.detach(), {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad}


def assert_same(ours, reference):
    torch.testing.assert_close(ours, reference, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("frozen", [0, 1])
@pytest.mark.parametrize("head", ["linear", "graph", "experts"])
@pytest.mark.parametrize("name", BACKBONES)
def test_values_and_gradients_are_those_of_the_layers_one_after_the_other(name, head, frozen, unfolded):
    model = network(backbone=name, head=head, frozen_stages=frozen, norm_eval=True)
    reference = unfolded(logits_and_gradients, model, images())
    assert_same(logits_and_gradients(model, images()), reference)
    affine = [gradient for key, gradient in reference[1].items() if ".bn" in key or "downsample.1" in key]
    assert affine
    assert all(gradient.abs().sum() > 0 for gradient in affine)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-10), (torch.float32, 1e-3)])
def test_second_derivatives_are_those_of_the_layers_one_after_the_other(dtype, rtol, unfolded):
    """In float32 they go through what is fused."""

    def of_the_gradients_size(model, inputs):
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(model(inputs).square().mean(), parameters, create_graph=True)
        second = torch.autograd.grad(sum(gradient.square().sum() for gradient in gradients), parameters)
        return torch.cat([each.double().flatten() for each in second])

    settings = {"backbone": "resnet18", "width": 16, "frozen_stages": 1, "norm_eval": True}
    exact = unfolded(of_the_gradients_size, network(**settings), images(size=64))
    ours = of_the_gradients_size(network(dtype, **settings), images(dtype, 64))
    assert (ours - exact).norm() <= rtol * exact.norm() > 0


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", ["resnet50", "resnet18"])
def test_what_is_fused_on_a_cpu_is_as_near_to_float64_as_the_layers_are(name, memory_format, unfolded, two_threads):
    def distances(outcome):
        parts = zip((outcome[0], *outcome[1].values()), (exact[0], *exact[1].values()), strict=True)
        logits, *gradients = [((ours.double() - theirs).norm(), theirs.norm()) for ours, theirs in parts]
        error, size = torch.tensor(gradients).norm(dim=0)
        return logits[0] / logits[1], error / size

    # Narrower in channels last, oneDNN itself fails (models/layout.py).
    settings = {"backbone": name, "width": 16, "frozen_stages": 1, "norm_eval": True}
    exact = logits_and_gradients(network(**settings), images(size=64))
    model = network(torch.float32, **settings).to(memory_format=memory_format)
    inputs = images(torch.float32, 64)
    folded = distances(logits_and_gradients(model, inputs))
    layers = distances(unfolded(logits_and_gradients, model, inputs))
    assert all(ours < 5 * theirs < 1e-3 for ours, theirs in zip(folded, layers, strict=True))


def test_on_a_cpu_sum_and_relu_are_part_of_the_convolution(monkeypatch):
    monkeypatch.setattr(torch.nn.functional, "relu", lambda *_, **__: pytest.fail("a ReLU of its own"))
    model = network(torch.float32, backbone="resnet18", frozen_stages=1, norm_eval=True)
    model(images(torch.float32)).sum().backward()


def test_the_strides_of_caffes_resnet_stay(unfolded):
    model = network(backbone="resnet50", stride_in_1x1=True, norm_eval=True)
    assert_same(logits_and_gradients(model, images()), unfolded(logits_and_gradients, model, images()))


def test_images_get_their_gradient_through_frozen_stages(unfolded):
    def gradient(model):
        inputs = images().requires_grad_()
        model(inputs).square().mean().backward()
        return inputs.grad

    model = network(backbone="small", frozen_stages=4, norm_eval=True)
    with torch.inference_mode():
        model.backbone(images())  # what is kept from here must serve autograd
    assert_same(gradient(model), unfolded(gradient, model))


def test_batch_norm_in_training_is_left_alone(unfolded):
    model, twin = (network(backbone="small", frozen_stages=1, norm_eval=False) for _ in range(2))
    assert_same(logits_and_gradients(model, images()), unfolded(logits_and_gradients, twin, images()))
    assert_same(dict(model.state_dict()), dict(twin.state_dict()))
    assert model.backbone.layer2[0].bn1.num_batches_tracked == 1
    assert_same(model.predict(images()), unfolded(twin.predict, images()))


def test_no_batch_norm_runs_where_it_is_fixed(monkeypatch):
    monkeypatch.setattr(nn.BatchNorm2d, "forward", lambda *_: pytest.fail("a batch norm of its own"))
    network(backbone="resnet18", norm_eval=True)(images())


def test_state_has_the_same_names_before_and_after():
    model = network(backbone="small", frozen_stages=2, norm_eval=True)
    before = list(model.state_dict())
    model(images())
    assert list(model.state_dict()) == before
    assert {"backbone.bn1.running_var", "backbone.layer2.0.downsample.1.bias"} <= set(before)


def test_frozen_stages_are_folded_once(monkeypatch):
    folds, fold = [], folding._fold
    monkeypatch.setattr(folding, "_fold", lambda weight, *rest: folds.append(weight) or fold(weight, *rest))
    model = network(backbone="small", frozen_stages=1, norm_eval=True)
    model(images())
    first = len(folds)
    model.train()
    model(images())
    trained = sum(p.requires_grad and p.ndim == 4 for p in model.backbone.parameters())
    assert first == trained + 3  # the stem and the two convolutions of the first stage
    assert len(folds) == first + trained


def test_loaded_weights_replace_what_was_folded(tmp_path, unfolded):
    model = network(torch.float32, backbone="small", frozen_stages=4, norm_eval=True)
    before = model.predict(images(torch.float32))
    other = build_model(SMALL | {"backbone": "small"}, CLASSES, generator_seed=7)
    torch.save(other.backbone.state_dict(), tmp_path / "weights.pt")
    load_backbone_weights(model.backbone, tmp_path / "weights.pt")
    after = model.predict(images(torch.float32))
    assert not torch.allclose(after, before)
    torch.testing.assert_close(after, unfolded(model.predict, images(torch.float32)))
    whole = model.double().predict(images())
    assert_same(whole, unfolded(model.predict, images()))


@pytest.mark.parametrize("frozen", [0, 4])
def test_bfloat16_is_nearer_to_float64_than_the_layers_are(frozen, unfolded):
    def distances(model):
        with torch.autocast("cpu", torch.bfloat16):
            features = model.backbone(images(torch.float32, 64).contiguous(memory_format=torch.channels_last))
        assert features.dtype == torch.bfloat16
        assert features.is_contiguous(memory_format=torch.channels_last)
        return (features.double() - exact).norm() / exact.norm()

    settings = {"backbone": "resnet50", "frozen_stages": frozen, "norm_eval": True}
    with torch.no_grad():
        exact = network(**settings).backbone(images(size=64))
        model = network(torch.float32, **settings).to(memory_format=torch.channels_last)
        folded, layers = distances(model), unfolded(distances, model)
    assert folded < layers < 0.05
