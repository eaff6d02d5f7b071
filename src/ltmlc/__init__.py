"""Regenerate the tables of "Distributionally Robust Loss for Long-Tailed Multi-Label Image Classification"."""

__version__ = "0.1.0"


def __getattr__(name: str):  # PEP 562: whoever plans or judges never waits for torch
    if name == "load_run":
        from ltmlc.training.trained.load import load_run

        return load_run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
