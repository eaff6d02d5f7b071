"""The arithmetic behind a budget: counted on the networks themselves."""

import pytest

from ltmlc.evidence.outlook.estimate import NETWORKS, expected_counts, memory, operations, seconds
from ltmlc.plan.config import load_dataset

RESNET50 = {"backbone": "resnet50", "image_size": 224, "frozen_stages": 1}
SPEC = {"model": RESNET50, "precision": "tf32", "batch_size": 32}


@pytest.mark.parametrize("name", NETWORKS)
def test_multiply_adds_outputs_and_parameters_are_those_of_the_network(name):
    import torch

    from ltmlc.models.backbone import Backbone

    # Batch norm that is not fixed: a fixed one is folded into its convolution, whose layer is then not called.
    model, counted = Backbone(name, frozen_stages=0, norm_eval=False), {}

    def count(layer, inputs, output):
        part = counted.setdefault(layer.part, [0.0, 0.0])
        part[0] += output.numel() * layer.in_channels * layer.kernel_size[0] ** 2 / 1e9
        part[1] += output.numel() / 1e6

    for path, layer in model.named_modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.part = path.split(".")[0]
            layer.register_forward_hook(count)
    with torch.no_grad():
        model.train()(torch.zeros(1, 3, NETWORKS[name].side, NETWORKS[name].side))
    parts = ("conv1", "layer1", "layer2", "layer3", "layer4")
    for index, stated in enumerate((NETWORKS[name].multiply_adds, NETWORKS[name].outputs)):
        assert stated == pytest.approx([counted[part][index] for part in parts], rel=0.25, abs=0.001)
        assert sum(stated) == pytest.approx(sum(counted[part][index] for part in parts), rel=0.03)
    assert NETWORKS[name].parameters == pytest.approx(sum(p.numel() for p in model.parameters()) / 1e6, rel=0.02)
    assert NETWORKS[name].width == model.width


def test_an_image_of_the_paper_is_21_billion_operations_fewer_where_more_is_fixed():
    assert operations(RESNET50) == pytest.approx(21e9, rel=0.03)
    assert operations({**RESNET50, "frozen_stages": 0}) == pytest.approx(3 * 2 * 4.09e9, rel=0.01)
    assert operations({**RESNET50, "frozen_stages": 4}) == pytest.approx(2 * 4.09e9, rel=0.01)
    assert operations({**RESNET50, "image_size": 112}) == pytest.approx(operations(RESNET50) / 4)
    assert operations({**RESNET50, "frozen_stages": 4, "cached_views": 8}) == 0
    experts = operations({**RESNET50, "head": "experts", "num_experts": 3})
    assert experts - operations(RESNET50) == pytest.approx(2 * 2 * 3 * 0.809e9, rel=0.01)


def test_time_and_memory_grow_with_images_batch_and_precision():
    assert seconds(SPEC, 116_160) == pytest.approx(15 + 116_160 * operations(RESNET50) / 20e12)
    assert seconds({**SPEC, "precision": "bf16"}, 10**6) < seconds(SPEC, 10**6)
    assert 2 * 2**30 < memory(SPEC) < memory({**SPEC, "batch_size": 64}) < 8 * 2**30


@pytest.mark.parametrize(("name", "largest", "images"), [("voc-lt", 775, 1142), ("coco-lt", 1128, 1909)])
def test_before_the_split_exists_its_size_is_about_right(name, largest, images):
    counts, number = expected_counts(load_dataset(name))
    assert max(counts) == pytest.approx(largest, rel=0.1)
    assert images / 2 < number < 3 * images


def test_a_set_of_ones_own_says_nothing_of_its_size_before_it_is_read():
    assert expected_counts({"source": {"kind": "csv"}, "subset": {"maximum": 100}}) is None
    assert expected_counts({"source": {"kind": "voc"}}) is None
