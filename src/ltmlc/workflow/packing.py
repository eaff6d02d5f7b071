"""Packing the photographs that are there now. Exported anew under the same names, they are in the same split: what an
earlier call packed of the former ones, wholly or in part, would be taken for theirs.

Beside a pack stands ``origin.json``: its settings, its code, and the sha256 of each photograph. It is no part of the
index, whose hash trainings are recorded with: a pack that comes out as before trains nothing.
"""

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from typing import Any

from filelock import FileLock

from ltmlc.data.pack.journal import Journal
from ltmlc.data.pack.pack import INDEX_FILE, KEPT_ADVICE, build_pack
from ltmlc.data.sources.open import photographs
from ltmlc.data.sources.source import Source
from ltmlc.data.split import Split
from ltmlc.disk.files import canonical_json, make_room, sha256_file, write_atomically
from ltmlc.disk.reading import DAMAGED, read_json
from ltmlc.disk.trouble import disk_errors
from ltmlc.workflow.contents import combined
from ltmlc.workflow.parts import pack_parts, refuse_edited

ORIGIN_FILE = "origin.json"


def pack_photographs(
    settings: dict[str, Any],
    root: Path,
    source: Source,
    split: Split,
    directory: Path,
    *,
    made_of: str | None = None,
    **how: Any,
) -> bool:
    """:func:`ltmlc.data.pack.pack.build_pack`, which goes on with what is there of the same photographs alone.

    Args:
        settings, root, source: of the data set; its source, opened on the data root.
        made_of: what the job was planned with, as JSON; None for one that nobody planned.
        how: what ``build_pack`` is told besides.

    Returns:
        Whether a complete pack was of others, and is replaced.

    Raises:
        InputError: as ``build_pack``, and for photographs that changed after the job was planned.
    """
    replaced = False
    found = photograph_hashes(settings, root, [*split.train_ids, *split.test_ids])
    if found is not None:
        if None not in found.values():
            refuse_edited(made_of, {"photographs": combined(found)})
        replaced = forget_others(directory, pack_parts(settings), found)
    build_pack(source, split, directory, **how)
    return replaced


def photograph_hashes(settings: dict[str, Any], root: Path, ids: list[str]) -> dict[str, str | None] | None:
    """Image id -> sha256 of its photograph, None for one that cannot be read; none for embedded sets.

    None as a whole where it is not known which file is whose: then the packing ends with a sentence that says why.
    """
    files = photographs(settings, root, ids)
    if files is None:
        return None
    with ThreadPoolExecutor() as threads:
        return dict(zip(files, threads.map(_hash, files.values()), strict=True))


def _hash(file: Path) -> str | None:
    try:
        return sha256_file(file)
    except OSError:
        return None


def forget_others(directory: Path, parts: dict[str, Any], found: Mapping[str, str | None]) -> bool:
    """Note what is packed from now on, and forget what was packed of anything else.

    Of an interrupted pack the images before the first that is another one now stay. A pack of an earlier version, of
    which nothing is noted, is believed if it is complete.

    Args:
        directory: of the pack.
        parts: what the pixels depend on beside the photographs.
        found: image id -> sha256 of its photograph, in the order of the pack.

    Returns:
        Whether a complete pack was forgotten.
    """
    path = directory / ORIGIN_FILE
    with disk_errors(directory, KEPT_ADVICE):
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / ".lock"):
            make_room(path)
            noted = _noted(path)
            same = noted is not None and noted["parts"] == parts
            before = noted["photographs"] if same else {}
            known = {image: now or before.get(image) for image, now in found.items()}  # of what is gone, as it was
            if noted == (origin := {"parts": parts, "photographs": known}):
                return False
            kept = takewhile(lambda image: known[image] and known[image] == before.get(image), known)
            _shorten(Journal(directory, {}).lines_path, len(list(kept)))
            others = any(sha256 and sha256 != known.get(image, sha256) for image, sha256 in before.items())
            forgotten = noted is not None and (others or not same) and (directory / INDEX_FILE).exists()
            if forgotten:
                (directory / INDEX_FILE).unlink()
                what = "photographs" if same else "settings or the code"
                print(f"packing again: {directory}: the {what} changed since", file=sys.stderr, flush=True)
            write_atomically(path, canonical_json(origin) + "\n")
    return forgotten


def _noted(path: Path) -> dict[str, Any] | None:
    """None where nothing is, or what is there was damaged."""
    try:
        noted = read_json(path)
        return {"parts": dict(noted["parts"]), "photographs": dict(noted["photographs"])}
    except DAMAGED:
        return None


def _shorten(lines_path: Path, images: int) -> None:
    """Of a journal, the head and the lines of so many images."""
    if lines_path.is_file():
        lines = lines_path.read_bytes().splitlines(keepends=True)
        if len(lines) > 1 + images:
            write_atomically(lines_path, b"".join(lines[: 1 + images]))
