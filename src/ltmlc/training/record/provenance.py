"""Where a result comes from: versions, machine, commit, memory."""

import os
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "numpy", "opencv-python-headless", "snakemake")


def environment(device: Any) -> dict[str, Any]:
    """Versions, device and commit, as written to metrics.json. ``device`` is a torch.device."""
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        **{name: _version(name) for name in ("timm",) if name in sys.modules},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": processor(),
        "cpus": os.cpu_count(),
        "device": device_name(device),
        "git_commit": git_commit(),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def device_name(device: Any) -> str:
    if device.type != "cuda":
        return str(device)
    return sys.modules["torch"].cuda.get_device_name(device)


def processor() -> str | None:
    """Its model, as Linux names it: on another one the same training ends in other bits."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def peak_memory(device: Any) -> dict[str, int | None]:
    """Largest resident size of this process, and largest allocation on its GPU (None without one), in bytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    allocated = sys.modules["torch"].cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return {"host_bytes": kilobytes * 1024, "device_bytes": allocated}


@cache
def git_commit() -> str | None:
    """The commit of the source tree this package lies in, ``-dirty`` where files differ; None outside a repository."""
    root = Path(__file__).parents[4]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
