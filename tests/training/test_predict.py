import csv
import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from training import tiny

from ltmlc.cli import main
from ltmlc.data.pack.pack import open_pack
from ltmlc.errors import InputError
from ltmlc.training.predict import Predictions, predict_images


@pytest.fixture(scope="module")
def run_dir(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    tiny.run(data, out)
    return out


def test_the_runs_own_test_images_get_the_runs_own_logits(data, run_dir):
    predictions = predict_images(run_dir, pack=data / "pack", device="cpu")
    own = np.load(run_dir / "predictions.npz")
    assert predictions.ids[-30:] == list(own["ids"])
    np.testing.assert_allclose(predictions.logits[-30:], own["logits"], rtol=1e-5, atol=1e-6)


def test_image_files_get_the_logits_of_the_same_pixels_in_a_pack(data, run_dir, tmp_path):
    pack = open_pack(data / "pack")
    (tmp_path / "photos" / "inside").mkdir(parents=True)
    for index, name in ((3, "b.png"), (5, "inside/a.PNG")):
        pixels = pack.images[pack.offsets[index] :][: 16 * 16 * 3].reshape(16, 16, 3)
        cv2.imwrite(str(tmp_path / "photos" / name), pixels[..., ::-1])
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    found = predict_images(run_dir, images=tmp_path / "photos", device="cpu")
    assert found.ids == ["b.png", "inside/a.PNG"] and found.passed_over == ["notes.txt"]
    expected = predict_images(run_dir, pack=data / "pack", device="cpu").logits[[3, 5]]
    np.testing.assert_allclose(found.logits, expected, rtol=1e-5, atol=1e-6)
    header, *rows = csv.reader(found.csv().splitlines())
    assert header == ["image", *found.classes]
    assert rows[1][0] == "inside/a.PNG"
    np.testing.assert_array_equal(np.array(rows)[:, 1:].astype(np.float32), found.logits)


def test_names_of_files_and_classes_are_no_formulas_and_can_be_written():
    """A name that is not in UTF-8 comes as halves of characters, which no file can hold."""
    names = ["=cmd|' /C calc'!A0.jpg", "-1.jpg", "b\n.jpg", "c\udcff.jpg"]
    text = Predictions(names, ["@SUM(A1)"], np.zeros((4, 1), np.float32)).csv()
    found = [row[0] for row in csv.reader(text.splitlines())]
    assert found == ["image", "'=cmd|' /C calc'!A0.jpg", "'-1.jpg", "b .jpg", "c\\udcff.jpg"]
    assert text.startswith("image,'@SUM(A1)\n") and text.encode()


def test_ml_gcn_is_built_again_from_its_weights_alone(data, tmp_path):
    spec = tiny.changed(
        model={
            "head": "graph", "word_vectors": "digits", "word_vector_order": "classes", "adjacency_threshold": 0.4,
            "adjacency_weight": 0.25,
        },
        loss=[{"name": "bce", "weight": 1}],
        recipe={"epochs": 1, "steps": []},
    )  # fmt: skip
    result = tiny.run(data, tmp_path, spec)
    found = predict_images(tmp_path, pack=data / "pack", device="cpu")
    np.testing.assert_allclose(found.logits[-30:], result.predictions["logits"], rtol=1e-5, atol=1e-6)


def edited(run_dir, copy, **changes):
    shutil.copytree(run_dir, copy)
    fields = json.loads((copy / "metrics.json").read_text())
    (copy / "metrics.json").write_text(json.dumps({**fields, **changes}))
    return copy


def test_what_cannot_be_predicted_is_refused_in_one_sentence(data, run_dir, tmp_path):
    pack = {"pack": data / "pack", "device": "cpu"}
    with pytest.raises(InputError, match="either a folder of images or a pack"):
        predict_images(run_dir)
    with pytest.raises(InputError, match="no finished run here"):
        predict_images(tmp_path, **pack)
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(InputError, match=r"no finished run here \(metrics\.json has no key status\)"):
        predict_images(tmp_path, **pack)
    with pytest.raises(InputError, match="no image file here"):
        predict_images(run_dir, images=tmp_path, device="cpu")
    with pytest.raises(InputError, match=r"the run failed \(diverged\)"):
        predict_images(edited(run_dir, tmp_path / "failed", status="failed", error="diverged"), **pack)
    wanted = r"metrics\.json: spec.*give the folder that the training wrote, or train it again"
    for number, spec in enumerate((None, {}, [], {"model": 7})):
        with pytest.raises(InputError, match=wanted):
            predict_images(edited(run_dir, tmp_path / f"spec{number}", spec=spec), **pack)
    with pytest.raises(InputError, match=r"metrics\.json: classes\.0: 1 has the wrong type.*train it again"):
        predict_images(edited(run_dir, tmp_path / "classes", classes=[1]), **pack)
    without = edited(run_dir, tmp_path / "without")
    (without / "weights.pt").unlink()
    again = r"left no weights\.pt; `ltmlc train tiny run --seed 0 --keep-weights`, with the configuration.*\(--config\)"
    with pytest.raises(InputError, match=again):
        predict_images(without, **pack)
    for content in (b"", b"nothing", {"conv": torch.zeros(2)}, [1]):
        (without / "weights.pt").unlink(missing_ok=True)
        if isinstance(content, bytes):
            (without / "weights.pt").write_bytes(content)
        else:
            torch.save(content, without / "weights.pt")
        with pytest.raises(InputError, match="does not hold the weights of this run"):
            predict_images(without, **pack)


def test_the_command_says_which_files_it_passed_over(run_dir, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "a.png"), np.zeros((16, 16, 3), np.uint8))
    for name in ("b.heic", "c.HEIC", "README"):
        (tmp_path / "photos" / name).write_text("no image that is read")
    options = ["--images", str(tmp_path / "photos"), "--out", str(tmp_path / "logits.csv"), "--device", "cpu"]
    assert main(["predict", str(run_dir), *options]) in (0, None)
    said = capsys.readouterr().err
    assert "logits of 1 images" in said
    assert "passed over 3 files, by a suffix that is not an image's: .heic (2), no suffix (1)" in said
