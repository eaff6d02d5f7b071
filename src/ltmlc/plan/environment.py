"""What a job is told by its environment: how to train, and where the data lie. Neither is part of what a run is."""

import os

TRAINING_VARIABLE = "LTMLC_TRAINING"
"""How to train (device, threads, ...), as JSON. Not a parameter of the rule: it is no part of what a run is."""

DATA_ROOT_VARIABLE = "LTMLC_DATA_ROOT"
"""Where photographs and annotations lie. Moving them makes no other data."""


def training_settings() -> str | None:
    """What ``workflow.jobs.set_environment`` left, as JSON; None outside the workflow."""
    return os.environ.get(TRAINING_VARIABLE)


def data_root() -> str | None:
    """What ``workflow.jobs.set_environment`` or :func:`tell_data_root` left; None where nobody said it."""
    return os.environ.get(DATA_ROOT_VARIABLE)


def tell_data_root(root: str) -> None:
    """For what a verb calls."""
    os.environ[DATA_ROOT_VARIABLE] = root
