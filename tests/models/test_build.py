import pytest
import torch

from ltmlc.errors import InputError
from ltmlc.models import build_model, label_graph

SMALL = {"backbone": "small", "width": 8, "frozen_stages": 0, "norm_eval": False, "image_size": 32}
GRAPH = {
    "word_vectors": torch.randn(4, 6, generator=torch.Generator().manual_seed(1)),
    "adjacency": label_graph([8, 4, 2, 1], [[0, 2, 1, 0], [2, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0]]),
}


def build(seed=3, **settings):
    extra = GRAPH if settings.get("head") == "graph" else {}
    return build_model(SMALL | settings, 4, generator_seed=seed, **extra)


def images(count=5, size=32):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("head", ["linear", "graph", "experts"])
def test_every_head_predicts_logits_of_samples_by_classes(head):
    model = build(head=head)
    assert model.train().predict(images()).shape == (5, 4)
    assert model.training, "predict must put the mode back"
    assert model.train()(images()).shape == ((3, 5, 4) if head == "experts" else (5, 4))
    assert torch.equal(model.eval()(images()), model.predict(images()))


def test_experts_predict_the_mean_of_their_own_logits():
    model = build(head="experts", num_experts=2, dropout=0.0).eval()
    features = model.backbone(images())
    each = [head(stage(features)) for stage, head in zip(model.head.stages, model.head.heads, strict=True)]
    assert len(each) == 2
    torch.testing.assert_close(model.predict(images()), sum(each) / 2)


def test_experts_share_three_stages_and_start_apart_in_the_fourth():
    model = build(head="experts")
    assert not hasattr(model.backbone, "layer4")
    first, second, third = (stage[0].conv1.weight for stage in model.head.stages)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_experts_of_a_frozen_backbone_share_all_of_it_and_differ_in_their_heads():
    model = build(head="experts", frozen_stages=4)
    assert hasattr(model.backbone, "layer4")
    assert not list(model.head.stages.parameters())
    assert [name for name, value in model.named_parameters() if value.requires_grad and "backbone" in name] == []
    logits = model.train()(images())
    assert logits.shape == (3, 5, 4)
    assert not torch.equal(logits[0], logits[1])


def test_networks_of_one_seed_share_the_backbone_whatever_the_head():
    linear, graph, experts = (build(head=head) for head in ("linear", "graph", "experts"))
    for name, value in experts.backbone.state_dict().items():
        assert torch.equal(value, linear.backbone.state_dict()[name])
        assert torch.equal(value, graph.backbone.state_dict()[name])
    assert torch.equal(experts.head.stages[0][0].conv1.weight, linear.backbone.layer4[0].conv1.weight)


def test_the_seed_decides_the_weights_and_another_seed_gives_others():
    again, same, other = build(seed=3).state_dict(), build(seed=3).state_dict(), build(seed=4).state_dict()
    assert all(torch.equal(again[name], same[name]) for name in again)
    drawn = [name for name in again if again[name].ndim > 1]
    assert len(drawn) > 8
    assert not any(torch.equal(again[name], other[name]) for name in drawn)


def test_building_and_running_leave_the_global_random_state_alone():
    before = torch.get_rng_state()
    model = build(head="experts")
    model.train()(images())
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    assert torch.equal(build().head.classifier.weight, build().head.classifier.weight)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"backbone": "vgg"},
            "model: backbone: 'vgg' is not valid; write resnet50, resnet18, resnet10, small, or timm:NAME",
        ),
        ({"head": "conv"}, "model: head: 'conv' is not valid; choose one of linear, graph, experts"),
        ({"depth": 3}, "unknown key 'depth'; valid keys: adjacency_threshold, "),
        ({"frozen_stages": -1}, "model: frozen_stages: -1 is less than the minimum of 0"),
        ({"frozen_stages": 5}, "maximum of 4"),
        ({"cached_views": 0, "frozen_stages": 4}, "model: cached_views: 0 is less than the minimum of 1"),
        ({"cached_views": 4, "frozen_stages": 3, "weights": "w.pt"}, "set model.frozen_stages to 4"),
        ({"cached_views": 4, "frozen_stages": 4}, "the same backbone for all seeds: set model.weights to imagenet"),
        ({"dropout": 1.0}, "model: dropout: 1.0 is greater than or equal to the maximum of 1"),
        ({"norm_eval": "yes"}, "model: norm_eval: 'yes' has the wrong type; expected boolean"),
        ({"width": 0}, "model: width: 0 is less than the minimum of 1"),
        ({"weights": 5}, "model: weights: 5 has the wrong type"),
        ({"stride_in_1x1": True}, "needs bottleneck blocks"),
        ({"backbone": "resnet50", "weights": "imagenet", "stride_in_1x1": True}, "stride_in_1x1 must be false"),
    ],
)
def test_a_bad_setting_is_named_with_what_is_valid(settings, message):
    with pytest.raises(InputError, match=message):
        build(**settings)


def test_a_graph_head_needs_vectors_and_adjacency_of_every_class():
    with pytest.raises(ValueError, match="needs word_vectors"):
        build_model(SMALL | {"head": "graph"}, 4, generator_seed=0)
    with pytest.raises(ValueError, match="for 5 classes"):
        build_model(SMALL | {"head": "graph"}, 5, generator_seed=0, **GRAPH)
