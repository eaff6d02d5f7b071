import shutil

import numpy as np
import pytest
import torch
from scripts import load_script
from training import tiny

from ltmlc.data.augment.batch import draw_augmentation, training_batch
from ltmlc.data.pack.pack import open_pack
from ltmlc.data.sources.pooled import PooledSource
from ltmlc.data.split import load_split
from ltmlc.disk.files import sha256_file
from ltmlc.errors import InputError
from ltmlc.models import build_model
from ltmlc.training.batches import DeviceData
from ltmlc.training.features import FEATURES, make_features, open_features, take_features
from ltmlc.training.network import weights_sha256
from ltmlc.training.predict import predict_images
from ltmlc.training.trained.load import load_run

VIEWS = 3
GRAPH = {
    "head": "graph", "word_vectors": "digits", "word_vector_order": "classes", "adjacency_threshold": 0.4,
    "adjacency_weight": 0.25,
}  # fmt: skip


@pytest.fixture(scope="module")
def spec(data, tmp_path_factory):
    """Of a run whose backbone is fixed; its features lie in the data folder of these tests."""
    weights = tmp_path_factory.mktemp("weights") / "backbone.pt"
    torch.save(backbone(tiny.SPEC).state_dict(), weights)
    return tiny.changed(model={"frozen_stages": 4, "cached_views": VIEWS, "weights": str(weights)})


@pytest.fixture(scope="module")
def folder(spec, tmp_path_factory):
    folder = tiny.make_data(tmp_path_factory.mktemp("features"))
    make_features(open_pack(folder / "pack"), spec, tiny.CPU, folder / FEATURES, progress=False)
    return folder


def backbone(spec):
    return build_model(spec["model"], 10, generator_seed=5).backbone.eval()


def read(path, pack, folder, spec, sha256):
    return open_features(path, pack, load_split(folder / "split.json").matrix, spec, sha256, tiny.CPU)


def opened(folder, spec, **changes):
    sha256 = weights_sha256(backbone(spec))
    return read(folder / FEATURES, open_pack(folder / "pack"), folder, tiny.changed(spec, **changes), sha256)


def test_test_images_have_the_features_that_the_backbone_gives_them(folder, spec):
    pack = open_pack(folder / "pack")
    images = DeviceData.from_pack(pack, tiny.CPU).test_inputs(slice(pack.num_train, None), spec)
    with torch.no_grad():
        maps = backbone(spec)(images)
    test = slice(pack.num_train, len(pack.ids))
    torch.testing.assert_close(opened(folder, spec).test_inputs(test, spec)[..., 0, 0], maps.mean((2, 3)))
    maxima = opened(folder, spec, model=GRAPH).test_inputs(test, spec)[..., 0, 0]
    torch.testing.assert_close(maxima, maps.amax((2, 3)))


def test_a_training_image_shows_one_of_its_own_augmented_views(folder, spec):
    data = opened(folder, spec)
    chosen = data.training_inputs([7] * 200, np.random.default_rng(0), spec)[..., 0, 0]
    own = data.features[7 * VIEWS : 8 * VIEWS]
    assert len(torch.unique(own, dim=0)) == VIEWS, "the views differ"
    match = (chosen[:, None] == own).all(-1)
    assert match.any(1).all(), "each is one of its own"
    assert match.any(0).all(), "each of them occurs"


def test_the_views_are_the_trainings_augmentation(folder, spec, monkeypatch):
    """Every view of an image is made by the function that makes the training's batches, from draws of its own."""
    seen = []

    def spy(rng, heights, widths, settings):
        seen.append(draw_augmentation(rng, heights, widths, settings))
        return seen[-1]

    monkeypatch.setattr("ltmlc.training.batches.draw_augmentation", spy)
    pack = open_pack(folder / "pack")
    make_features(pack, spec, tiny.CPU, folder / "again.npz", progress=False)
    assert len(seen) == VIEWS
    training = DeviceData.from_pack(pack, tiny.CPU).place(slice(pack.num_train))
    images = training_batch(training, seen[1], image_size=16, settings=spec["augmentation"])
    with torch.no_grad():
        expected = backbone(spec)(images).mean((2, 3))
    torch.testing.assert_close(opened(folder, spec).features[1 : pack.num_train * VIEWS : VIEWS], expected)
    assert np.load(folder / "again.npz")["sha256"] == opened(folder, spec).sha256, "the same command, the same features"


@pytest.mark.parametrize(
    ("model", "loss"),
    [({}, "dr"), (GRAPH, "bce"), ({"head": "experts", "num_experts": 3}, "balpoe")],
    ids=["linear", "graph", "experts"],
)
def test_the_network_of_a_head_trained_on_features_gives_images_the_same_logits(folder, spec, tmp_path, model, loss):
    term = spec["loss"][0] if loss == "dr" else {"name": loss, "weight": 1}
    result = tiny.run(folder, tmp_path, tiny.changed(spec, model=model, loss=[term]))
    assert result.metrics["features_sha256"] == opened(folder, spec).sha256
    found = predict_images(tmp_path, pack=folder / "pack", device="cpu")
    np.testing.assert_allclose(found.logits[-30:], result.predictions["logits"], rtol=1e-4, atol=1e-5)


