"""Every figure."""

from collections.abc import Mapping
from typing import Any

PHOTOGRAPHS = ("images", "augmentation", "changes")
"""Figures that show images of a data set."""


def made_by_code(settings: Mapping[str, Any]) -> bool:
    """Whether a data set's images are nobody else's, so that what shows them may be passed on."""
    return settings.get("source", {}).get("kind") == "digits"
