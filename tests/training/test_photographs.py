"""What `make photographs` trains, by hand: the embedded activations give the numbers that were measured with them."""

import json
from pathlib import Path

import pytest
import yaml

from ltmlc.cli import main
from ltmlc.evidence.results.reference import read_reference

ROOT = Path(__file__).parents[2]
DATASET, RUN = "voc07-lt-pooled", "dr_gamma1-5_gamma2-7"
PROCESSORS = 0.1
"""Points of mAP. The rows of Table 2 were the same to two decimals on two kinds of processor."""


def test_a_row_trained_from_the_committed_file_has_the_measured_total(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("LTMLC_TRAINING", raising=False)
    config = yaml.safe_load(Path("config/photographs.yaml").read_text()) | {"results": str(tmp_path)}
    data, known = tmp_path / "data" / DATASET, ["--config", json.dumps(config)]
    assert main(["subset", DATASET, "--out", f"{data}/split.json"]) == 0
    assert main(["pack", DATASET, "--split", f"{data}/split.json", "--out", f"{data}/pack"]) == 0
    assert main(["features", DATASET, *known]) == 0
    assert main(["train", DATASET, RUN, *known]) == 0
    (metrics,) = tmp_path.glob(f"runs/{DATASET}/{RUN}/seed0/metrics.json")
    measured = read_reference(ROOT / "config/reference/voc07-lt-pooled-measured.csv")[DATASET, RUN][0]
    found = json.loads(metrics.read_text())["map"]
    for column in ("total", "head", "medium", "tail"):
        assert 100 * found[column] == pytest.approx(measured[column], abs=PROCESSORS), column
