import dataclasses
import errno
import json
import os
import re
import shutil
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from training import tiny

from ltmlc import metrics
from ltmlc.errors import InputError
from ltmlc.plan.reading.schema import check
from ltmlc.training import job
from ltmlc.training import run as run_module
from ltmlc.training.batches import DeviceData
from ltmlc.training.loop import Trainer
from ltmlc.training.record import checkpoint, outputs
from ltmlc.training.run import run_job


def at_iteration(monkeypatch, iteration, action):
    """Call ``action`` in the middle of an iteration, whatever attempt reaches it first."""
    place, calls = Trainer.batch, []

    def batch(self, number):
        if number == iteration and not calls:
            calls.append(number)
            action()
        return place(self, number)

    monkeypatch.setattr(Trainer, "batch", batch)


def test_a_run_leaves_metrics_of_the_schema_predictions_and_weights_and_nothing_else(data, whole, tmp_path):
    out = tmp_path / "new" / "seed0"
    result = tiny.run(data, out)
    assert sorted(path.name for path in out.iterdir()) == [
        "SHA256SUMS",
        "history.csv",
        "metrics.json",
        "predictions.npz",
        "weights.pt",
    ]
    check(result.metrics, schema="metrics", where="metrics.json")
    split = json.loads((data / "split.json").read_text())
    assert result.metrics["status"] == "finished"
    assert result.metrics["classes"] == split["classes"]
    assert result.metrics["split_sha256"] == split["sha256"]
    assert set(result.metrics["seconds"]) == {"load", "train", "evaluate", "total"}
    assert result.metrics["images_per_second"] > 0
    assert result.metrics["peak_memory"]["host_bytes"] > 1e6
    assert result.metrics["resumed_from"] is None
    assert list(result.predictions["ids"]) == split["test_ids"]
    again = metrics.average_precision(result.predictions["logits"], result.predictions["labels"])
    assert again.tolist() == result.metrics["ap_per_class"], "the scores follow from the predictions alone"


def test_a_class_without_a_test_image_has_no_score_and_is_in_no_mean():
    split = SimpleNamespace(test_matrix=np.array([[1, 0], [0, 0]]), groups={"head": [0], "medium": [], "tail": [1]})
    found = outputs.score(np.array([[1.0, 2.0], [0.0, 3.0]]), split)
    assert found["ap_per_class"] == [1.0, None]
    assert found["map"] == {"total": 1.0, "head": 1.0, "medium": None, "tail": None}


def test_the_history_has_loss_and_rate_of_each_iteration(data, whole, tmp_path):
    tiny.run(data, tmp_path)
    header, *rows = (line.split(",") for line in (tmp_path / "history.csv").read_text().splitlines())
    epochs = [[float(loss) for _, epoch, loss, *_ in rows if int(epoch) == k] for k in (1, 2, 3, 4)]
    means = [entry["loss"] for entry in whole.metrics["history"]]
    assert header == ["iteration", "epoch", "loss", "rate", "held_out_map"]
    assert len({len(losses) for losses in epochs}) == 1
    np.testing.assert_allclose([np.mean(losses) for losses in epochs], means)
    last = [float(rows[len(epochs[0]) * k - 1][3]) for k in (1, 2, 3, 4)]
    assert last == [entry["lr"] for entry in whole.metrics["history"]]
    assert float(rows[0][3]) < float(rows[1][3]), "warm-up"
    assert {row[4] for row in rows} == {""}, "nobody looked at held-out images"


def test_the_same_command_gives_the_same_bits(data, whole, tmp_path):
    tiny.assert_same_bits(whole, tiny.run(data, tmp_path))


