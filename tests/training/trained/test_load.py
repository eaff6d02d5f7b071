"""What a metrics file says of its network is checked before anything of that size is made."""

import json

import pytest

from ltmlc.errors import InputError
from ltmlc.training.trained.load import load_run


def described(tmp_path, *, image_size=32, **augmentation):
    spec = {"model": {"image_size": image_size}, "augmentation": {"mean": [1, 2, 3], "std": [1, 2, 3], **augmentation}}
    (tmp_path / "metrics.json").write_text(json.dumps({"status": "finished", "spec": spec, "classes": ["a"]}))
    return tmp_path


@pytest.mark.parametrize("wrong", [[1, 2], "grey", None])
@pytest.mark.parametrize("key", ["mean", "std"])
def test_a_mean_or_std_that_is_not_three_numbers_is_named(tmp_path, key, wrong):
    with pytest.raises(InputError, match=rf"augmentation\.{key}"):
        load_run(described(tmp_path, **{key: wrong}))


@pytest.mark.parametrize("size", [4, 10**9])
def test_an_image_size_beyond_the_schemas_is_refused(tmp_path, size):
    with pytest.raises(InputError, match=r"spec\.model: image_size"):
        load_run(described(tmp_path, image_size=size))


def test_what_fits_goes_on_to_the_weights(tmp_path):
    with pytest.raises(InputError, match=r"left no weights\.pt"):
        load_run(described(tmp_path))
