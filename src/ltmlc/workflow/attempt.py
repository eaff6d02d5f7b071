"""What surrounds a training, whatever becomes of it: one process a run, no finished result trained twice, checksums."""

import shlex
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ltmlc.data.split import load_split
from ltmlc.disk.checksums import RUN_SUMS
from ltmlc.disk.files import make_room, sha256_file
from ltmlc.disk.locks import only_process
from ltmlc.disk.reading import DAMAGED, read_json
from ltmlc.errors import PassingError
from ltmlc.plan.lookup import HEARTBEAT, METRICS
from ltmlc.plan.network import is_timm
from ltmlc.workflow.kept import BESIDE, FINISHED, is_complete, is_result_of, keep, restore_finished, write_run_sums
from ltmlc.workflow.parts import refuse_edited, refuse_other_files, run_parts
from ltmlc.workflow.record import write_record


def attempt_run(work: Callable[[], int], out: Path, *, split: Path, made_of: str | None = None, **result: Any) -> int:
    """Do ``work``, which trains into ``out``, unless its result turns out to be there.

    Args:
        work: returns the exit code; imports torch, so it is not called when there is nothing to do.
        made_of: all that the result depends on, recorded beside it (:mod:`ltmlc.workflow.record`).
        result: what its ``metrics.json`` will say (data set, run, seed, specification, code), as far as it is known.

    Raises:
        PassingError: the GPU was lost; the sentence says that the same command continues.
    """
    with only_process(out, waiting=lambda: _say(f"{_holder(out)} trains this run already: waiting for it")) as waited:
        if waited or (out / FINISHED).exists():
            result["split_sha256"] = load_split(split).sha256
            finished = restore_finished(out, made_of, **result)
            if finished or (waited and is_complete(out) and is_result_of(out / METRICS, **result)):
                _say("this run is finished already: its result is kept")
                _keep_if_the_clock_is_behind(out, split.parent)
                return 0
        for file in (out / name for name in (RUN_SUMS, *BESIDE)):  # else weights of another result would get a checksum
            make_room(file)
            file.unlink(missing_ok=True)
        code = _with_gpu_advice(work)
        if code == 0:
            write_record(out / METRICS, made_of)
            write_run_sums(out)
            shutil.rmtree(out / FINISHED, ignore_errors=True)  # of other code, data or specification: now replaced
            _keep_if_the_clock_is_behind(out, split.parent)
        return code


def attempt_training(
    out: Path, *, data: Path, settings: dict[str, Any], started: float, made_of: str | None = None, **result: Any
) -> int:
    """:func:`attempt_run` of a training on a device of this machine.

    Args:
        data: the folder with split and pack.
        started: of the process, or of this training, by ``time.perf_counter``.
        made_of: what the job was planned with; None for one that nobody planned.
        result: data set, run, seed, specification and code.
    """
    planned = result["spec"]
    if is_timm(planned["model"]):
        from ltmlc.models.from_timm import settled

        result["spec"] = settled(planned)

    def work() -> int:
        # torch: two seconds, for nothing if all is there
        from ltmlc.training.record.watchers import watched
        from ltmlc.training.run import train_on_leased_device

        # Asked when the code has been imported: what runs from here on is what is recorded.
        refuse_edited(made_of, {**run_parts(planned), "split": sha256_file(data / "split.json")})
        refuse_other_files(made_of, _made_before(data, planned, result["seed"]))
        command = shlex.join(["python", "-m", "ltmlc", *sys.argv[1:]])
        with watched(settings, data=data, out=out):
            job = {"settings": settings, "command": command, "started": started}
            return train_on_leased_device(**result, data=data, out=out, **job)

    return attempt_run(work, out, split=data / "split.json", made_of=made_of, **result)


def _made_before(data: Path, spec: dict[str, Any], seed: int) -> dict[str, Path]:
    """The files of earlier jobs that a run starts from, by their part of what it is made of."""
    made = {"photographs": data / "pack" / "index.json"}  # which has the hash of the pixels
    if spec["model"]["weights"] == "pretrained":
        made["weights"] = data / f"backbone-seed{seed}.pt"
    if spec["model"].get("cached_views"):
        made["features"] = data / "features.npz"
    return made


def _keep_if_the_clock_is_behind(out: Path, data: Path) -> None:
    """Snakemake dates results when a job ends, and deletes those that are then older than their data."""
    newest = 0.0
    for file in (*data.glob("*"), *data.glob("pack/*")):
        with suppress(FileNotFoundError):  # another job's, which has moved it into place by now
            newest = max(newest, file.stat().st_mtime)
    if newest > time.time():
        keep(out)
        _say("the clock stands before the date of the data: Snakemake will refuse this result, the next attempt has it")


def _with_gpu_advice(work: Callable[[], int]) -> int:
    try:
        return work()
    except RuntimeError as error:
        # torch.AcceleratorError is one too. Its first line says what, the others how to debug it.
        if not str(error).startswith("CUDA error"):
            raise
        what = str(error).partition("\n")[0]
        raise PassingError(
            f"the GPU was lost or failed ({what}); what was trained until the last checkpoint is safe: the same "
            "command continues from there, on whatever GPU works"
        ) from error


def _holder(out: Path) -> str:
    try:
        beat = read_json(out / HEARTBEAT)
        return f"process {beat['pid']} on {beat['host']}"
    except DAMAGED:
        return "another process"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
