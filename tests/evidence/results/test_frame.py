import pytest
from evidence.synthetic import grid, row, table, write

from ltmlc.evidence.results.frame import frame_csv, run_frame
from ltmlc.evidence.results.results import load_results

GRID = grid(table("t", row("A", "a"), row("B", "b")), seeds=(0, 1))


def test_the_export_has_one_tidy_row_a_run(tmp_path):
    write(tmp_path, "voc-lt", "a", 0, (50, 60, 50, 40))
    frame = run_frame(load_results(GRID, tmp_path))
    assert len(frame) == 4
    assert frame.loc[0, ["dataset", "run", "seed", "status", "device"]].tolist() == [
        "voc-lt",
        "a",
        0,
        "finished",
        "cpu",
    ]
    assert frame.loc[0, "tail"] == pytest.approx(40)
    assert frame["status"].tolist() == ["finished", "missing", "missing", "missing"]
    assert frame_csv(frame).startswith("dataset,run,seed,status,total")
