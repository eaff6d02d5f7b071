import json
import shutil

import numpy as np
import pytest
from sklearn.metrics import f1_score
from training import tiny

from ltmlc.data.heldout import held_out_split
from ltmlc.data.split import load_split, save_split
from ltmlc.errors import InputError
from ltmlc.training.predict import predict_images
from ltmlc.training.trained.decide import Decision, decide, decide_from_run


@pytest.fixture
def drawn():
    """1500 images of 3 classes whose probabilities are known: logits are twice their log odds, plus 3."""
    rng = np.random.default_rng(0)
    odds = rng.normal([-2, 0, -1], 2, (1500, 3))
    labels = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(float)
    return 2 * odds + 3, labels, odds


def test_the_curves_find_known_probabilities(drawn):
    logits, labels, odds = drawn
    found = decide(logits, labels)
    assert np.abs(found.probabilities(logits) - 1 / (1 + np.exp(-odds))).max() < 0.06
    assert found.slope == pytest.approx(0.5, abs=0.05)


def test_no_other_threshold_has_a_larger_f1(drawn):
    logits, labels, _ = drawn
    found = decide(logits, labels)
    for k in range(3):
        every = [f1_score(labels[:, k], logits[:, k] >= level) for level in np.quantile(logits[:, k], np.r_[0:1:0.02])]
        assert found.f1[k] == pytest.approx(f1_score(labels[:, k], logits[:, k] >= found.thresholds[k]))
        assert found.f1[k] >= max(every)


def test_a_class_without_a_held_out_image_has_no_threshold_and_survives_json(drawn):
    logits, labels, _ = drawn
    labels[:, 1] = 0
    found = decide(logits, labels)
    again = Decision.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False)))
    assert np.isnan(again.thresholds).tolist() == [False, True, False]
    assert np.isfinite(again.probabilities(logits)).all()
    with pytest.raises(InputError, match=r"key decision of model\.json is damaged"):
        Decision.from_json({"slope": 1})
    with pytest.raises(InputError, match="no better than chance"):
        decide(-logits, labels)
    with pytest.raises(InputError, match="no class of the held-out images"):
        decide(logits, np.zeros_like(labels))


def test_held_out_images_decide_and_test_images_never(data, tmp_path):
    """Laid out as results/ is: data/DATASET, runs/DATASET/RUN/seedN."""
    place = tmp_path / "data" / "tiny"
    place.mkdir(parents=True)
    shutil.copy(data / "split.json", place)
    run = tmp_path / "runs" / "tiny" / "run" / "seed0"
    spec = tiny.changed(recipe={"epochs": 1, "steps": []})
    tiny.run(data, run, spec)
    fields = json.loads((run / "metrics.json").read_text())
    with pytest.raises(InputError, match="not held-out training images, and test images decide nothing"):
        decide_from_run(run, fields)
    split = held_out_split(load_split(data / "split.json"))
    save_split(split, place / "split.json")
    (run / "metrics.json").write_text(json.dumps({**fields, "split_sha256": load_split(place / "split.json").sha256}))
    (run / "SHA256SUMS").unlink()  # of the run before the edit
    rng = np.random.default_rng(0)
    logits = (split.test_matrix + rng.normal(0, 0.7, split.test_matrix.shape)).astype(np.float32)
    np.savez(run / "predictions.npz", logits=logits, labels=split.test_matrix, ids=np.array(split.test_ids))
    with pytest.raises(InputError, match="another specification"):
        decide_from_run(run, {**fields, "spec": {}})
    found = predict_images(run, pack=data / "pack", device="cpu", heldout=run)
    table = np.array([line.split(",")[1:] for line in found.csv().splitlines()[1:]], float)
    assert ((table > 0) & (table < 1)).all()
    assert len(found.thresholds_csv().splitlines()) == 11
