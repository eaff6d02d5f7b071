import errno
import os
import tarfile
import zipfile
from pathlib import Path
from urllib.error import URLError

import cv2
import numpy as np
import pytest
import torch
import torchvision

from ltmlc.errors import InputError
from ltmlc.models import Backbone, build_model, load_backbone_weights, weights
from ltmlc.models.weights import IMAGENET

REFERENCE = Path(os.environ.get("LTMLC_REFERENCE_DATA", "LTMLC_REFERENCE_DATA is not set"))


def narrow(**settings):
    return Backbone("resnet10", width=8, **settings)


def other_weights():
    """What another ResNet-10 could have been saved as: every value its own."""
    draw = torch.Generator().manual_seed(0)
    state = narrow().state_dict()
    return {k: torch.rand(v.shape, generator=draw) if v.is_floating_point() else v for k, v in state.items()}


def test_half_precision_is_cast_and_the_classifier_ignored(tmp_path):
    state = {k: v.half() if "conv" in k else v for k, v in other_weights().items() if "tracked" not in k}
    torch.save(state | {"fc.weight": torch.zeros(1000, 512)}, tmp_path / "w.pth")
    backbone = narrow()
    load_backbone_weights(backbone, tmp_path / "w.pth")
    own = backbone.state_dict()
    assert own["conv1.weight"].dtype == torch.float32
    assert all(torch.equal(own[name], value.float()) for name, value in state.items())


def test_every_expert_starts_from_the_loaded_last_stage(tmp_path):
    state = other_weights()
    torch.save(state, tmp_path / "w.pth")
    settings = {"backbone": "resnet10", "width": 8, "head": "experts", "weights": str(tmp_path / "w.pth")}
    model = build_model(settings, 3, generator_seed=0)
    for stage in model.head.stages:
        assert torch.equal(stage[0].conv2.weight, state["layer4.0.conv2.weight"])
    assert torch.equal(model.backbone.conv1.weight, state["conv1.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("bn1.weight"), r"w\.pth lacks bn1.weight; it must fit the backbone"),
        (lambda state: state.update(head=torch.zeros(2)), "has unknown head;"),
        (lambda state: state.update({"conv1.weight": torch.zeros(4, 3, 7, 7)}), r"conv1.weight \(4, 3, 7, 7\) instead"),
        (lambda state: state.update({"conv1.weight": 3}), "of tensors of plain numbers: 'conv1.weight' is none"),
        (lambda state: state.update({3: torch.zeros(2)}), "does not hold one dictionary of names to tensors"),
        (lambda state: state.update(a=torch.zeros(2).to_sparse()), "of plain numbers: 'a' is none"),
        (lambda state: state.update(a=torch.zeros(2, device="meta")), "of plain numbers: 'a' is none"),
        (lambda state: state.update(a=quantized()), "of plain numbers: 'a' is none"),
        (lambda state: state["bn1.weight"].fill_(torch.nan), "values that are no finite real numbers in bn1.weight;"),
        (lambda state: state.update({"bn1.weight": state["bn1.weight"] * 1j}), "no finite real numbers in bn1.weight;"),
        (lambda state: state.update({"bn1.weight": torch.zeros(1).expand(10**6, 10**6)}), "has other shapes"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, message):
    state = other_weights()
    change(state)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=message):
        load_backbone_weights(narrow(), tmp_path / "w.pth")


def quantized():
    return torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8)


