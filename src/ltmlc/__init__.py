"""Regenerate the tables of "Distributionally Robust Loss for Long-Tailed Multi-Label Image Classification"."""

__version__ = "0.1.0"
