import json
import shutil
import sys

import numpy as np
import pytest
from fresh_interpreter import imported
from training import tiny

import ltmlc
from ltmlc.cli import main
from ltmlc.data.pack.pack import open_pack
from ltmlc.disk.checksums import write_sums
from ltmlc.errors import InputError
from ltmlc.training.predict import predict_images
from ltmlc.training.trained.export import export_model

SHORT = tiny.changed(recipe={"epochs": 1, "steps": []})


@pytest.fixture(scope="module")
def run_dir(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    tiny.run(data, out, SHORT)
    return out


@pytest.fixture(scope="module")
def exported(run_dir, tmp_path_factory):
    pytest.importorskip("safetensors")
    out = tmp_path_factory.mktemp("exported")
    export_model(run_dir, out)
    return out


def image_of(data, row):
    pack = open_pack(data / "pack")
    return pack.images[pack.offsets[row] :][: 16 * 16 * 3].reshape(16, 16, 3)


def test_a_loaded_run_gives_an_image_the_logits_of_its_evaluation(data, run_dir):
    trained = ltmlc.load_run(run_dir)
    own = np.load(run_dir / "predictions.npz")["logits"]
    images = [image_of(data, -30), image_of(data, -29)]
    np.testing.assert_allclose(trained.logits(images), own[:2], rtol=1e-5, atol=1e-6)
    assert trained.transform(images).shape == (2, 3, 16, 16) and len(trained.classes) == 10
    assert not trained.network.training
    for wrong in ([], [images[0].astype(float)], [images[0][..., 0]], [images[0][:0]]):
        with pytest.raises(InputError, match=r"uint8 RGB \(H, W, 3\)|at least one"):
            trained.transform(wrong)


def test_the_package_itself_waits_for_no_torch():
    assert "torch" not in imported("import ltmlc")
    with pytest.raises(AttributeError, match="no attribute 'load_runs'"):
        _ = ltmlc.load_runs


def test_an_exported_model_predicts_as_its_run_does_and_says_what_it_is(data, run_dir, exported):
    expected = predict_images(run_dir, pack=data / "pack", device="cpu")
    found = predict_images(exported, pack=data / "pack", device="cpu")
    np.testing.assert_array_equal(found.logits, expected.logits)
    card = (exported / "README.md").read_text()
    metrics = json.loads((run_dir / "metrics.json").read_text())
    assert f"total {100 * metrics['map']['total']:.2f}" in card and ", ".join(metrics["classes"]) in card
    assert "`dr(gamma1=5, gamma2=7, weight=1)`" in card and "16 x 16" in card


def test_onnx_gives_the_logits_of_torch(run_dir, tmp_path, monkeypatch):
    for package in ("safetensors", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    assert "differ from torch's by" in export_model(run_dir, tmp_path / "a", onnx=True)
    assert (tmp_path / "a" / "model.onnx").stat().st_size > 10_000
    monkeypatch.setattr("ltmlc.training.trained.export.TOLERANCE", -1.0)
    with pytest.raises(InputError, match="ONNX Runtime's logits differ from torch's"):
        export_model(run_dir, tmp_path / "b", onnx=True)
    assert not (tmp_path / "b").exists()


def test_what_is_not_whole_is_refused_in_one_sentence(data, run_dir, exported, tmp_path, monkeypatch, capsys):
    pack = {"pack": data / "pack", "device": "cpu"}
    card = shutil.copytree(exported, tmp_path / "card")
    (card / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model\.json is here without its weights; put model\.safetensors"):
        predict_images(card, **pack)
    (card / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"does not hold the weights .*model\.safetensors is damaged"):
        predict_images(card, **pack)
    with pytest.raises(InputError, match="has no curves for probabilities: give a run on held-out images"):
        predict_images(exported, probabilities=True, **pack)
    other = shutil.copytree(run_dir, tmp_path / "other")
    fields = json.loads((other / "metrics.json").read_text())
    (other / "metrics.json").write_text(json.dumps({**fields, "classes": fields["classes"][:7]}))
    with pytest.raises(InputError, match=r"they are of another head: head\.\S+ is \(10,[ 0-9]*\), not \(7,"):
        ltmlc.load_run(other)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    assert main(["export-model", str(run_dir), "--out", str(tmp_path / "none")]) == 2
    said = capsys.readouterr().err
    assert "safetensors is not installed: pip install 'ltmlc[export]', or pip install safetensors\n" in said
    assert said.count("\n") == 1
    with pytest.raises(InputError, match=r"^safetensors is not installed: [^;]+$"):  # no talk of weights
        ltmlc.load_run(exported)


def test_weights_of_another_network_of_the_same_shapes_are_refused(run_dir, exported, tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    card, state = shutil.copytree(exported, tmp_path / "card"), numpy.load_file(exported / "model.safetensors")
    numpy.save_file({name: np.array(value + 1) for name, value in state.items()}, card / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors is not the file that model\.json describes"):
        ltmlc.load_run(card)
    run = shutil.copytree(run_dir, tmp_path / "run")
    write_sums(run / "SHA256SUMS", [run / "metrics.json", run / "weights.pt"])
    ltmlc.load_run(run)
    fields = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**fields, "run": "another"}))
    with pytest.raises(InputError, match=r"metrics\.json is not the file that the run left \(SHA256SUMS\)"):
        ltmlc.load_run(run)
