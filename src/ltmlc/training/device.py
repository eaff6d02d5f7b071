"""Which device a run uses, and a lease that keeps several jobs of one machine on different GPUs.

torch is imported only where it is asked something: a job that waits for a GPU needs none of it.
"""

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ltmlc.errors import InputError
from ltmlc.training.record.heartbeat import report

if TYPE_CHECKING:
    import torch


POLL_SECONDS = 0.5
"""Between two looks whether a GPU came free."""


def choose_device(requested: str = "auto") -> "torch.device":
    """The device for ``auto`` (a GPU if there is one), ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InputError: an unknown name, or a GPU that is not there.
    """
    import torch

    _check_request(requested)
    count = torch.cuda.device_count() if requested != "cpu" else 0
    if requested == "cpu" or (requested == "auto" and count == 0):
        return torch.device("cpu")
    device = torch.device("cuda:0" if requested in ("auto", "cuda") else requested)
    if device.index >= count:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        limit = "" if visible is None else f" with CUDA_VISIBLE_DEVICES={visible!r}"
        raise InputError(f"device {requested} was asked for, but torch sees {count} GPUs{limit}; use auto or cpu")
    return device


def describe_device(device: "torch.device") -> str:
    """One line for the log: the device a run will use, and the versions under it."""
    import torch

    if device.type != "cuda":
        return f"device: cpu, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"
    properties = torch.cuda.get_device_properties(device)
    return (
        f"device: {device}, {properties.name}, {properties.total_memory / 2**30:.1f} GiB, "
        f"compute capability {properties.major}.{properties.minor}, "
        f"torch {torch.__version__}, CUDA {torch.version.cuda}"
    )


def visible_devices() -> list[str]:
    """The machine's names of the GPUs this process may use: ``CUDA_VISIBLE_DEVICES``' entries, or 0, 1, ..."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is not None and listed.strip() in ("", "-1"):
        return []
    import torch

    count = torch.cuda.device_count()  # asks the driver; makes no CUDA context
    names = [str(index) for index in range(count)] if listed is None else [name.strip() for name in listed.split(",")]
    return names[:count]


def default_lock_dir() -> Path:
    """One directory a user and machine; locks of different users do not see each other."""
    return Path(tempfile.gettempdir()) / f"ltmlc-gpu-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


@contextmanager
def lease_device(
    devices: Sequence[str] | None = None,
    lock_dir: str | Path | None = None,
    share: int = 1,
    *,
    requested: str = "auto",
    timeout: float | None = None,
) -> Iterator[str]:
    """Hold one GPU that no other job of this machine holds, and give its torch name, such as ``cuda:1``.

    Locks belong to the operating system: they end with the process, however it dies. The emptiest GPU is taken first;
    when all are taken the call says so and waits. Without a GPU, or asked for the CPU, the answer is ``cpu`` at once.
    For an explicit ``cuda:N`` nothing is locked, nor under Slurm, which hands out GPUs itself; only where it gave one
    Slurm job several, the trainings in that job divide them among themselves. The lease must see GPUs under the same
    names in all jobs: set CUDA_VISIBLE_DEVICES to indices everywhere or to UUIDs everywhere.

    Args:
        devices: names of the GPUs in torch's order; default ``visible_devices()``.
        lock_dir: where the lock files are, on a local disk; default ``default_lock_dir()``.
        share: jobs that may hold one GPU at the same time; the same number in all jobs.
        requested: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        timeout: seconds to wait; None waits for ever.

    Raises:
        InputError: ``share`` below 1, an unknown request, ``cuda`` without a GPU, or nothing free within ``timeout``.
    """
    _check_request(requested)
    if share < 1:
        raise InputError(f"gpu_share is {share}; it must be 1 or more")
    if requested not in ("auto", "cuda"):
        yield requested
        return
    names = list(visible_devices() if devices is None else devices)
    if not names and requested == "cuda":
        raise InputError("device cuda was asked for, but there is no GPU this process may use; use auto or cpu")
    slurm_job = os.environ.get("SLURM_JOB_ID")
    if not names or (slurm_job and len(names) == 1):
        yield "cuda:0" if names else "cpu"
        return
    directory = Path(lock_dir or default_lock_dir())
    if slurm_job:  # two Slurm jobs may call different GPUs by one name
        directory /= f"slurm-{slurm_job}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        yield f"cuda:{_wait_for_slot(stack, directory, names, share, timeout)}"


def _wait_for_slot(stack: ExitStack, directory: Path, names: list[str], share: int, timeout: float | None) -> int:
    """Index of the GPU whose slot is now locked; the stack releases it."""
    end = None if timeout is None else time.monotonic() + timeout
    # Slot by slot, so that every GPU gets its first job before any gets its second.
    slots = [
        (index, directory / f"gpu-{name}-{slot}.lock") for slot in range(share) for index, name in enumerate(names)
    ]
    waiting = False
    while True:
        for index, lock in slots:
            try:
                stack.enter_context(FileLock(lock, blocking=False))
                return index
            except Timeout:
                continue
        if end is not None and time.monotonic() >= end:
            raise InputError(
                f"no GPU of {', '.join(names)} came free within {timeout:g} s (locks in {directory}); "
                "run fewer jobs at once or raise gpu_share"
            )
        if not waiting:
            report(f"waiting for one of the GPUs {', '.join(names)} to come free (locks in {directory})")
            waiting = True
        time.sleep(POLL_SECONDS)


def _check_request(requested: str) -> None:
    if requested not in ("auto", "cpu", "cuda") and not (
        requested.startswith("cuda:") and requested[5:].isascii() and requested[5:].isdigit()
    ):
        raise InputError(f"device is {requested!r}; choose auto, cpu, cuda or cuda:N")
