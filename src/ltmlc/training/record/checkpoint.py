"""Checkpoints that survive being killed while writing: ``last.pt`` and ``previous.pt``, checked before they are used.

A file is a line naming the format, a line of JSON (stamp, sha256 and length of what follows), and the bytes of
``torch.save``. Nothing is unpickled but tensors and plain Python values (``weights_only``).
"""

import hashlib
import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from ltmlc.disk.files import canonical_json, differences, make_room

FORMAT = b"ltmlc checkpoint 1\n"
LAST, PREVIOUS, PARTIAL = "last.pt", "previous.pt", "partial.pt"
LONGEST_HEADER = 1_000_000
"""Bytes; the specification in it has some thousand."""
SAVED_TYPES = (torch.Tensor, str, bytes, int, float, bool, type(None))


def save_checkpoint(directory: str | Path, state: dict[str, Any], stamp: dict[str, Any]) -> str | None:
    """Write ``last.pt``, keeping the one before as ``previous.pt``.

    The file is written in full and flushed to disk under another name, then moved into place: killed at any instant,
    or with the disk full, the last good checkpoint stays.

    Args:
        directory: the run's directory; made if absent.
        state: tensors and plain Python values, nested in dictionaries, lists and tuples.
        stamp: what the state belongs to (specification, data, code, versions), JSON values.

    Returns:
        None, or one sentence saying why nothing was saved (disk full, no permission). Training may go on: only the
        work since the last good checkpoint is at risk.

    Raises:
        TypeError: a value that ``load_checkpoint`` would refuse; names where it is.
    """
    _check_plain(state, "state")
    directory = Path(directory)
    payload = io.BytesIO()
    torch.save(state, payload)
    content = payload.getbuffer()
    header = {"stamp": stamp, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    partial, last = directory / PARTIAL, directory / LAST
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write(partial, FORMAT + canonical_json(header).encode() + b"\n", content)
        if last.exists():
            last.replace(directory / PREVIOUS)
        partial.replace(last)
        _sync_directory(directory)
    except OSError as error:
        return f"checkpoint not saved in {directory}: {error.strerror or error}; the last good one stays, going on"
    return None


def load_checkpoint(
    directory: str | Path, stamp: dict[str, Any], *, map_location: str | torch.device = "cpu"
) -> tuple[dict[str, Any] | None, str]:
    """The newest usable state with this stamp, its tensors on ``map_location``, and one sentence saying what is used.

    A missing, damaged or foreign ``last.pt`` falls back to ``previous.pt``, and that to a start from the beginning. A
    whole ``partial.pt``, of a job that was killed before it could move it into place, is the newest; it becomes
    ``last.pt``, so that the next one is not written over it. What has one of these names and is no file is set aside.

    Returns:
        (state, message); state is None to start anew.
    """
    directory = Path(directory)
    complaints = []
    for name in (PARTIAL, LAST, PREVIOUS):
        path = directory / name
        if not os.path.lexists(path):
            continue
        if not path.is_file():  # it could be neither replaced nor removed
            complaints.append(f"{path} is no file{_aside(path)}")
            continue
        state, complaint = _read(path, stamp, map_location)
        if state is not None:
            if name == PARTIAL:
                _promote(directory, stamp)
            return state, "; ".join([*complaints, f"continuing from {path}"])
        if name != PARTIAL:  # it is whole only if the job was killed between writing and moving; mostly it is not
            complaints.append(f"{path} {complaint}")
    if not complaints:
        return None, f"no checkpoint in {directory}: starting anew"
    return None, "; ".join([*complaints, "starting anew"])


def remove_checkpoints(directory: str | Path) -> None:
    """Delete what ``save_checkpoint`` wrote: the run is finished."""
    for path in (Path(directory) / name for name in (PARTIAL, LAST, PREVIOUS)):
        if not path.is_dir():
            path.unlink(missing_ok=True)


def _promote(directory: Path, stamp: dict[str, Any]) -> None:
    """``partial.pt`` becomes ``last.pt``, and that ``previous.pt``, unless the latter is the better one."""
    last, previous = directory / LAST, directory / PREVIOUS
    with suppress(OSError):  # where nothing can be written, nothing is overwritten either
        if last.is_file() and (_read(last, stamp, "meta")[0] is not None or not previous.exists()):
            last.replace(previous)
        (directory / PARTIAL).replace(last)
        _sync_directory(directory)


def _aside(path: Path) -> str:
    try:
        aside = make_room(path)
        return f": kept as {aside.name}" if aside else ""
    except OSError as error:
        return f" and cannot be set aside ({error.strerror}): remove it"


def _write(partial: Path, header: bytes, content: memoryview) -> None:
    """Write and flush to disk. The name is fixed, so that what a killed write leaves is overwritten by the next."""
    try:
        with partial.open("wb") as file:
            file.write(header)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        partial.unlink(missing_ok=True)  # half a file would only keep the disk full
        raise


def _read(path: Path, stamp: dict[str, Any], map_location: str | torch.device) -> tuple[dict[str, Any] | None, str]:
    """The state, or None and what is wrong with the file."""
    try:
        with path.open("rb") as file:
            if file.readline(len(FORMAT)) != FORMAT:
                return None, "is damaged or not a checkpoint of this format"
            header = json.loads(file.readline(LONGEST_HEADER))
            length = path.stat().st_size - file.tell()
            if length != header["bytes"]:
                return None, f"is damaged: {length} bytes of {header['bytes']}"
            content = file.read(length)
        if hashlib.sha256(content).hexdigest() != header["sha256"]:
            return None, "is damaged: its content does not fit its checksum"
        if others := differences(header["stamp"], json.loads(canonical_json(stamp))):
            named = [f"{key}: {_short(saved)}, now {_short(now)}" for key, (saved, now) in list(others.items())[:3]]
            return None, f"belongs to another run ({', '.join(named)})"
        return torch.load(io.BytesIO(content), map_location=map_location, weights_only=True), ""
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    except Exception:  # of what is no such file its readers raise anything
        return None, "is damaged: it is no file of a checkpoint"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _check_plain(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_plain(item, f"{where}[{key!r}]")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_plain(item, f"{where}[{index}]")
    elif type(value) not in SAVED_TYPES and not isinstance(value, torch.Tensor):
        raise TypeError(f"{where} is a {type(value).__name__}; a checkpoint holds tensors and plain Python values")


def _sync_directory(directory: Path) -> None:
    """Make the renames themselves durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