def test_a_cut_run_on_several_threads_gives_the_same_bits(data, tmp_path):
    """Of a ResNet wide enough to lie channels last (ltmlc.models.layout), as no other network here does."""
    model, recipe = {"backbone": "resnet18", "width": 16, "image_size": 32}, {"epochs": 2, "steps": [1]}
    spec, several = tiny.changed(model=model, recipe=recipe), {"threads": 2, "checkpoint_minutes": 10}
    whole = tiny.run(data, tmp_path / "whole", spec, **several)
    assert torch.get_num_threads() == 2
    tiny.assert_same_bits(whole, tiny.cut_and_resumed(data, tmp_path / "cut", spec, **several))


def test_another_seed_gives_other_weights_and_predictions(data, whole, tmp_path):
    other = tiny.run(data, tmp_path, seed=1)
    assert other.metrics["weights_sha256"] != whole.metrics["weights_sha256"]
    assert (other.predictions["logits"] != whole.predictions["logits"]).any()


def test_weights_stay_only_if_they_are_asked_for(data, tmp_path):
    assert tiny.run(data, tmp_path, keep_weights=False).weights is None


@pytest.mark.parametrize(("shortest", "saves"), [(0, 4), (1e9, 0)])
def test_each_epoch_ends_with_a_checkpoint_unless_the_last_is_hardly_older(
    data, tmp_path, monkeypatch, shortest, saves
):
    save, saved = run_module.save_checkpoint, []

    def counted(out, state, stamp):
        saved.append(state["iteration"])
        return save(out, state, stamp)

    monkeypatch.setattr(run_module, "save_checkpoint", counted)
    monkeypatch.setattr(run_module, "SHORTEST_INTERVAL", shortest)
    tiny.run(data, tmp_path, checkpoint_minutes=10)
    assert saved == [5, 10, 15, 20][:saves]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP"])
def test_a_signal_finishes_the_iteration_saves_and_asks_to_be_called_again(
    data, whole, tmp_path, name, monkeypatch, capfd
):
    number = getattr(signal, name)
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{name} is ignored here, as under nohup")
    before = signal.getsignal(number)
    at_iteration(monkeypatch, 7, lambda: os.kill(os.getpid(), number))
    assert tiny.run(data, tmp_path, checkpoint_minutes=10).code == 75
    assert f"stopped by {name} at iteration 8; the same command continues" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"], "no metrics, and running.json is gone"
    assert signal.getsignal(number) == before
    resumed = tiny.run(data, tmp_path)
    assert resumed.metrics["resumed_from"] == 8
    tiny.assert_same_bits(whole, resumed)


def test_a_signal_during_evaluation_loses_no_training(data, whole, tmp_path, monkeypatch):
    evaluate = run_module.test_logits

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        yield from evaluate(*arguments)

    monkeypatch.setattr(run_module, "test_logits", interrupted)
    assert tiny.run(data, tmp_path, checkpoint_minutes=10).code == 75
    monkeypatch.setattr(run_module, "test_logits", evaluate)
    resumed = tiny.run(data, tmp_path)
    assert resumed.metrics["resumed_from"] == 20
    assert resumed.metrics["images_per_second"] is None, "nothing was trained in this attempt"
    tiny.assert_same_bits(whole, resumed)


def test_the_heartbeat_lasts_until_the_test_images_are_done(data, tmp_path, monkeypatch):
    evaluate, seen = run_module.test_logits, []

    def watched(*arguments):
        for logits in evaluate(*arguments):
            seen.append((tmp_path / "running.json").exists())
            yield logits

    monkeypatch.setattr(run_module, "test_logits", watched)
    tiny.run(data, tmp_path)
    assert seen == [True]
    assert not (tmp_path / "running.json").exists()


def test_a_second_ctrl_c_stops_at_once(data, tmp_path, monkeypatch):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    at_iteration(monkeypatch, 7, twice)
    with pytest.raises(KeyboardInterrupt):
        tiny.run(data, tmp_path)
    assert not (tmp_path / "running.json").exists()


