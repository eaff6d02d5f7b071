"""All that is wrong with somebody's files, in one message."""

from ltmlc.errors import InputError, few

FAULTS_NAMED = 12
"""Places that a message names of each kind of fault; the rest are counted."""


class Faults:
    """Collects faults, and raises them all at once: who mends a file needs the whole list, not one a run.

    Args:
        file: what every place is in, for messages.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._places: dict[str, list[str]] = {}

    def add(self, place: str, *, mend: str) -> None:
        """One place with what is wrong there; faults with the same ``mend`` are said together."""
        self._places.setdefault(mend, []).append(place)

    def refuse(self) -> None:
        """Raise InputError if there is any fault."""
        if self._places:
            text = ". ".join(
                f"{few(places, FAULTS_NAMED, between='; ')}: {mend}" for mend, places in self._places.items()
            )
            raise InputError(f"{self._file}{', ' if text.startswith('line ') else ': '}{text}")
