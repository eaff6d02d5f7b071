"""A training job from start to metrics.json: device, data, resume, loop, evaluation, and how it ends otherwise."""

import time
from typing import Any

import numpy as np
import torch

from ltmlc.data.pack.pack import Pack, open_pack
from ltmlc.data.split import Split, load_split
from ltmlc.disk.checksums import RUN_SUMS, write_sums
from ltmlc.disk.trouble import disk_errors
from ltmlc.models import Classifier
from ltmlc.models.layout import channels_last
from ltmlc.training.batches import DeviceData
from ltmlc.training.device import choose_device, describe_device, lease_device
from ltmlc.training.evaluate import test_logits
from ltmlc.training.features import FEATURES, FeatureData, open_features
from ltmlc.training.guard import DivergedError
from ltmlc.training.interrupts import InterruptedRun, Interrupts
from ltmlc.training.job import (
    Job,
    configure_torch,
    out_of_memory_advice,
    refuse_paper_size_on_cpu,
    time_on_cpu,
)
from ltmlc.training.loop import Trainer
from ltmlc.training.network import backbone_sha256, build_network, weights_sha256
from ltmlc.training.record.checkpoint import load_checkpoint, remove_checkpoints, save_checkpoint
from ltmlc.training.record.heartbeat import Heartbeat, report
from ltmlc.training.record.outputs import (
    failure,
    finite,
    made_files,
    score,
    write_history,
    write_metrics,
    write_predictions,
    write_weights,
)
from ltmlc.training.record.provenance import environment, peak_memory

EXIT_INTERRUPTED = 75
"""Exit code after a signal, when the state is saved: the same command continues (EX_TEMPFAIL of sysexits.h)."""

SHORTEST_INTERVAL = 10
"""Seconds between two checkpoints at the end of epochs, so that short epochs do not spend their time on saving."""


PACE_ITERATIONS = 10
"""Iterations after which a run that takes a CPU hours says how many."""


def train_on_leased_device(*, settings: dict[str, Any], **fields: Any) -> int:
    """Take a free device of this machine (see :mod:`ltmlc.training.device`) and run the job on it."""
    with lease_device(requested=settings["device"], share=settings["gpu_share"]) as name:
        job = Job(settings=settings, device=choose_device(name), **fields)
        job.seconds["start"] = time.perf_counter() - job.started
        return run_job(job)


def run_job(job: Job) -> int:
    """Train, evaluate and write.

    Returns:
        The exit code: 0 finished, or recorded as failed (so that the tables are still made); 75 interrupted and saved.

    Raises:
        InputError: whatever the user can mend.
    """
    configure_torch(job.spec["precision"], deterministic=job.settings["deterministic"], threads=job.settings["threads"])
    report(describe_device(job.device))
    if job.device.type == "cuda":
        # Else what names no device, such as pinned memory, would open a context on the first GPU, another job's.
        torch.cuda.set_device(job.device)
    with out_of_memory_advice(job):
        split, session = _load(job)
        with Interrupts() as interrupts:
            try:
                logits, scores = session.train_and_test(interrupts, split)
            except InterruptedRun as stop:
                report(f"stopped by {stop} at iteration {session.trainer.iteration}; the same command continues")
                return EXIT_INTERRUPTED
            _write(job, split, session, logits, scores)
    return 0


