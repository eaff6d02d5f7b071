"""The sweep as a table, ``{results}/tune/{dataset}.csv``: written for a reader and for the trainings that follow it."""

import csv
from collections.abc import Sequence
from pathlib import Path

from ltmlc.disk.csv_file import csv_text
from ltmlc.errors import InputError
from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import number
from ltmlc.evidence.results.results import COLUMNS
from ltmlc.evidence.tuning.decide import Decided, Tried
from ltmlc.evidence.tuning.gains import NO_GAIN, Gains, gains, names

TUNING_COLUMNS = (
    "table",
    "choice",
    "candidate",
    "run",
    "factor",
    "lr",
    "status",
    "n",
    *COLUMNS,
    "total_sd",
    "gain",
    "gain_half_interval",
    "present",
    "chosen",
    "note",
)


def decisions_csv(decisions: Sequence[Decided]) -> str:
    """One line a candidate, numbers unrounded; what :func:`read_chosen` reads."""
    found = gains(decisions)
    return csv_text(TUNING_COLUMNS, (_line(decision, each, found) for decision in decisions for each in decision.tried))


def _line(decision: Decided, tried: Tried, found: Gains) -> list[object]:
    candidate = tried.candidate
    means = [tried.percent.get(column) for column in COLUMNS]
    values = [number(value, 4) for value in (*means, tried.sd, *found.get(names(decision, tried), NO_GAIN))]
    marks = ["yes" if tried is each else "" for each in (decision.present, decision.chosen)]
    factor = "" if candidate.factor is None else f"{candidate.factor:g}"
    return [
        decision.choice.table,
        decision.choice.label,
        candidate.label,
        candidate.run,
        factor,
        candidate.lr,
        tried.status,
        tried.n,
        *values,
        *marks,
        decision.note,
    ]


def read_chosen(path: str | Path) -> dict[str, str]:
    """Present run -> chosen run, of the rates that are decided in a file of :func:`decisions_csv`.

    Raises:
        InputError: where the file is missing or is another.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            lines = [line for line in csv.DictReader(file) if line["factor"]]
        chosen = {}
        for group in grouped(lines, lambda line: (line["table"], line["choice"])).values():
            present, best = ([line["run"] for line in group if line[mark]] for mark in ("present", "chosen"))
            chosen.update(zip(present, best, strict=False))  # none is chosen where nothing is decided yet
        return chosen
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run `snakemake tune` or `ltmlc tune` first") from None
    except KeyError:
        raise InputError(f"{path} is not a table of `ltmlc tune`; delete it and run that again") from None
