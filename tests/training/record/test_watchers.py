"""What looks at a training, and that it changes nothing."""

import sys
import time

import pytest
from training import tiny

from ltmlc.data.heldout import held_out_split
from ltmlc.data.pack.pack import build_pack
from ltmlc.data.sources.digits import DigitsSource
from ltmlc.data.split import load_split, save_split
from ltmlc.errors import InputError
from ltmlc.plan.fingerprint import run_fingerprint
from ltmlc.plan.lookup import HELD_OUT_MAP
from ltmlc.plan.reading.schema import check
from ltmlc.training.loop import Trainer
from ltmlc.training.record.watchers import watched
from ltmlc.workflow.attempt import attempt_training


@pytest.fixture(scope="module")
def rest(data, tmp_path_factory):
    """The folder of a held-out split of the tiny data set, as the sweep makes it."""
    folder = tmp_path_factory.mktemp("rest")
    save_split(held_out_split(load_split(data / "split.json")), folder / "split.json")
    source = DigitsSource(inks=1, pool=300, test=30, canvas=16)
    build_pack(source, load_split(folder / "split.json"), folder / "pack", workers=1, progress=False)
    return folder


@pytest.fixture(scope="module")
def alone(rest, tmp_path_factory):
    """A run on the rest that nobody looks at."""
    return tiny.run(rest, tmp_path_factory.mktemp("alone"))


def scores(result):
    return [epoch.get(HELD_OUT_MAP) for epoch in result.metrics["history"]]


def test_held_out_images_are_scored_at_their_epochs_and_not_one_bit_changes(rest, alone, tmp_path, capsys):
    with watched({"held_out_every": 2}, data=rest, out=tmp_path):
        looked_at = tiny.run(rest, tmp_path)
    tiny.assert_same_bits(alone, looked_at)
    rows = [line.split(",") for line in (tmp_path / "history.csv").read_text().splitlines()[1:]]
    assert {int(row[0]): float(row[4]) for row in rows if row[4]} == {6: scores(looked_at)[1], 12: scores(looked_at)[3]}
    check(looked_at.metrics, schema="metrics", where="metrics.json")
    first, second, third, last = scores(looked_at)
    assert first is None and third is None and 0 < second < 1
    assert last == looked_at.metrics["map"]["total"], "after the last epoch the network is the one that is evaluated"
    assert f"held-out mAP {100 * second:.2f}" in capsys.readouterr().err
    assert scores(alone) == [None] * 4, "whoever does not ask for it has no such key"


def test_scores_of_before_an_interruption_are_kept(rest, alone, tmp_path, monkeypatch):
    step, made = Trainer.step, []

    def stopping(self):
        made.append(self.iteration)
        if len(made) == 8:
            raise KeyboardInterrupt
        step(self)

    monkeypatch.setattr(Trainer, "step", stopping)
    with watched({"held_out_every": 1}, data=rest, out=tmp_path):
        with pytest.raises(KeyboardInterrupt):
            tiny.run(rest, tmp_path)
        resumed = tiny.run(rest, tmp_path)
    assert resumed.metrics["resumed_from"] == 7
    tiny.assert_same_bits(alone, resumed)
    assert all(0 < score < 1 for score in scores(resumed))


def test_a_training_asks_its_settings_and_never_looks_at_test_images(data, rest, tmp_path):
    result = {"spec": tiny.SPEC, "dataset": "tiny", "run": "run", "seed": 0, "code": run_fingerprint(tiny.SPEC)}
    job = {"settings": {**tiny.SETTINGS, "held_out_every": 4}, "started": time.perf_counter(), **result}
    assert attempt_training(tmp_path / "all", data=data, **job) == 0
    assert not any(scores(tiny.results(tmp_path / "all"))), "one configuration serves the sweep and the tables"
    assert attempt_training(tmp_path / "rest", data=rest, **job) == 0
    assert [score is not None for score in scores(tiny.results(tmp_path / "rest"))] == [False, False, False, True]


def scalars(folder):
    """Tag -> [(step, value)] of the event files, as TensorBoard shows them."""
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no tensorboard here")
    events = module.EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_event_files_say_what_the_history_says_and_not_one_bit_changes(rest, alone, tmp_path):
    pytest.importorskip("tensorboard", reason="no tensorboard here")
    with watched({"tensorboard": True, "held_out_every": 2}, data=rest, out=tmp_path):
        looked_at = tiny.run(rest, tmp_path)
    tiny.assert_same_bits(alone, looked_at)
    found = scalars(tmp_path / "tensorboard")
    rows = [line.split(",") for line in looked_at.iterations[1:]]
    assert found["loss"] == [(int(step), pytest.approx(float(loss))) for step, _, loss, _ in rows]
    assert found["learning rate"] == [(int(step), pytest.approx(float(rate))) for step, _, _, rate in rows]
    assert found["held-out mAP"] == [
        (6, pytest.approx(scores(looked_at)[1])),
        (12, pytest.approx(scores(looked_at)[3])),
    ]


def test_what_a_killed_attempt_wrote_is_in_the_event_files_once(rest, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard", reason="no tensorboard here")
    ask = {"settings": {"tensorboard": True}, "data": rest, "out": tmp_path}
    with watched(**ask):
        tiny.run(rest, tmp_path, tiny.changed(recipe={"epochs": 4, "lr": 0.02}))
    with watched(**ask):  # of another specification: it starts anew in the same folder
        again = tiny.run(rest, tmp_path)
    losses = [float(line.split(",")[2]) for line in again.iterations[1:]]
    assert scalars(tmp_path / "tensorboard")["loss"] == [(n, pytest.approx(loss)) for n, loss in enumerate(losses, 1)]


def test_a_lost_disk_under_the_event_files_stops_no_run(rest, tmp_path):
    pytest.importorskip("tensorboard", reason="no tensorboard here")
    (tmp_path / "tensorboard").write_text("a file where the folder should be")
    with watched({"tensorboard": True}, data=rest, out=tmp_path):
        assert tiny.run(rest, tmp_path).code == 0


def test_tensorboard_that_is_not_installed_is_one_sentence_before_any_training(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with (
        pytest.raises(InputError, match=r"tensorboard is not installed: pip install 'ltmlc\[tensorboard\]', or leave"),
        watched({"tensorboard": True}, data=data, out=tmp_path),
    ):
        pytest.fail("it was not refused")