class Session:
    """One attempt at a job: a trainer that goes on where the last attempt stopped, and its checkpoints."""

    def __init__(self, job: Job, trainer: Trainer, stamp: dict[str, Any]) -> None:
        self.job, self.trainer, self.stamp = job, trainer, stamp
        state, message = load_checkpoint(job.out, stamp, map_location=job.device)
        report(message)
        if state is not None:
            trainer.load_state_dict(state)
            before, now = state.get("threads", torch.get_num_threads()), torch.get_num_threads()
            if before != now:
                report(f"saved with {before} threads, continued with {now}: the result may differ by rounding")
        self.resumed_from = None if state is None else trainer.iteration
        self._saved = time.perf_counter()

    def train_and_test(self, interrupts: Interrupts, split: Split) -> tuple[np.ndarray, dict[str, Any]]:
        """Test logits (N, C) float32 and scores; for a run that diverged NaN, and the reason."""
        trainer, job = self.trainer, self.job
        try:
            with Heartbeat(job.out, trainer, f"{job.dataset} {job.run} seed {job.seed}") as heartbeat:
                with job.phase("train"):
                    self._train(interrupts, heartbeat)
                with job.phase("evaluate"):
                    logits = self._test(interrupts, heartbeat)
                    return logits, score(logits, split)
        except DivergedError as error:
            text = _explain(error, trainer, split)
            report(f"failed: {text}")
            return np.full((len(split.test_ids), len(split.classes)), np.nan, np.float32), failure(text)

    def _train(self, interrupts: Interrupts, heartbeat: Heartbeat) -> None:
        trainer, job = self.trainer, self.job
        first, started = trainer.iteration, time.perf_counter()
        while trainer.iteration < trainer.total_iterations:
            self._stop_if_asked(interrupts)
            trainer.step()
            epoch_ended = trainer.iteration % trainer.iterations_per_epoch == 0
            heartbeat.update(epoch_ended)
            if trainer.iteration == first + PACE_ITERATIONS:
                pace = PACE_ITERATIONS * job.spec["batch_size"] / (time.perf_counter() - started)
                left = trainer.total_iterations - trainer.iteration
                if said := time_on_cpu(job, trainer.total_iterations, left, pace):
                    report(said)
            since = time.perf_counter() - self._saved
            if since > 60 * job.settings["checkpoint_minutes"] or (epoch_ended and since > SHORTEST_INTERVAL):
                self._save()

    def _test(self, interrupts: Interrupts, heartbeat: Heartbeat) -> np.ndarray:
        parts = []
        for logits in test_logits(self.trainer.model, self.trainer.data, self.job.spec):
            self._stop_if_asked(interrupts)
            heartbeat.beat()
            parts.append(logits)
        return torch.cat(parts).numpy()

    def _stop_if_asked(self, interrupts: Interrupts) -> None:
        if interrupts.received:
            self._save()
            raise InterruptedRun(interrupts.received)

    def _save(self) -> None:
        problem = save_checkpoint(
            self.job.out, {**self.trainer.state_dict(), "threads": torch.get_num_threads()}, self.stamp
        )
        if problem:
            report(problem)
        self._saved = time.perf_counter()


def _load(job: Job) -> tuple[Split, Session]:
    with job.phase("load"):
        split = load_split(job.data / "split.json")
        refuse_paper_size_on_cpu(job, split)
        # Its hash was checked when it was made, and is again if it changed since; always would cost each job seconds.
        pack = open_pack(job.data / "pack", split_sha256=split.sha256, verify=False)
        model = build_network(job.spec, split, job.data, seed=job.seed)
        data = _data(job, pack, split.matrix, model)
        stamp = job.stamp(split, weights_sha256(model), getattr(data, "sha256", None))
        model = channels_last(model, job.device)
        return split, Session(job, Trainer(job.spec, data, model, seed=job.seed), stamp)


def _data(job: Job, pack: Pack, labels: np.ndarray, model: Classifier) -> DeviceData | FeatureData:
    """Images, or where the backbone is fixed what it has made of them, in float32 whatever the run's precision is."""
    if job.spec["model"].get("cached_views"):
        sha256 = backbone_sha256(job.spec, model)
        return open_features(job.data / FEATURES, pack, labels, job.spec, sha256, job.device)
    return DeviceData.from_pack(pack, job.device, labels=labels, share=job.settings["gpu_share"])


def _explain(error: DivergedError, trainer: Trainer, split: Split) -> str:
    ids = ", ".join(split.train_ids[index] for index in error.images)
    classes = ", ".join(split.classes[index] for index in error.classes) or "none alone"
    epoch = error.iteration // trainer.iterations_per_epoch + 1
    return (
        f"{error.what} is not finite at epoch {epoch}, iteration {error.iteration}; classes: {classes}; images: {ids}"
    )


def _write(job: Job, split: Split, session: Session, logits: np.ndarray, scores: dict[str, Any]) -> None:
    trainer, resumed_from = session.trainer, session.resumed_from
    trained = (trainer.iteration - (resumed_from or 0)) * job.spec["batch_size"]
    job.seconds["total"] = time.perf_counter() - job.started
    fields = {
        **scores,
        "spec": job.spec,
        "dataset": job.dataset,
        "run": job.run,
        "seed": job.seed,
        "classes": split.classes,
        "split_sha256": split.sha256,
        "weights_sha256": session.stamp["initial weights"],
        "features_sha256": session.stamp["features"],
        "code": job.code,
        "environment": environment(job.device),
        "history": [{key: finite(value) for key, value in epoch.items()} for epoch in trainer.history],
        "seconds": job.seconds,
        "images_per_second": trained / job.seconds["train"] if trained else None,
        "peak_memory": peak_memory(job.device),
        "resumed_from": resumed_from,
        "command": job.command,
    }
    with disk_errors(job.out, "run the same again then: it continues from the last checkpoint"):
        write_predictions(job.out, logits, split)
        if job.settings.get("keep_weights") and scores["status"] == "finished":
            write_weights(job.out, trainer.model)
        write_history(job.out, trainer)
        write_metrics(job.out, fields)
        write_sums(job.out / RUN_SUMS, made_files(job.out))
    remove_checkpoints(job.out)
