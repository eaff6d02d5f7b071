"""A training job from start to metrics.json: device, data, resume, loop, evaluation, and what is written when it does not get that far."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc.data.pack import Pack, open_pack
from ltmlc.data.split import Split, load_split
from ltmlc.errors import InputError
from ltmlc.files import canonical_json, sha256_text
from ltmlc.models import build_model, digit_word_vectors, label_graph, load_word_vectors
from ltmlc.provenance import environment, peak_memory
from ltmlc.training.checkpoint import load_checkpoint, remove_checkpoints, save_checkpoint
from ltmlc.training.device import choose_device, describe_device, lease_device
from ltmlc.training.evaluate import predict
from ltmlc.training.guard import DivergedError
from ltmlc.training.interrupts import Interrupts
from ltmlc.training.loop import DeviceData, Trainer
from ltmlc.training.outputs import failure, finite, score, write_metrics, write_predictions
from ltmlc.training.progress import Progress
from ltmlc.training.seeds import derive_seed

EXIT_INTERRUPTED = 75
"""Exit code after a signal, when the state is saved: the same command continues (EX_TEMPFAIL of sysexits.h)."""

PAPER_SIZE = 1e9
"""Pixels a CPU trains on without being told to: a voc-lt run has 5.8e9, some three hours on two cores; an embedded one about 1e7."""

SHORTEST_INTERVAL = 10
"""Seconds between two checkpoints at the end of epochs, so that short epochs do not spend their time on saving."""


@dataclass
class Job:
    """What is to be trained and where it is to be written."""

    dataset: str
    run: str
    seed: int
    spec: dict[str, Any]
    data: Path  # the folder that holds split.json and pack/
    out: Path  # the folder for metrics.json and predictions.npz
    code: str  # fingerprint of the code this run uses
    device: torch.device
    settings: dict[str, Any]  # the configuration's ``training`` part
    command: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)  # of the process, as far as it can tell


def train_on_leased_device(*, settings: dict[str, Any], **fields: Any) -> int:
    """Take a free device of this machine (see :mod:`ltmlc.training.device`) and run the job on it."""
    with lease_device(requested=settings["device"], share=settings["gpu_share"]) as name:
        device = choose_device(name)
        job = Job(settings=settings, device=device, **fields)
        job.seconds["start"] = time.perf_counter() - job.started
        torch.set_num_threads(settings["threads"])
        print(describe_device(device), file=sys.stderr, flush=True)
        return run_job(job)


def run_job(job: Job) -> int:
    """Train, evaluate and write; returns the exit code: 0 finished (or recorded as failed), 75 interrupted and saved.

    Raises:
        InputError: whatever the user can mend, before training starts where it can be known then.
    """
    opened = time.perf_counter()
    _set_precision(job)
    split, pack = _open_data(job)
    model = _build_model(job, split)
    dtype = torch.float64 if job.spec["precision"] == "float64" else torch.float32
    model = model.to(job.device, dtype=dtype, memory_format=torch.channels_last)
    data = DeviceData.from_pack(pack, job.device, dtype)
    trainer = Trainer(job.spec, data, model, seed=job.seed, device=job.device)
    _refuse_paper_size_on_cpu(job, trainer)
    stamp = _stamp(job, split)
    resumed = _resume(job, trainer, stamp)
    job.seconds["load"] = time.perf_counter() - opened
    try:
        if not _train(job, trainer, stamp):
            return EXIT_INTERRUPTED
    except DivergedError as error:
        scores = failure(_describe(error, trainer, pack, split))
        print(f"failed: {scores['error']}", file=sys.stderr, flush=True)
        nothing = np.full((len(split.test_ids), len(split.classes)), np.nan)
        _write(job, split, trainer, resumed, nothing, scores)
        return 0
    started = time.perf_counter()
    logits = predict(model, data, spec=job.spec)
    job.seconds["evaluate"] = time.perf_counter() - started
    _write(job, split, trainer, resumed, logits, score(logits, split))
    return 0


def _refuse_paper_size_on_cpu(job: Job, trainer: Trainer) -> None:
    pixels = trainer.total_iterations * job.spec["batch_size"] * job.spec["model"]["image_size"] ** 2
    if job.device.type == "cpu" and pixels > PAPER_SIZE and not job.settings["allow_cpu"]:
        raise InputError(
            f"{job.run} on {job.dataset} has {trainer.total_iterations} iterations at {job.spec['model']['image_size']} px and there is "
            "no GPU here: it would take hours to days; set training.allow_cpu to true to do it all the same"
        )


def _set_precision(job: Job) -> None:
    tf32 = job.spec["precision"] == "tf32"
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = not job.settings["deterministic"]
    torch.use_deterministic_algorithms(job.settings["deterministic"])


def _open_data(job: Job) -> tuple[Split, Pack]:
    split = load_split(job.data / "split.json")
    # The size is always checked; the hash was when the pack was made, and reading every byte again would cost each job seconds.
    return split, open_pack(job.data / "pack", split_sha256=split.sha256, verify=False)


def _build_model(job: Job, split: Split) -> torch.nn.Module:
    settings = job.spec["model"]
    if settings["weights"] == "pretrained":  # made by `ltmlc pretrain`, beside the split
        settings = {**settings, "weights": str(job.data / "backbone.pt")}
    extra = {}
    if settings["head"] == "graph":
        extra["word_vectors"] = _word_vectors(settings, split.classes)
        extra["adjacency"] = label_graph(
            split.class_counts,
            split.cooccurrence,
            threshold=settings["adjacency_threshold"],
            weight=settings["adjacency_weight"],
        )
    model = build_model(settings, len(split.classes), generator_seed=derive_seed(job.seed, "weights"), **extra)
    model.seed_dropout(derive_seed(job.seed, "dropout"))
    return model


def _word_vectors(settings: dict[str, Any], classes: list[str]) -> torch.Tensor:
    path = settings["word_vectors"]
    if path == "digits":
        return digit_word_vectors(classes)
    if path is None:
        raise InputError(
            "model.word_vectors is null, but head graph (ML-GCN) needs word vectors of the class names: give their file"
        )
    return load_word_vectors(path, classes, settings["word_vector_order"])


def _stamp(job: Job, split: Split) -> dict[str, Any]:
    """What a checkpoint must agree with to be continued."""
    return {
        "dataset": job.dataset,
        "seed": job.seed,
        "spec": sha256_text(canonical_json(job.spec)),
        "split": split.sha256,
        "code": job.code,
        "torch": torch.__version__,
        "device": job.device.type,
    }


def _resume(job: Job, trainer: Trainer, stamp: dict[str, Any]) -> int | None:
    state, message = load_checkpoint(job.out, stamp, map_location=job.device)
    if message:
        print(message, file=sys.stderr, flush=True)
    if state is None:
        return None
    trainer.load_state_dict(state)
    return trainer.iteration


def _train(job: Job, trainer: Trainer, stamp: dict[str, Any]) -> bool:
    """Run to the last iteration. False where a signal stopped it; the state is saved then."""
    progress = Progress(job.out, trainer, job.dataset, job.run, job.seed)
    started = saved = time.perf_counter()
    with Interrupts() as interrupts:
        while trainer.iteration < trainer.total_iterations:
            trainer.step()
            epoch_ended = trainer.iteration % trainer.iterations_per_epoch == 0
            progress.update(epoch_ended)
            since = time.perf_counter() - saved
            due = since > 60 * job.settings["checkpoint_minutes"] or (epoch_ended and since > SHORTEST_INTERVAL)
            if interrupts.received or due:
                _save(job, trainer, stamp)
                saved = time.perf_counter()
            if interrupts.received:
                progress.say(
                    f"stopped by {interrupts.received} at iteration {trainer.iteration}; the same command continues"
                )
                progress.close()
                return False
    job.seconds["train"] = time.perf_counter() - started
    progress.close()
    return True


def _save(job: Job, trainer: Trainer, stamp: dict[str, Any]) -> None:
    problem = save_checkpoint(job.out, trainer.state_dict(), stamp)
    if problem:
        print(problem, file=sys.stderr, flush=True)


def _describe(error: DivergedError, trainer: Trainer, pack: Pack, split: Split) -> str:
    epoch = error.iteration // trainer.iterations_per_epoch
    ids = ", ".join(str(pack.ids[index]) for index in error.indices)
    classes = ", ".join(split.classes[index] for index in error.classes) or "none alone"
    return f"{error.what} is not finite at epoch {epoch + 1}, iteration {error.iteration}; classes: {classes}; images: {ids}"


def _write(
    job: Job, split: Split, trainer: Trainer, resumed: int | None, logits: np.ndarray, scores: dict[str, Any]
) -> None:
    write_predictions(job.out, logits, split)
    trained, iterations = job.seconds.get("train"), trainer.iteration - (resumed or 0)
    job.seconds["total"] = time.perf_counter() - job.started
    fields = {
        **scores,
        "spec": job.spec,
        "dataset": job.dataset,
        "run": job.run,
        "seed": job.seed,
        "split_sha256": split.sha256,
        "code": job.code,
        "environment": environment(job.device),
        "history": [{key: finite(value) for key, value in epoch.items()} for epoch in trainer.history],
        "seconds": job.seconds,
        "images_per_second": iterations * job.spec["batch_size"] / trained if trained else None,
        "peak_memory": peak_memory(job.device),
        "resumed_from": resumed,
        "command": job.command,
    }
    write_metrics(job.out, fields)
    remove_checkpoints(job.out)
