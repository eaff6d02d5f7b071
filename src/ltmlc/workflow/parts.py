"""What a job's own settings and code say now, as the planning wrote it down; and the refusal where they differ.

A job reads configuration and code when it starts, which may be hours after the planning. What was edited in between
would make a result of one thing that is recorded as made of another.
"""

import json
from pathlib import Path
from typing import Any

from ltmlc.disk.files import canonical_json, sha256_file, sha256_text
from ltmlc.errors import InputError
from ltmlc.plan.fingerprint import (
    data_fingerprint,
    features_fingerprint,
    holdout_fingerprint,
    pretrain_fingerprint,
    run_fingerprint,
)
from ltmlc.plan.network import is_timm
from ltmlc.workflow.record import NOT_MADE_YET, UNKNOWN


def split_parts(settings: dict[str, Any]) -> dict[str, Any]:
    """Of a data set's settings, what selects its images."""
    selecting = [settings.get(key) for key in ("source", "subset", "thresholds")]
    return {"settings": hash_of(selecting), "code": data_fingerprint(settings["source"]["kind"])}


def holdout_parts(share: float, seed: int) -> dict[str, Any]:
    """Of what is held out of a split's training images."""
    return {"share": share, "seed": seed, "code": holdout_fingerprint()}


def pack_parts(settings: dict[str, Any]) -> dict[str, Any]:
    return {"settings": hash_of(settings["source"]), "code": data_fingerprint(settings["source"]["kind"])}


def weights_parts(settings: dict[str, Any]) -> dict[str, Any]:
    """Of the starting weights that ``ltmlc pretrain`` makes."""
    made_of = {"settings": hash_of([settings[key] for key in ("source", "augmentation")])}
    return made_of | {"model": hash_of(settings["model"]), "code": pretrain_fingerprint()}


def features_parts(settings: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """``model``: the data set's, with the configuration's own keys."""
    return {"settings": hash_of([model, settings["augmentation"]]), "code": features_fingerprint(is_timm(model))}


def run_parts(spec: dict[str, Any]) -> dict[str, Any]:
    return {"specification": hash_of(spec), "code": run_fingerprint(spec)}


def hash_of(value: Any) -> str:
    return sha256_text(canonical_json(value))[:16]


def refuse_edited(planned: str | None, found: dict[str, Any]) -> None:
    """Raise InputError if a part is not what it was when this job was planned.

    Args:
        planned: part -> value as JSON; None for a job that nobody planned.
        found: some of these parts, as they are now.
    """
    if edited := _edited(planned, found):
        raise InputError(
            f"edited after this job was planned: its {' and its '.join(edited)}; run the same command again, which "
            "plans with what is there now"
        )


def refuse_other_files(planned: str | None, files: dict[str, Path]) -> None:
    """Raise InputError if a file that earlier jobs made is not the one this job was planned with; it is named.

    Args:
        planned: as :func:`refuse_edited` has it.
        files: part -> the file whose sha256 it is. What is not there is left to the reader, which says so.
    """
    found = {part: sha256_file(file) for part, file in files.items() if file.is_file()}
    if edited := _edited(planned, found):
        raise InputError(
            f"{' and '.join(str(files[part]) for part in edited)}: changed after this job was planned with it; run the "
            "same command again, which makes it anew where it does not fit its record"
        )


def _edited(planned: str | None, found: dict[str, Any]) -> list[str]:
    made_of = json.loads(planned) if planned else {}
    return [part for part, value in found.items() if made_of.get(part, value) not in (value, UNKNOWN, NOT_MADE_YET)]
