import torch

from ltmlc.models import build_model
from ltmlc.models.neck import PFC, Dropout

SETTINGS = {"backbone": "small", "width": 8, "frozen_stages": 0, "norm_eval": False}


def build(**settings):
    return build_model(SETTINGS | settings, 4, generator_seed=7)


def dropout_rows(model, count=3):
    layer = next(module for module in model.modules() if isinstance(module, Dropout)).train()
    return [layer(torch.ones(2, 64)) for _ in range(count)]


def test_the_neck_is_linear_norm_dropout_without_relu():
    neck = PFC(6, 5, dropout=0.0).train()
    maps = torch.randn(4, 6, 3, 2)
    out = neck(maps)
    linear = maps.mean((2, 3)) @ neck.fc.weight.T
    expected = (linear - linear.mean(0)) / (linear.var(0, unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-4)
    assert (out < 0).any()


def test_initial_weights_have_the_published_deviations():
    model = build_model(SETTINGS | {"width": 64}, 80, generator_seed=7)
    neck, classifier = model.head.neck.fc, model.head.classifier
    assert abs(neck.weight.std().item() / (2 / 256) ** 0.5 - 1) < 0.02
    assert abs(classifier.weight.std().item() / 0.01 - 1) < 0.03
    assert not neck.bias.any()
    assert not classifier.bias.any()


def test_dropout_keeps_the_mean_and_rests_in_evaluation():
    layer = Dropout(0.25)
    out = layer.train()(torch.ones(100, 100))
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert abs(out.mean().item() - 1) < 0.02
    assert torch.equal(layer.eval()(torch.ones(3)), torch.ones(3))


def test_dropout_state_is_saved_restored_and_seeded_anew():
    model = build()
    dropout_rows(model)
    state = model.dropout_state()
    expected = dropout_rows(model)
    model.load_dropout_state(state)
    assert all(torch.equal(a, b) for a, b in zip(dropout_rows(model), expected, strict=True))
    model.seed_dropout(1)
    first = dropout_rows(model)
    assert not torch.equal(first[0], first[1])
    model.seed_dropout(1)
    assert torch.equal(dropout_rows(model)[2], first[2])
    model.seed_dropout(2)
    assert not torch.equal(dropout_rows(model)[2], first[2])


def test_experts_draw_from_one_stream_and_get_different_masks():
    model = build(head="experts")
    layers = [module.train() for module in model.modules() if isinstance(module, Dropout)]
    assert len(layers) == 3
    assert all(layer.generator is model.dropout_generator for layer in layers)
    assert not torch.equal(layers[0](torch.ones(2, 64)), layers[1](torch.ones(2, 64)))


def test_changing_the_dtype_keeps_the_stream_and_the_masks():
    single, double = dropout_rows(build()), dropout_rows(build().double())
    assert all(torch.equal(a, b) for a, b in zip(single, double, strict=True))
    model = build()
    dropout_rows(model)
    state = model.dropout_state()
    assert torch.equal(model.double().dropout_state(), state)


def test_moving_to_another_device_starts_the_same_seed_there():
    model = build()
    made = []
    model.seed_dropout = made.append  # no second device here: meta parameters stand for one
    model.to("meta")
    assert made == [7]