def test_one_view_without_augmentation_trains_as_the_frozen_backbone_itself_does(tmp_path, spec):
    """The cache changes where the features come from, and nothing of what is learned from them."""
    folder = tiny.make_data(tmp_path / "data")
    plain = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "crop_scale", "crop_ratio"))
    still = tiny.changed(
        spec, augmentation={**plain, "channel_permutation": False, "flip": 0}, model={"cached_views": 1}
    )
    make_features(open_pack(folder / "pack"), still, tiny.CPU, folder / FEATURES, progress=False)
    cached = tiny.run(folder, tmp_path / "cached", still)
    whole = tiny.run(folder, tmp_path / "whole", tiny.changed(still, model={"cached_views": None}))
    np.testing.assert_allclose(cached.predictions["logits"], whole.predictions["logits"], rtol=1e-3, atol=1e-4)
    assert whole.metrics["features_sha256"] is None


@pytest.mark.parametrize("precision", ["float64", "bf16"])
def test_features_serve_runs_of_every_precision(folder, spec, tmp_path, precision):
    assert tiny.run(folder, tmp_path, {**spec, "precision": precision}).metrics["status"] == "finished"


def test_a_run_on_features_resumes_with_the_same_bits(folder, spec, tmp_path):
    whole = tiny.run(folder, tmp_path / "whole", spec)
    tiny.assert_same_bits(whole, tiny.cut_and_resumed(folder, tmp_path / "cut", spec))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"model": {"image_size": 32}}, "model.image_size"),
        ({"model": {"cached_views": 2}}, "model.cached_views"),
        ({"augmentation": {"flip": 0}}, "augmentation"),
    ],
)
def test_features_of_other_settings_are_refused(folder, spec, changes, named):
    with pytest.raises(InputError, match=f"made with other {named} than this run's; run `ltmlc features`"):
        opened(folder, spec, **changes)


def test_features_of_other_weights_or_images_are_refused(folder, spec, tmp_path):
    pack = open_pack(folder / "pack")
    with pytest.raises(InputError, match=r"made with other model.weights than"):
        read(folder / FEATURES, pack, folder, spec, "0" * 64)
    other = pack.__class__(**{**vars(pack), "split_sha256": "0" * 64, "max_side": 8})
    with pytest.raises(InputError, match=r"made with other data.max_side, split than"):
        read(folder / FEATURES, other, folder, spec, weights_sha256(backbone(spec)))


def test_missing_and_damaged_features_say_how_to_make_them(folder, spec, tmp_path):
    pack = open_pack(folder / "pack")
    with pytest.raises(InputError, match=r"no features here, which model.cached_views asks for; run `ltmlc features`"):
        read(tmp_path / FEATURES, pack, folder, spec, "")
    whole = (folder / FEATURES).read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:1000] + b"\0" * 1000 + whole[2000:]):
        (tmp_path / FEATURES).write_bytes(damaged)
        with pytest.raises(InputError, match=r"is damaged, or no file of features; delete it and run `ltmlc features`"):
            read(tmp_path / FEATURES, pack, folder, spec, "")


def test_features_that_are_there_are_kept_and_those_of_other_settings_replaced(folder, spec, tmp_path):
    path, pack = tmp_path / FEATURES, open_pack(folder / "pack")
    path.write_bytes((folder / FEATURES).read_bytes())
    before = path.stat().st_mtime_ns
    make_features(pack, spec, tiny.CPU, path, progress=False)
    assert path.stat().st_mtime_ns == before
    other = tiny.changed(spec, model={"cached_views": 1})
    make_features(pack, other, tiny.CPU, path, progress=False)
    sha256 = weights_sha256(backbone(spec))
    assert len(read(path, pack, folder, other, sha256).features) == pack.num_train + 30


def test_without_cached_views_there_is_nothing_to_compute(data, tmp_path):
    with pytest.raises(InputError, match=r"model.cached_views is null"):
        make_features(open_pack(data / "pack"), tiny.SPEC, tiny.CPU, tmp_path / FEATURES)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def pooled(folder, spec, tmp_path):
    """The same features, embedded: a source that holds them, and its data folder."""
    split, full = load_split(folder / "split.json"), np.load(folder / FEATURES)
    names = {"classes": split.classes, "train_ids": split.train_ids, "test_ids": split.test_ids}
    path = tmp_path / "pooled.npz"
    pooled_file = load_script("benchmarks/pooled.py").pooled_file
    path.write_bytes(pooled_file(full["average"], full["maximum"], split.matrix, names, views=VIEWS, about=""))
    return PooledSource(file=str(path), sha256=sha256_file(path))


def test_embedded_features_train_without_a_backbones_weights(folder, spec, tmp_path, pooled):
    data = shutil.copytree(folder, tmp_path / "data", ignore=shutil.ignore_patterns(FEATURES))
    embedded = tiny.changed(spec, model={"weights": "embedded"})
    take_features(pooled, load_split(data / "split.json"), embedded, open_pack(data / "pack"), data / FEATURES)
    found = tiny.run(data, tmp_path / "embedded", embedded).predictions["logits"]
    whole = tiny.run(folder, tmp_path / "whole", spec).predictions["logits"]
    assert found.shape == whole.shape
    assert np.corrcoef(found.ravel(), whole.ravel())[0, 1] > 0.8, "the same head starts, on nearly the same features"
    with pytest.raises(InputError, match="no image can be read"):
        load_run(tmp_path / "embedded")


def test_embedded_features_of_another_number_of_views_are_refused(folder, spec, tmp_path, pooled):
    other = tiny.changed(spec, model={"weights": "embedded", "cached_views": VIEWS + 1})
    with pytest.raises(InputError, match=f"model.cached_views is {VIEWS + 1}, but the data set has {VIEWS} views"):
        take_features(pooled, load_split(folder / "split.json"), other, open_pack(folder / "pack"), tmp_path / FEATURES)
