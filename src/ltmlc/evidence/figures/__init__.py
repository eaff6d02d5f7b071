"""Every figure."""

PHOTOGRAPHS = ("images", "augmentation", "changes")
"""Figures that show images of a data set."""