def interrupted(data, out, monkeypatch, iteration=7, **options):
    at_iteration(monkeypatch, iteration, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert tiny.run(data, out, **options).code == 75
    monkeypatch.undo()


def test_a_damaged_checkpoint_falls_back_to_the_one_before(data, whole, tmp_path, monkeypatch, capfd):
    interrupted(data, tmp_path, monkeypatch)
    last = tmp_path / "last.pt"
    last.write_bytes(last.read_bytes()[:-7])
    resumed = tiny.run(data, tmp_path)
    assert re.search(r"last\.pt is damaged: \d+ bytes of \d+; continuing from .*previous\.pt", capfd.readouterr().err)
    assert resumed.metrics["resumed_from"] in (7, 8)
    tiny.assert_same_bits(whole, resumed)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spec": tiny.changed(recipe={"lr": 0.02})}, "spec.recipe.lr: 0.01, now 0.02"),
        ({"spec": tiny.changed(precision="bf16")}, 'spec.precision: "float32", now "bf16"'),
        ({"seed": 1}, "initial weights: .*, seed: 0, now 1"),
        ({"code": "edited"}, 'code: "code", now "edited"'),
        ({"versions": "2.0"}, 'torch: .*, now "2.0"'),
    ],
)
def test_a_foreign_checkpoint_is_not_continued_and_the_reason_is_said(
    data, tmp_path, monkeypatch, capfd, change, reason
):
    interrupted(data, tmp_path, monkeypatch)
    mine = tiny.make_job(data, tmp_path, change.get("spec", tiny.SPEC), seed=change.get("seed", 0))
    mine.code = change.get("code", mine.code)
    if "versions" in change:
        monkeypatch.setattr(torch, "__version__", change["versions"])
    assert run_module.run_job(mine) == 0
    assert re.search(rf"last\.pt belongs to another run \(.*{reason}.*starting anew", capfd.readouterr().err)
    assert tiny.results(tmp_path).metrics["resumed_from"] is None


