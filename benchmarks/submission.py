"""What one training costs Snakemake on Slurm: planning and submission, counted in its own processor time.

    python tests/slurm/cluster.py python benchmarks/submission.py --seeds 2

The partition is closed, so that the jobs only wait: nothing is trained, and they are cancelled at the end. Processor
time and not wall time, so that a busy machine gives the same numbers; on an idle one the two are close.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SNAKEMAKE = [sys.executable, "-m", "snakemake"]
DATASET = "digits20-lt-short"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2, help="46 trainings each (default: 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ltmlc-submission-") as scratch:
        config = ["--config", f"datasets=[{DATASET}]", f"seeds={list(range(options.seeds))}", f"results={scratch}"]
        subprocess.run(
            [sys.executable, "-m", "ltmlc", "subset", DATASET, "--out", f"{scratch}/data/{DATASET}/split.json"],
            check=True,
        )
        for name in ("pack/index.json", "pack/images.bin", "backbone-seed0.pt"):  # nothing will read them
            file = Path(scratch, "data", DATASET, name)
            file.parent.mkdir(exist_ok=True)
            file.touch()
        subprocess.run(["scontrol", "update", "PartitionName=gpu", "State=DOWN"], check=True)  # nosec B607
        measure(46 * options.seeds, Path(scratch, "output"), config)


def measure(jobs: int, output: Path, config: list[str]) -> None:
    """Submit that many trainings; print the processor time when the first was submitted, and when the last was."""
    command = [*SNAKEMAKE, "tables", "--workflow-profile", "profiles/slurm", "--jobs", str(jobs), *config]
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    first = None
    while (submitted := output.read_text().count("has been submitted")) < jobs:
        if process.poll() is not None:
            sys.exit(output.read_text()[-3000:])
        if submitted and first is None:
            first = processor_seconds(process.pid)
        time.sleep(0.05)
    total = processor_seconds(process.pid)
    process.send_signal(signal.SIGINT)
    process.wait()
    print(f"{jobs} trainings: planned after {first:.1f} s, all submitted after {total:.1f} s of processor time")
    print(f"a training: {total / jobs:.3f} s, of which submission {(total - first) / jobs:.3f} s")


def processor_seconds(pid: int) -> float:
    """Of a process and of those of its children that have ended (sbatch)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
