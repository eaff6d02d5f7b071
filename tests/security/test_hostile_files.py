"""Files that were made to do harm: none runs code, fills the memory, or is answered with a traceback.

More is tested beside the readers: a DTD in an annotation (data/test_voc.py); archives that leave their folder, links,
devices and modes in them (data/test_download_archive.py); code in weights and word vectors (models/) and in checkpoints
(training/test_checkpoint.py).
"""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from data.label_helpers import write_image
from training.tiny import SPEC

from ltmlc.cli import main
from ltmlc.data.download.photographs import image_sizes
from ltmlc.data.sources.coco import read_labels
from ltmlc.data.sources.csv_table import CsvSource
from ltmlc.data.sources.voc import class_indices
from ltmlc.errors import InputError
from ltmlc.evidence.uncertainty.bootstrap import read_predictions
from ltmlc.models.word_vectors import load_word_vectors
from ltmlc.plan.config import load_config
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.training.predict import predict_images

DEEP = 100_000
LAUGHS = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))])


class Attack:
    """Makes the file ``marker`` when it is unpickled by a reader that trusts its file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def attack(tmp_path):
    """The test fails if it was ever run."""
    attack = Attack(tmp_path / "was-here")
    yield attack
    assert not attack.marker.exists()


def refused(message: str, function, *arguments, **keywords) -> None:
    with pytest.raises(InputError, match=message) as error:
        function(*arguments, **keywords)
    assert "\n" not in str(error.value) and len(str(error.value)) < 2000


def test_the_attack_works_on_a_reader_that_trusts_its_file(tmp_path):
    pickle.loads(pickle.dumps(Attack(tmp_path / "here")))
    assert (tmp_path / "here").exists()


@pytest.mark.parametrize("hidden", [lambda code: code, lambda code: [np.zeros(3), code], lambda code: {"v": code}])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_word_vectors_run_no_code(tmp_path, attack, hidden, protocol):
    path = tmp_path / "vectors.pkl"
    path.write_bytes(pickle.dumps(hidden(attack), protocol=protocol))
    refused("not a table of numbers", load_word_vectors, path, ["cat"], "classes")


def test_word_vectors_inside_an_array_of_objects_run_no_code(tmp_path, attack):
    table = np.empty((1, 1), dtype=object)
    table[0, 0] = attack
    (tmp_path / "vectors.pkl").write_bytes(pickle.dumps(table))
    np.save(tmp_path / "vectors.npy", table, allow_pickle=True)
    for suffix in (".pkl", ".npy"):
        refused("not a table of numbers", load_word_vectors, tmp_path / f"vectors{suffix}", ["cat"], "classes")


def test_predictions_run_no_code(tmp_path, attack):
    path = tmp_path / "predictions.npz"
    np.savez(path, logits=np.array([attack], dtype=object), labels=np.zeros((1, 1)), ids=np.array(["a"]))
    refused("not a complete predictions file", read_predictions, path)


def test_the_network_of_a_run_that_came_from_outside_runs_no_code(tmp_path, attack):
    fields = {"status": "finished", "classes": ["cat"], "spec": SPEC, "dataset": "tiny", "run": "run", "seed": 0}
    (tmp_path / "metrics.json").write_text(json.dumps(fields))
    torch.save({"weight": attack}, tmp_path / "weights.pt")
    write_image(tmp_path / "a.jpg")
    refused("does not hold the weights", predict_images, tmp_path, images=tmp_path, device="cpu")


def test_a_configuration_of_aliases_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(LAUGHS)
    refused("config.yaml: its aliases stand for more than", read_yaml, path)
    path.write_text("seeds: &s [0, *s]")
    refused("its aliases stand for more than", load_config, path)
    endless: list = [0]
    endless.append(endless)
    refused("its aliases stand for more than", load_config, {"seeds": endless})


def test_aliases_that_are_used_as_meant_are_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("first: &a [1, 2]\nsecond: *a\n")
    assert read_yaml(path) == {"first": [1, 2], "second": [1, 2]}


def test_a_configuration_that_nests_without_end_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("seeds: " + "[" * 5000 + "]" * 5000)
    refused("config.yaml", load_config, path)
    refused("config: not readable JSON", load_config, '{"seeds": ' + "[" * DEEP + "]" * DEEP + "}")


def test_merge_keys_do_not_multiply_what_they_name(tmp_path):
    lines = ["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 30))]
    path = tmp_path / "config.yaml"
    path.write_text("\n".join(lines))
    refused("config.yaml: its aliases stand for more than", read_yaml, path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"seeds: [{'9' * 5000}]", r"line 1, column 9"),
        (f"seeds: [0x{'f' * 5000}]", "is no value of a configuration"),
        ("a: 1\nb: !!int text", "'text' is no int .*line 2, column 4"),
        ("b: !!float text", "'text' is no float"),
        ("b: !!bool text", "'text' is no bool"),
        ("b: !!timestamp text", "'text' is no timestamp"),
        ("b: !!timestamp 2001-01-01", "is no value of a configuration"),
        ("b: !!binary aGk=", "is no value of a configuration"),
        ("b: !!set {a, b}", "is no value of a configuration"),
        ("? [a, b]\n: 1", "unhashable key"),
        ("b: [1, 2", "line 1, column 4"),
        ("[1, 2]", "must be a mapping"),
        ("- a\n--- \n- b", "not readable YAML"),
        ("a: 1\na: 2", "key 'a' is given twice"),
        ("a: \x07", "not readable YAML"),
    ],
)
def test_every_fault_of_yaml_is_one_answer_with_its_place(tmp_path, text, message):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    refused(f"config.yaml.*{message}", read_yaml, path)


def test_a_date_is_text_possible_or_not(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: 2001-02-03\nb: 2001-13-45")
    assert read_yaml(path) == {"a": "2001-02-03", "b": "2001-13-45"}


def test_what_is_no_readable_file_is_one_answer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"title: caf\xe9")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(20_000_000)
    refused("is a folder", read_yaml, tmp_path)
    refused("which may have no end", read_yaml, "/dev/zero")
    refused("which may have no end", read_yaml, tmp_path / "pipe")
    refused("is not in UTF-8", read_yaml, tmp_path / "latin")
    refused("more than the 8000000 that are read", read_yaml, tmp_path / "large")
    refused("File name too long", read_yaml, tmp_path / ("a" * 300))
    refused("does not exist", read_yaml, "a\0b")


def test_a_tag_that_makes_an_object_is_refused(tmp_path, attack):
    path = tmp_path / "config.yaml"
    path.write_text(f"results: !!python/object/apply:os.mkdir ['{attack.marker}']")
    refused("not readable YAML", load_config, path)


@pytest.mark.parametrize(
    "text",
    [
        '{"images": ' + "[" * DEEP + "]" * DEEP + "}",
        '{"images": [{"id": "../../../../tmp/x", "height": 1, "width": 1}], "annotations": [], "categories": []}',
        '{"images": 7, "annotations": 7, "categories": 7}',
    ],
    ids=["deep", "an id that leads out of the folder", "numbers"],
)
def test_annotations_in_json_are_refused(tmp_path, text):
    path = tmp_path / "instances.json"
    path.write_text(text)
    refused("instances.json", image_sizes, path)
    if "../" not in text:  # labels alone: there an id is only a name
        refused("instances.json", read_labels, path)


def test_an_annotation_that_nests_without_end_is_one_answer(tmp_path):
    path = tmp_path / "000001.xml"
    path.write_text("<annotation>" + "<object>" * DEEP + "</object>" * DEEP + "</annotation>")
    refused("object without a name is no class", class_indices, path)
    path.write_text("<annotation>" + "<object>" * DEEP)
    refused("not a VOC annotation", class_indices, path)


@pytest.mark.parametrize("entity", ['SYSTEM "file:///etc/hostname"', 'SYSTEM "http://localhost:9/x"', '"text"'])
def test_an_annotation_reads_no_other_file_and_asks_no_server(tmp_path, entity):
    path = tmp_path / "000001.xml"
    name = "<annotation><object><name>&e;</name></object></annotation>"
    path.write_text(f"<!DOCTYPE annotation [<!ENTITY e {entity}>]>{name}")
    refused("it declares a DTD", class_indices, path)
    path.write_text(name)
    refused("undefined entity", class_indices, path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,labels\n" + b"a" * 1_000_000 + b",cat\n", "mine.csv"),
        (b"path,labels\na\x00.jpg,cat\n", "mine.csv"),
        (b'path,labels\n"a.jpg,cat\n' * 3, "mine.csv"),
        (b"\xff\xfe\x00path", "mine.csv"),
        (b"", "mine.csv"),
    ],
    ids=["a giant field", "a null byte", "open quotes", "not UTF-8", "empty"],
)
def test_a_csv_is_refused_with_its_name(tmp_path, content, message):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    refused(message, CsvSource, tmp_path, train="mine.csv", test="mine.csv")


def test_results_that_nest_without_end_are_one_line_of_every_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("datasets: [digits20-lt]\ntables: [table2]\n")
    for file in ("data/digits20-lt/split.json", "runs/digits20-lt/lsep/seed0/metrics.json"):
        path = Path("results", file)
        path.parent.mkdir(parents=True)
        path.write_text("[" * DEEP + "]" * DEEP)
    for verb in ("tabulate", "status", "report"):
        code = main([verb])
        output = capsys.readouterr().err
        assert code == 2 and "Traceback" not in output
        assert f"ltmlc {verb}: error:" in output and len(output.splitlines()) <= 2
