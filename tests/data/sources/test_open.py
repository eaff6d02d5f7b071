import inspect

import pytest
from data.label_helpers import REPOSITORY, write_voc

from ltmlc.data.sources.open import READERS, open_source
from ltmlc.errors import InputError
from ltmlc.plan import datasets
from ltmlc.plan.config import load_dataset
from ltmlc.plan.reading.schema import read_schema

VOC = {"kind": "voc", "train": {"year": "2007", "set": "train"}, "test": {"year": "2007", "set": "val"}}


@pytest.mark.parametrize("name", ["voc-lt", "coco-lt", "voc07-lt"])
def test_configured_data_sets_fit_the_schema_and_their_kind(name, tmp_path):
    config = load_dataset(name, REPOSITORY)
    assert {"gamma2", "db_mu", "db_neg_scale", "dr_lr", "dr_epochs"} <= set(config["constants"])
    try:
        open_source(config, tmp_path)
    except InputError as error:
        assert "not found; looked for" in str(error)  # the data, not a key


def test_kind_decides_what_is_opened(tmp_path):
    write_voc(tmp_path / "VOC2007", {"train": {"1": ["cat"]}, "val": {"2": ["dog"]}})
    assert open_source({"source": VOC}, tmp_path).train_pool().ids == ["1"]


def test_embedded_data_set_needs_no_data_root(tmp_path):
    source = open_source({"source": {"kind": "digits", "pool": 40, "test": 20}}, tmp_path / "absent")
    pool = source.train_pool()
    assert len(pool.ids) == 40 and pool.labels.shape == (40, len(source.classes))


def test_missing_data_root_names_the_folder_and_the_key(tmp_path):
    with pytest.raises(InputError, match=r"no folder .*absent; .*set data\.root"):
        open_source({"source": VOC}, tmp_path / "absent")


def test_plan_schema_and_readers_know_the_same_kinds():
    schema = read_schema("dataset")
    assert (
        set(READERS) == set(datasets.SOURCE_FORMS) == set(schema["properties"]["source"]["properties"]["kind"]["enum"])
    )


@pytest.mark.parametrize("kind", sorted(READERS))
def test_the_keys_of_the_schema_are_what_the_reader_takes(kind):
    takes = {key for key in inspect.signature(READERS[kind]).parameters if key != "root"}
    assert takes == set(read_schema("dataset")["$defs"][kind]["properties"]) - {"kind"}


def test_opening_does_not_change_the_config(tmp_path):
    config = {"source": {"kind": "digits", "pool": 40, "test": 20}}
    open_source(config, tmp_path)
    assert config["source"]["kind"] == "digits"
