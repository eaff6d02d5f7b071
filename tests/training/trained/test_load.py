"""What a metrics file says of its network is checked before anything of that size is made."""

import json
import os
import re

import pytest
from markdown_it import MarkdownIt

from ltmlc.errors import InputError
from ltmlc.training.trained.export import model_card
from ltmlc.training.trained.load import Trained, load_run

LOSS = [{"name": "dr", "weight": 1}]


def described(tmp_path, *, image_size=32, name="metrics.json", loss=LOSS, fields=(), **augmentation):
    spec = {"model": {"image_size": image_size}, "augmentation": {"mean": [1, 2, 3], "std": [1, 2, 3], **augmentation}}
    known = {"status": "finished", "spec": {**spec, "loss": loss}, "classes": ["a"], "dataset": "d", "run": "r"}
    (tmp_path / name).write_text(json.dumps({**known, **dict(fields)}))
    return tmp_path


@pytest.mark.parametrize("wrong", [[1, 2], "grey", None])
@pytest.mark.parametrize("key", ["mean", "std"])
def test_a_mean_or_std_that_is_not_three_numbers_is_named(tmp_path, key, wrong):
    with pytest.raises(InputError, match=rf"augmentation\.{key}"):
        load_run(described(tmp_path, **{key: wrong}))


@pytest.mark.parametrize("size", [4, 10**9])
def test_an_image_size_beyond_the_schemas_is_refused(tmp_path, size):
    with pytest.raises(InputError, match=r"spec\.model\.image_size"):
        load_run(described(tmp_path, image_size=size))


@pytest.mark.parametrize(
    ("key", "wrong"), [("dataset", None), ("run", 3), ("map", {"total": "high"}), ("map", [1]), ("classes", [1])]
)
def test_what_the_model_card_says_must_be_there(tmp_path, key, wrong):
    with pytest.raises(InputError, match=rf"metrics\.json: {key}.*train it again"):
        load_run(described(tmp_path, fields={key: wrong}))


@pytest.mark.parametrize("loss", [None, ["dr"], [{"weight": 1}]])
def test_a_loss_that_is_none_is_named(tmp_path, loss):
    with pytest.raises(InputError, match=r"metrics\.json: spec\.loss"):
        load_run(described(tmp_path, loss=loss))


def test_a_pipe_in_the_place_of_an_exported_model_is_not_waited_for(tmp_path):
    pytest.importorskip("safetensors")
    os.mkfifo(described(tmp_path, name="model.json") / "model.safetensors")
    with pytest.raises(InputError, match="is a pipe or a device, which may have no end"):
        load_run(tmp_path)


def test_names_from_outside_are_text_in_the_model_card():
    classes = ["<img src=x>", "[a](http://e.x)", "b\n# c"]
    model = {"backbone": "resnet50", "head": "linear", "image_size": 32}
    spec = {"model": model, "augmentation": {"mean": [1], "std": [1]}, "loss": [{"name": "`x`<b>"}]}
    card = model_card(Trained(None, classes, {"run": "*r*", "dataset": "<i>d", "spec": spec}), None, "")
    page = MarkdownIt().render(card.partition("\n---\n")[2])
    assert not set(re.findall(r"<(\w+)", page)) & {"img", "a", "b", "i"} and page.count("<h1>") == 1


def test_what_fits_goes_on_to_the_weights(tmp_path):
    with pytest.raises(InputError, match=r"left no weights\.pt"):
        load_run(described(tmp_path))
