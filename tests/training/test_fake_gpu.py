"""What a machine without a GPU can show of an iteration on one: torch's fake tensors know their device but hold no
values, so tensors that do not meet on one device, and a step that waits for a value, are errors.
"""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from training import tiny

from ltmlc.data.augment.batch import test_batch as make_test_batch
from ltmlc.data.augment.batch import training_batch
from ltmlc.data.augment.draws import draw_augmentation
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.split import load_split
from ltmlc.losses import ClassStats, build_loss
from ltmlc.plan.catalogue import loss_modules
from ltmlc.training.batches import DeviceData
from ltmlc.training.network import build_network

GPU = torch.device("cuda:0")
REQUIRED = {"dr": {"gamma2": 7}, "pgc": {"gamma3": 7}, "gc": {"gamma2": 7, "gamma3": 7}}
GRAPH = {"head": "graph", "adjacency_threshold": 0.4, "adjacency_weight": 0.25, "word_vectors": "digits"}
HEADS = {"linear": {}, "experts": {"head": "experts", "num_experts": 3}, "graph": GRAPH}


@pytest.fixture
def gpu(monkeypatch):
    """Inside, tensors are fake; a GPU of 1 TB is there, and what is pinned stays as it is."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**12, 10**12))
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *size, pin_memory=False, **options: empty(*size, **options))
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield GPU


def as_if_on(device, model):
    for module in model.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            fake = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=device)
            setattr(module, name, torch.nn.Parameter(fake, requires_grad=value.requires_grad))
        for name, value in list(module.named_buffers(recurse=False)):
            setattr(module, name, torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=device))
    return model


@pytest.fixture(scope="module")
def networks(data):
    """A network of each head, on the CPU and real; without dropout, whose generator cannot be faked."""
    split = load_split(data / "split.json")
    specs = {head: tiny.changed(model={**settings, "dropout": 0}) for head, settings in HEADS.items()}
    return {head: build_network(spec, split, data, seed=0) for head, spec in specs.items()}


def test_all_bytes_are_on_the_gpu_and_a_batch_is_made_there(data, gpu, monkeypatch):
    pack = open_pack(data / "pack")
    settings = tiny.SPEC["augmentation"]
    labels = load_split(data / "split.json").matrix
    held = DeviceData.from_pack(pack, gpu, labels=labels)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10, 10))
    apart = DeviceData.from_pack(pack, gpu, labels=labels)
    assert (held.images.flat.device, apart.images.flat.device, apart.labels.device) == (gpu, torch.device("cpu"), gpu)
    for each in (held, apart):
        images = each.place([3, 1, 2])
        drawn = draw_augmentation(np.random.default_rng(0), images.heights, images.widths, settings)
        for batch in (
            training_batch(images, drawn, image_size=16, settings=settings),
            make_test_batch(images, image_size=16, settings=settings),
        ):
            assert (batch.device, batch.shape, batch.dtype) == (gpu, (3, 3, 16, 16), torch.float32)
            assert batch.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", loss_modules())
def test_network_and_loss_meet_on_the_gpu_and_wait_for_nothing(networks, gpu, name):
    head = "experts" if name == "balpoe" else "linear"
    model = as_if_on(gpu, networks[head])
    loss = build_loss([{"name": name, **REQUIRED.get(name, {})}], ClassStats(counts=[5] * 10, num_images=61))
    labels = torch.zeros(4, 10, dtype=torch.bool, device=gpu)
    value = loss(model.train()(torch.empty(4, 3, 16, 16, device=gpu)), labels)
    assert (value.device, value.shape, value.dtype) == (gpu, (), torch.float32)


@pytest.mark.parametrize("head", HEADS)
def test_every_head_predicts_on_the_gpu(networks, gpu, head):
    logits = as_if_on(gpu, networks[head]).predict(torch.empty(4, 3, 16, 16, device=gpu))
    assert (logits.device, logits.shape) == (gpu, (4, 10))


def test_a_value_that_is_waited_for_would_be_noticed(gpu):
    with pytest.raises(DataDependentOutputException):
        torch.zeros((), device=gpu).item()
