"""What the workflow's jobs find in their environment. Set while Snakemake reads the workflow; jobs inherit it.

On a cluster, where a job does not inherit, it reads the workflow again and so sets the same.
"""

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

from ltmlc.disk.files import canonical_json
from ltmlc.plan.environment import DATA_ROOT_VARIABLE, TRAINING_VARIABLE

SOURCE = Path(__file__).parents[2]


def set_environment(training: dict[str, Any], data_root: str) -> None:
    """Jobs find this package in its source tree, and this Python unless they have an environment of their own.

    They import nothing from the folder they work in: what lies there may have been downloaded.
    """
    _put_first("PYTHONPATH", str(SOURCE))
    _put_first("PATH", str(Path(sys.executable).parent))
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ[TRAINING_VARIABLE] = canonical_json(training)
    os.environ[DATA_ROOT_VARIABLE] = data_root


def leave_signals_to_jobs() -> None:
    """Make this process, and the shells it starts, deaf to SIGUSR1, which a cluster sends to all processes of a job.

    It is for the training, which saves and ends; were Snakemake to die of it first, the training would be killed.
    (SIGTERM needs nothing here: Snakemake waits for its jobs then.)
    """
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def shell_prefix() -> str:
    """What stands before every rule's command in its shell.

    The package is found in a conda environment too: there Snakemake takes PYTHONPATH away, so it is set anew once the
    environment is active, and the safe path with it. Braces are doubled, as ``shell.prefix`` wants them. A shell that
    is asked to stop (SIGTERM) waits for its command, which saves first.
    """
    path = f"PYTHONPATH={shlex.quote(str(SOURCE))}${{PYTHONPATH:+:$PYTHONPATH}}"
    prefix = f"trap : TERM; export PYTHONSAFEPATH=1 {path}; "
    return prefix.replace("{", "{{").replace("}", "}}")


def _put_first(variable: str, entry: str) -> None:
    others = [known for known in os.environ.get(variable, "").split(os.pathsep) if known not in ("", ".", entry)]
    os.environ[variable] = os.pathsep.join([entry, *others])
