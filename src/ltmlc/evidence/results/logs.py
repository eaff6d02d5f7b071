"""Where to look for what went wrong with a run."""

from pathlib import Path

from ltmlc.evidence.results.results import RunResult

SLURM_LOGS = Path(".snakemake/slurm_logs")
"""Where the Slurm plugin keeps the logs of jobs that failed, under the folder Snakemake runs in."""


def logs_of(result: RunResult, slurm_logs: Path = SLURM_LOGS) -> str:
    """The run's log and that of its last attempt as a Slurm job, which tells of limits and lost nodes."""
    jobs = slurm_logs.glob(f"*/{result.dataset}_{result.run}_{result.seed}/*.log")
    newest = max(jobs, key=lambda log: log.stat().st_mtime, default=None)
    return str(result.log) if newest is None else f"{result.log}; Slurm job {newest.stem}: {newest}"
