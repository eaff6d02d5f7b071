"""The numbers ours are compared with: the paper's, or an earlier result of our own kept as a CSV file."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ltmlc.disk.csv_file import csv_text
from ltmlc.disk.reading import read_text
from ltmlc.errors import InputError
from ltmlc.evidence.markup import number
from ltmlc.evidence.results.doubts import copies, equal_seeds
from ltmlc.evidence.results.results import COLUMNS, Results
from ltmlc.plan.lookup import own_or_shipped

# Classes in head, medium and tail of the paper's two data sets (4.1).
PAPER_GROUPS = {
    "voc-lt": {"head": 6, "medium": 6, "tail": 8},
    "coco-lt": {"head": 22, "medium": 33, "tail": 25},
}
PRINTED = 0.005  # half a unit of the second decimal
LARGEST_REFERENCE = 100_000_000  # bytes of a reference: half a million runs
REFERENCE_COLUMNS = ("dataset", "run", "seed", *COLUMNS)

Reference = dict[tuple[str, str], dict[int, dict[str, float]]]
"""(data set, run) -> seed -> column -> mAP in percent."""


def on_whole_percent_grid(value: float, classes: int) -> bool:
    """Whether a printed mean is that of ``classes`` APs in whole percent, rounded or cut off to two decimals."""
    return abs(value * classes - round(value * classes)) <= 2 * PRINTED * classes + 1e-9


def rounding_tolerance(dataset: str, column: str, value: float, origin: str) -> float:
    """How far a published number may lie from the number behind it, in percentage points.

    Every number is rounded to two decimals. The splits of the authors' own rows are moreover means of G class APs
    that were already rounded to whole percent: an error of standard deviation sqrt(1/12/G), of which 1.96 are allowed
    (VOC-LT: 0.23 head and medium, 0.20 tail; COCO-LT: 0.12, 0.10, 0.11). This holds where the row was trained by the
    authors and the number is a multiple of 1/G; cited rows and numbers off that grid come from unrounded APs.
    """
    classes = PAPER_GROUPS.get(dataset, {}).get(column)
    if classes is None or origin == "cited" or not on_whole_percent_grid(value, classes):
        return PRINTED
    return PRINTED + 1.96 * math.sqrt(1 / 12 / classes)


@contextmanager
def open_reference(path: str | Path) -> Iterator[csv.DictReader]:
    """The lines of such a file. Raises InputError where it cannot be read, or is no CSV."""
    reader = csv.DictReader(io.StringIO(read_text(own_or_shipped(path), limit=LARGEST_REFERENCE), newline=""))
    try:
        yield reader
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}; is a quotation mark open there?") from None


def is_reference(path: str | Path) -> bool:
    """Whether a file has the columns of one; what cannot be read has not."""
    try:
        with open_reference(path) as reader:
            return set(REFERENCE_COLUMNS) <= set(reader.fieldnames or ())
    except InputError:
        return False


def read_reference(path: str | Path) -> Reference:
    """A file with the columns dataset, run, seed, total, head, medium, tail (percent; empty for a group without
    classes).

    Raises:
        InputError: if the file is missing, lacks a column, holds something that is not a number, or two results of one
            seed; the message names the line.
    """
    if not own_or_shipped(path).exists():
        raise InputError(f"{path} does not exist; name a file that `ltmlc reference` wrote, or one of the same columns")
    reference: Reference = {}
    with open_reference(path) as reader:
        absent = [name for name in REFERENCE_COLUMNS if name not in (reader.fieldnames or ())]
        if absent:
            raise InputError(f"{path}: missing column {', '.join(absent)}; it must have {', '.join(REFERENCE_COLUMNS)}")
        for line in reader:
            try:
                values = {column: float(line[column]) for column in COLUMNS if line[column] != ""}
                if not all(map(math.isfinite, values.values())):
                    raise ValueError
                seed, seeds = int(line["seed"]), reference.setdefault((line["dataset"], line["run"]), {})
            except (TypeError, ValueError):
                found = str(list(line.values()))[:200]
                raise InputError(
                    f"{path}, line {reader.line_num}: seed and mAP must be numbers, found {found}"
                ) from None
            if seeds.setdefault(seed, values) != values:
                raise InputError(
                    f"{path}, line {reader.line_num}: {line['dataset']}/{line['run']}/seed{seed} stands there twice, "
                    "with other numbers; keep one line, or give the other a seed of its own"
                )
    return reference


def reference_scores(reference: Reference, dataset: str, run: str, column: str) -> dict[int, float]:
    """Seed -> mAP in percent, of one run; without copies of an earlier seed, which are no draws."""
    seeds = reference.get((dataset, run), {})
    return {seed: seeds[seed][column] for seed, *_ in equal_seeds(_told_apart(seeds)) if column in seeds[seed]}


def _told_apart(seeds: Mapping[int, dict[str, float]]) -> dict[int, Any]:
    """What copies of a seed are known by: its numbers, of which one alone, rounded, may be equal by chance."""
    return {seed: values if len(values) > 1 else seed for seed, values in seeds.items()}


def reference_doubts(reference: Reference, against: str) -> list[str]:
    """A sentence for each data set of which ``against``, a file, has copies of seeds."""
    by_dataset: dict[str, dict[str, dict[int, Any]]] = {}
    for (dataset, run), seeds in reference.items():
        by_dataset.setdefault(dataset, {})[run] = _told_apart(seeds)
    return [each for name, runs in by_dataset.items() if (each := copies(f"runs of {name} in {against}", runs))]


def reference_csv(results: Results) -> str:
    """The finished runs in the form :func:`read_reference` takes: what is kept under ``config/reference``. The last
    three columns are their price, for :func:`ltmlc.evidence.results.costs.read_costs`.
    """
    lines = [
        [
            result.dataset,
            result.run,
            result.seed,
            *(number(result.percent[column], 4) for column in COLUMNS),
            *(number(seconds, 1) for seconds in (result.seconds, result.metrics["seconds"].get("train"))),
            result.metrics["environment"].get("device", "unknown"),
        ]
        for result in results.with_status("finished")
    ]
    return csv_text((*REFERENCE_COLUMNS, "seconds", "train_seconds", "device"), lines)
