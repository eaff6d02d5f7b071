import os

import pytest
from evidence.synthetic import grid, row, split, table, write

from ltmlc.errors import InputError
from ltmlc.evidence.outlook.plan import make_plan, plan_text
from ltmlc.evidence.results.costs import Cost, choose_costs, measured_costs, read_costs
from ltmlc.evidence.results.reference import read_reference, reference_csv
from ltmlc.evidence.results.results import load_results

GRID = grid(table("t", row("A", "a"), row("B", "b")), seeds=(0, 1))
H200, CPU = "NVIDIA H200", "cpu"


def reference(tmp_path, **changes):
    path = tmp_path / "reference.csv"
    write(tmp_path, "voc-lt", "a", 0, 50, seconds={"train": 10.0, "total": 14.0}, **changes)
    path.write_text(reference_csv(load_results(GRID, tmp_path)))
    return path


def test_a_reference_carries_what_its_runs_took(tmp_path):
    path = reference(tmp_path, environment={"device": H200})
    assert read_costs(path) == [Cost("voc-lt", "a", 14.0, 10.0, H200)]
    assert read_costs(path) == measured_costs(load_results(GRID, tmp_path))
    assert read_reference(path)["voc-lt", "a"][0]["total"] == 50  # and is a reference as before


def test_an_older_reference_without_times_has_no_price(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("dataset,run,seed,total,head,medium,tail\nvoc-lt,a,0,1,1,1,1\n")
    assert read_costs(path) == []


def test_what_is_no_duration_is_no_price(tmp_path):
    path, header = tmp_path / "odd.csv", "dataset,run,seed,total,head,medium,tail,seconds,train_seconds,device\n"
    path.write_text(
        header + "".join(f"voc-lt,a,0,1,1,1,1,{text},,cpu\n" for text in ("nan", "inf", "-5", "1e999", "7"))
    )
    assert read_costs(path) == [Cost("voc-lt", "a", 7.0, None, "cpu")]


def test_a_line_that_was_cut_off_is_no_price(tmp_path):
    """Its last number may lack digits, and without a device a plan could not say on what."""
    path, whole = tmp_path / "cut.csv", "voc-lt,a,0,1,1,1,1,17.5,12.0,cpu\n"
    header = "dataset,run,seed,total,head,medium,tail,seconds,train_seconds,device\n"
    for cut in (whole[:-5], whole[:-7], whole[:-10], whole[:-12]):
        path.write_text(header + whole + cut)
        assert read_costs(path) == [Cost("voc-lt", "a", 17.5, 12.0, "cpu")]


@pytest.mark.parametrize("content", [b"\xff\xfea,b\n", b"a,b\n" + b"x" * 200_000, None])
def test_a_file_of_costs_that_cannot_be_read_is_one_sentence(tmp_path, content):
    path = tmp_path / "odd.csv"
    os.mkfifo(path) if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{path}.*(UTF-8|quotation mark|may have no end)"):
        read_costs(path)


def test_own_measurements_come_first_and_devices_are_not_mixed():
    own = Cost("voc-lt", "a", 14, 10, CPU)
    fast, slow = (Cost("coco-lt", "a", seconds, None, device) for seconds, device in ((5, H200), (500, CPU)))
    elsewhere = [Cost("voc-lt", "a", 1, 1, H200), slow, fast, fast]
    assert choose_costs([own], elsewhere) == [own, fast, fast]


def test_runs_of_a_reference_price_a_plan_in_gpu_hours(tmp_path):
    costs = read_costs(reference(tmp_path, environment={"device": H200}))
    here = load_results(GRID, tmp_path)
    made = make_plan(GRID, here, elsewhere=costs)
    assert {run.run: (run.seconds, run.basis) for run in made.runs} == {"a": (14, "measured"), "b": (None, "unknown")}
    assert "unknown for 1 trainings" in plan_text(made)
    wide = split()
    wide.class_counts = [80, 40, 20]
    made = make_plan(GRID, here, splits={"voc-lt": wide}, elsewhere=costs)
    assert made.seconds() == pytest.approx(4 * 14)
    assert "(0.02 GPU-hours) in all" in plan_text(made) and f"on {H200}" in plan_text(made)


def test_a_price_on_the_cpu_is_not_called_gpu_hours(tmp_path):
    costs = [Cost("voc-lt", run, 3600.0, None, CPU) for run in "ab"]
    text = plan_text(make_plan(GRID, load_results(GRID, tmp_path), elsewhere=costs))
    assert "cost: 4.0 h in all" in text and "GPU" not in text
