"""docs/add-a-backbone.md: its data sets can be planned, and their models have the parts that it freezes."""

import pytest
from project_copy import ROOT, titled_blocks

from ltmlc.models import build_model
from ltmlc.models.from_timm import settled
from ltmlc.plan.config import load_config
from ltmlc.plan.grid import load_grid

BLOCKS = titled_blocks((ROOT / "docs" / "add-a-backbone.md").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for title, text in BLOCKS.items():
        (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / title).write_text(text)
    monkeypatch.chdir(tmp_path)


def test_its_data_sets_are_planned_and_their_models_are_built(folder):
    config = load_config("config.yaml")
    names = [*config["datasets"], "voc07-lt-regnet-frozen"]
    assert {f"config/datasets/{name}.yaml" for name in names} < set(BLOCKS)
    for name, specs in load_grid({**config, "datasets": names}).runs.items():
        spec = settled(next(iter(specs.values())))
        assert spec["from_backbone"] == ["image_size", "mean", "std"] and spec["model"]["image_size"] == 224
        model = build_model({**spec["model"], "weights": None, "cached_views": None}, 20, generator_seed=0)
        learns = {key.split(".")[1] for key, value in model.backbone.named_parameters() if value.requires_grad}
        assert learns == ({"s2", "s3", "s4"} if name == "voc07-lt-regnet" else set())