def test_new_starting_weights_make_a_checkpoint_foreign(data, tmp_path):
    model = tiny.make_trainer(data).model
    stamps = []
    for _ in range(2):
        stamps.append(run_module.weights_sha256(model))
        with torch.no_grad():
            model.backbone.conv1.weight[0, 0, 0, 0] += 1
    assert stamps[0] != stamps[1]


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_while_saving_is_said_and_training_goes_on(data, whole, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(checkpoint, "_write", full_disk)
    tiny.assert_same_bits(whole, tiny.run(data, tmp_path))
    assert "checkpoint not saved" in capfd.readouterr().err


def test_a_full_disk_at_the_end_keeps_the_checkpoint_and_says_how_to_go_on(data, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(outputs, "write_atomically", full_disk)
    with pytest.raises(
        InputError, match=r"the disk is full: free space; run the same again then: it continues from the last"
    ):
        tiny.run(data, tmp_path)
    monkeypatch.undo()
    resumed = tiny.run(data, tmp_path)
    assert resumed.metrics["resumed_from"] == 20
    tiny.assert_same_bits(whole, resumed)


def test_divergence_is_recorded_as_a_failed_cell_with_exit_code_0(data, tmp_path, monkeypatch, capfd):
    step = Trainer.step

    def poisoned(self):
        if self.iteration == 8:
            with torch.no_grad():
                self.model.head.classifier.bias[3] = torch.inf
        step(self)

    monkeypatch.setattr(Trainer, "step", poisoned)
    result = tiny.run(data, tmp_path)
    split = json.loads((data / "split.json").read_text())
    error = result.metrics["error"]
    assert result.code == 0, "so that the tables are still made, with this cell marked"
    assert result.metrics["status"] == "failed"
    assert re.match(r"the loss \((inf|nan)\) is not finite at epoch 2, iteration 8; classes: 3 red; images: ", error)
    named = error.split("images: ")[1].split(", ")
    assert len(named) == 16
    assert set(named) <= set(split["train_ids"])
    assert f"failed: {error}" in capfd.readouterr().err
    check(result.metrics, schema="metrics", where="metrics.json")
    assert (result.metrics["map"], result.metrics["ap_per_class"], result.weights) == (None, None, None)
    assert len(result.metrics["history"]) == 1
    assert set(result.metrics["seconds"]) == {"load", "train", "total"}
    assert np.isnan(result.predictions["logits"]).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "SHA256SUMS",
        "history.csv",
        "metrics.json",
        "predictions.npz",
    ]


def test_a_network_that_ends_not_finite_is_a_failed_cell(data, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "test_logits", lambda *_: iter([torch.full((30, 10), torch.nan)]))
    result = tiny.run(data, tmp_path)
    assert result.metrics["error"] == "the logits of the trained network are not finite"


def test_out_of_gpu_memory_says_batch_size_and_what_to_set(data, tmp_path, monkeypatch):
    def step(self):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate ...")

    monkeypatch.setattr(Trainer, "step", step)
    said = r"out of memory on cpu at batch size 16 and 16 px .*gpu_share to 1 \(it is 3\), or .*bf16, or batch_size"
    with pytest.raises(InputError, match=said):
        tiny.run(data, tmp_path, gpu_share=3)
    with pytest.raises(InputError, match=r"set batch_size to less in the row's run, or take a GPU with more memory"):
        tiny.run(data, tmp_path, tiny.changed(precision="bf16"))
    assert not (tmp_path / "running.json").exists()


def test_other_threads_go_on_and_both_numbers_are_said(data, tmp_path, monkeypatch, capfd):
    interrupted(data, tmp_path, monkeypatch)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    resumed = tiny.run(data, tmp_path)
    assert "saved with 1 threads, continued with 3: the result may differ by rounding" in capfd.readouterr().err
    assert resumed.metrics["resumed_from"] == 8
    tiny.run(data, tmp_path / "again")
    assert "saved with" not in capfd.readouterr().err


def test_a_paper_size_run_on_a_cpu_says_after_ten_iterations_what_it_will_take(data, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(job, "PAPER_SIZE", 80_000)
    tiny.run(data, tmp_path, allow_cpu=True)
    pattern = r"([\d.]+) images/s on this machine, float32 at 16 px: the (\d+) images .* [\d.]+ hours"
    said = re.findall(pattern, capfd.readouterr().err)
    assert [images for _, images in said] == ["160"]  # ten of 20 iterations of 16
    assert float(said[0][0]) > 0
    monkeypatch.undo()
    tiny.run(data, tmp_path / "small")
    assert "on this machine" not in capfd.readouterr().err


def test_what_is_left_is_told_from_the_measured_pace(data, tmp_path):
    mine = tiny.make_job(data, tmp_path, tiny.changed(model={"image_size": 224}))
    assert "the 192000 images that are left take about 5.3 hours" in job.time_on_cpu(mine, 12000, 12000, 10.0)


def test_a_cpu_refuses_a_paper_size_run_before_anything_is_loaded(data, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "PAPER_SIZE", 80_000)
    monkeypatch.setattr(run_module, "build_network", None)
    with pytest.raises(InputError, match=r"20 iterations of 16 images at 16 px.*training\.allow_cpu to true"):
        tiny.run(data, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(job, "PAPER_SIZE", 80_000)
    assert tiny.run(data, tmp_path, allow_cpu=True).code == 0


def test_the_published_configurations_are_paper_size_and_the_embedded_one_is_not():
    voc, embedded = 968 * 32 * 224**2, 248 * 32 * 32**2  # the shorter recipe of voc-lt, DB's
    assert embedded < job.PAPER_SIZE < voc


def test_the_device_is_said_first(data, tmp_path, capfd):
    tiny.run(data, tmp_path)
    assert capfd.readouterr().err.startswith("device: cpu, 1 threads, ")


def test_a_pack_of_another_split_is_refused(data, tmp_path):
    (tmp_path / "pack").symlink_to(data / "pack")
    split = json.loads((data / "split.json").read_text())
    (tmp_path / "split.json").write_text(json.dumps({**split, "seed": 3}))
    with pytest.raises(InputError, match=r"split\.json"):
        tiny.run(tmp_path, tmp_path / "out")


def test_images_too_large_for_the_gpu_stay_on_the_host(monkeypatch):
    class Device:
        """As much of a GPU as is asked: its memory and its type."""

        type = "cuda"

    moved, memory = [], [1000, 1500]  # free, total
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: memory)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, device: moved.append(self.nbytes) or self)
    labels = np.zeros((5, 2), np.uint8)
    pack = SimpleNamespace(
        images=np.zeros(300, np.uint8), ids=list("abcde"), offsets=None, heights=None, widths=None,
        num_train=3,
    )  # fmt: skip
    DeviceData.from_pack(pack, Device(), labels=labels)
    DeviceData.from_pack(pack, Device(), labels=labels, share=3)
    assert moved == [300, 10, 10]
    moved.clear()
    memory[0] = 700  # two of three neighbours have taken their share, and the third still has its own
    DeviceData.from_pack(pack, Device(), labels=labels, share=2)
    memory[0] = 500  # others than ours have taken more
    DeviceData.from_pack(pack, Device(), labels=labels, share=2)
    assert moved == [300, 10, 10]


def test_a_gpu_job_makes_its_gpu_the_current_one_before_anything_is_loaded(data, tmp_path, monkeypatch):
    current = []
    monkeypatch.setattr(run_module, "describe_device", str)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(run_module, "_load", lambda each: (_ for _ in ()).throw(InputError(f"current: {current}")))
    each = dataclasses.replace(tiny.make_job(data, tmp_path), device=torch.device("cuda:1"))
    with pytest.raises(InputError, match=r"current: \[device\(type='cuda', index=1\)\]"):
        run_job(each)


def test_a_pack_that_was_changed_since_it_was_made_is_refused(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")  # with the times of the files
    with (tmp_path / "data" / "pack" / "images.bin").open("r+b") as images:
        images.write(b"\xff" * 100)
    with pytest.raises(InputError, match=r"images\.bin: the sha256 differs"):
        tiny.run(tmp_path / "data", tmp_path / "out")


def test_deterministic_asks_torch_and_cublas_for_it(monkeypatch):
    asked = []
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", asked.append)
    job.configure_torch("tf32", deterministic=False, threads=1)
    assert (asked, torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32) == ([], True, True)
    job.configure_torch("float32", deterministic=True, threads=1)
    assert (asked, torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32) == ([True], False, False)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ({"name": "dr", "gamma1": 5, "gamma2": -7, "weight": 1}, "gamma2 must be a positive number, got -7"),
        ({"name": "circle", "axis": "rows", "weight": 1}, "axis must be one of"),
    ],
)
def test_a_parameter_that_the_loss_refuses_is_bad_input_before_anything_is_loaded(data, tmp_path, term, words):
    with pytest.raises(InputError, match=words):
        tiny.run(data, tmp_path, tiny.changed(loss=[term]))


def test_word_vectors_are_looked_for_under_the_data_root(data, tmp_path, monkeypatch):
    monkeypatch.setenv("LTMLC_DATA_ROOT", str(tmp_path))
    graph = {"adjacency_threshold": 0.4, "adjacency_weight": 0.25, "word_vector_order": "classes"}
    model = {**tiny.SPEC["model"], **graph, "head": "graph", "word_vectors": "vectors.npy"}
    classes = len(json.loads((data / "split.json").read_text())["classes"])
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "vectors.npy"))):
        tiny.run(data, tmp_path / "out", {**tiny.SPEC, "model": model})
    np.save(tmp_path / "vectors.npy", np.random.default_rng(0).random((classes, 8)).astype(np.float32))
    assert tiny.run(data, tmp_path / "out", {**tiny.SPEC, "model": model}).code == 0