def test_any_changed_byte_of_the_numbers_is_seen(tmp_path):
    """torch reads them without a look at the checksums that it wrote."""
    torch.save(other_weights(), tmp_path / "w.pth")
    content = bytearray((tmp_path / "w.pth").read_bytes())
    numbers = other_weights()["conv1.weight"].numpy().tobytes()
    content[content.find(numbers) + len(numbers) // 2] ^= 1
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(InputError, match=r"w\.pth is damaged: its part '\S+' does not fit its checksum; write null"):
        load_backbone_weights(narrow(), tmp_path / "w.pth")


def test_a_compressed_file_is_refused_before_it_is_unpacked(tmp_path):
    torch.save(other_weights(), tmp_path / "w.pth")
    with (
        zipfile.ZipFile(tmp_path / "w.pth") as whole,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for member in whole.infolist():
            bomb.writestr(member.filename, whole.read(member))
    with pytest.raises(InputError, match=r"bomb\.pth is compressed, which torch\.save does not do"):
        load_backbone_weights(narrow(), tmp_path / "bomb.pth")


def test_what_is_no_regular_file_or_cannot_be_read_is_named(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe is a pipe or a device"):
        load_backbone_weights(narrow(), tmp_path / "pipe")
    torch.save(other_weights(), tmp_path / "w.pth")
    for number in (errno.EIO, errno.ESTALE):
        monkeypatch.setattr(torch, "load", raises(OSError(number, os.strerror(number))))
        with pytest.raises(InputError, match=rf"w\.pth cannot be read \({os.strerror(number)}\)"):
            load_backbone_weights(narrow(), tmp_path / "w.pth")


def raises(error):
    def do(*_, **__):
        raise error

    return do


def test_an_absent_a_broken_and_a_code_carrying_file_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"w\.pth does not exist"):
        load_backbone_weights(narrow(), tmp_path / "w.pth")
    torch.save(other_weights(), tmp_path / "w.pth")
    whole = (tmp_path / "w.pth").read_bytes()
    for content in (b"", b"no weights", whole[: len(whole) // 2]):
        (tmp_path / "w.pth").write_bytes(content)
        with pytest.raises(InputError, match="not a file of tensors"):
            load_backbone_weights(narrow(), tmp_path / "w.pth")
    torch.save({"conv1.weight": Path("/")}, tmp_path / "w.pth")
    with pytest.raises(InputError, match="not a file of tensors") as error:
        load_backbone_weights(narrow(), tmp_path / "w.pth")
    assert "weights_only" not in str(error.value)  # torch advises to unpickle it all the same
    with pytest.raises(InputError, match="is a folder"):
        load_backbone_weights(narrow(), tmp_path)


def test_imagenet_weights_are_torchvisions_first_ones():
    enums = {"resnet50": torchvision.models.ResNet50_Weights, "resnet18": torchvision.models.ResNet18_Weights}
    assert {name: enum.IMAGENET1K_V1.url for name, enum in enums.items()} == IMAGENET


def test_imagenet_weights_come_from_torchs_cache_or_the_network(monkeypatch):
    state = {"fc.bias": torch.zeros(1000), **Backbone("resnet18").state_dict()}
    state["conv1.weight"] = torch.full_like(state["conv1.weight"], 0.5)
    monkeypatch.setattr(weights, "load_state_dict_from_url", lambda url, **_: {IMAGENET["resnet18"]: state}[url])
    backbone = Backbone("resnet18")
    load_backbone_weights(backbone, "imagenet")
    assert (backbone.conv1.weight == 0.5).all()


def test_imagenet_offline_names_the_key_and_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(url, **_):
        raise URLError("no network")

    monkeypatch.setattr(weights, "load_state_dict_from_url", offline)
    with pytest.raises(InputError, match=rf"model\.weights: .*no network.* put https://.*resnet50.* into {tmp_path}"):
        load_backbone_weights(Backbone("resnet50"), "imagenet")
    with pytest.raises(InputError, match="no weights for backbone small; they exist for resnet50, resnet18"):
        load_backbone_weights(Backbone("small"), "imagenet")


def test_the_reference_weights_give_finite_and_repeatable_features_of_a_photograph():
    path = REFERENCE / "weights/resnet50_caffe_rgbnorm_fp16.pth"
    archive = REFERENCE / "coco-tiny/coco-tiny.tar"
    for needed in (path, archive):
        if not needed.is_file():
            pytest.skip(f"needs {needed}")
    with tarfile.open(archive) as tar:
        photograph = next(member for member in tar if member.name.endswith(".jpg"))
        content = np.frombuffer(tar.extractfile(photograph).read(), np.uint8)
    image = cv2.resize(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1].copy(), (96, 96)).astype(np.float32)
    image = (image - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)
    batch = torch.from_numpy(image).float().permute(2, 0, 1)[None]
    features = []
    for stride_in_1x1 in (True, True, False):
        backbone = Backbone("resnet50", stride_in_1x1=stride_in_1x1, norm_eval=True)
        load_backbone_weights(backbone, path)
        with torch.no_grad():
            features.append(backbone(batch))
    assert features[0].shape == (1, 2048, 3, 3)
    assert features[0].isfinite().all()
    assert torch.equal(features[0], features[1])
    assert not torch.allclose(features[0], features[2]), "the place of the stride must matter"
