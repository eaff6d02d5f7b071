"""What a result was made of, written beside it: ``NAME.made-of``. Compared while planning; dates do not count.

``python -m ltmlc.workflow.record FILE MADE-OF`` writes it when a rule has made ``FILE``.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltmlc.disk.checksums import RUN_SUMS, changed_files
from ltmlc.disk.files import canonical_json, sha256_file, write_atomically
from ltmlc.disk.reading import DAMAGED, read_json

UNKNOWN = None
"""The value of a part that cannot be known now (photographs that are not here): it is not compared."""
NOT_MADE_YET = "not made yet"
"""The value of a part that has to be made first: it differs from every other."""


@dataclass(frozen=True)
class Record:
    """What a file was made of (part -> value), and the file's own hash."""

    made_of: dict[str, Any]
    sha256: str

    def changes(self, wanted: dict[str, Any]) -> list[str]:
        """The parts that are other ones now."""
        return [part for part, value in wanted.items() if value is not UNKNOWN and self.made_of.get(part) != value]


def record_of(file: Path) -> Path:
    """Beside the file; of a pack, by its index, beside the folder, which may be deleted for room."""
    made = file.parent if file.name == "index.json" else file
    return made.with_name(f"{made.name}.made-of")


def write_record(file: Path, made_of: str | None) -> None:
    """``made_of``: a mapping as JSON; None for a job that nobody planned, of which nothing is recorded."""
    if made_of:
        content = {"made_of": json.loads(made_of), "sha256": sha256_file(file)}
        write_atomically(record_of(file), canonical_json(content) + "\n")


def is_damaged(record: Path) -> bool:
    """Whether checksums beside it, which those of a run are, say that it was written otherwise."""
    return record in changed_files(record.with_name(RUN_SUMS), only=record.name)


def read_record(file: Path) -> Record | None:
    """None where there is none, none that can be read, or one that was damaged: what ``file`` itself says then counts.

    Raises InputError if the disk does not let it be read.
    """
    if is_damaged(record_of(file)):
        return None
    try:
        content = read_json(record_of(file))
        made_of, sha256 = content["made_of"], content["sha256"]
    except DAMAGED:
        return None
    return Record(made_of, sha256) if isinstance(made_of, dict) and isinstance(sha256, str) else None


if __name__ == "__main__":
    write_record(Path(sys.argv[1]), sys.argv[2])
