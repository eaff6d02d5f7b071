"""Where the files that a configuration names lie."""

from pathlib import Path

import pytest

from ltmlc.errors import InputError
from ltmlc.plan.lookup import under_root, word_vector_file


def test_a_file_is_looked_for_here_in_the_home_and_under_the_data_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("home", "photographs"):
        Path(folder).mkdir()
        Path(folder, f"{folder}.npy").touch()
    Path("here.npy").touch()
    found = [under_root(name, "photographs") for name in ("here.npy", "~/home.npy", "photographs.npy")]
    assert found == [Path("here.npy"), tmp_path / "home" / "home.npy", Path("photographs", "photographs.npy")]
    assert word_vector_file({"word_vectors": "~/home.npy"}, "photographs") == found[1]


def test_no_word_vectors_for_the_graph_head_are_one_sentence():
    with pytest.raises(InputError, match=r"model.word_vectors is null, but head graph .* give their file"):
        word_vector_file({"word_vectors": None}, ".")
