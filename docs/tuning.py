"""The tables of docs/tuning.md: what was tried on held-out images, and recipe's and chosen rates on the test set.

`python docs/tuning.py` writes them anew from the committed metrics files; a test holds the page to them.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from page_parts.marked import page_with

from ltmlc.evidence.grouping import grouped
from ltmlc.evidence.markup import markdown_table
from ltmlc.evidence.results.archive import read_splits
from ltmlc.evidence.results.results import Results, load_results
from ltmlc.evidence.tuning.decide import Decided, decide
from ltmlc.evidence.tuning.gains import gains
from ltmlc.evidence.tuning.report import candidates_table, rates_table
from ltmlc.evidence.tuning.tuned import Pair, tuned_grid, tuned_pairs, tuned_table
from ltmlc.plan.reading.yaml_file import read_yaml
from ltmlc.plan.sweep import Sweep, load_sweep

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tuning.md"
REFERENCE = ROOT / "config" / "reference"
MODEL = {"weights": "resnet50_caffe_rgbnorm_fp16.pth", "stride_in_1x1": True, "word_vectors": "voc_glove_300d.npy"}
# Part of the page -> configuration, and the folder of config/reference with the runs on held-out images.
RATES = {
    "digits": ("config/tune-digits.yaml", "digits20-lt-sweep"),
    "photographs": ("config/voc07-frozen.yaml", "voc07-lt-frozen-sweep"),
    "trained backbone": ("config/tune-photographs.yaml", "voc07-lt-128px-sweep"),
}
CHOICES = {
    "digits": ("config/open-choices-digits.yaml", "digits20-lt-held-out"),
    "photographs": ("config/voc07-choices.yaml", "voc07-lt-frozen-held-out"),
}
FIRST_SWEEP = REFERENCE / "voc07-lt-frozen-tuning" / "first-sweep.csv"
CHANGED = ("CB Focal", "ML-GCN")  # since the first sweep
TEST_SET = {
    "digits": ("digits20-lt-tuned",),
    "photographs": ("voc07-lt-frozen", "voc07-lt-frozen-tuned"),
    "trained backbone": ("voc07-lt-224px", "voc07-lt-224px-tuned"),
}
# Tried at 128 px, tested at 224 px.
TESTED_AS = {"trained backbone": {"datasets": ["voc07-lt"], "seeds": [0, 1, 2]}}


def sweep_of(config: str, **changed: Any) -> Sweep:
    settings = {**read_yaml(ROOT / config), **changed}
    photographs = any("voc07" in dataset for dataset in settings["datasets"])
    return load_sweep({**settings, "model": MODEL} if photographs else settings, ROOT)


@cache
def decisions(config: str, folder: str) -> list[Decided]:
    """What the runs in a folder of config/reference decide of each choice."""
    sweep = sweep_of(config)
    (dataset,) = sweep.grid.datasets
    splits = read_splits(REFERENCE / folder, [dataset])
    results = load_results(sweep.grid, REFERENCE / folder, splits)
    return [decide(choice, dataset, results, splits[dataset]) for choice in sweep.choices[dataset]]


@cache
def tuned(subject: str) -> tuple[list[Pair], Results]:
    """Each method at the recipe's rate and at the one that the sweep chose, and all runs of them on the test set."""
    config, folder = RATES[subject]
    sweep = sweep_of(config, **TESTED_AS.get(subject, {}))
    (dataset,) = sweep.grid.datasets
    rates = [each for each in decisions(config, folder) if each.chosen]
    chosen = {dataset: {each.present.candidate.run: each.chosen.candidate.run for each in rates}}
    grid = tuned_grid(sweep, chosen, tuple(sweep.grid.config["seeds"]))
    results = together([load_results(grid, REFERENCE / name) for name in TEST_SET[subject]])
    return tuned_pairs(sweep, chosen, results), results


def together(archives: Sequence[Results]) -> Results:
    """Of each run the first archive's that has it."""
    runs = dict(archives[0].runs)
    for archive in archives[1:]:
        runs |= {key: each for key, each in archive.runs.items() if runs[key].status == "missing"}
    return Results(runs, archives[0].seeds)


def two_sweeps() -> str:
    """How far the totals of two sweeps with one seed lie apart that ran on different processors."""
    with FIRST_SWEEP.open(encoding="utf-8", newline="") as file:
        first = {line["run"]: float(line["total"]) for line in csv.DictReader(file) if line["choice"] not in CHANGED}
    tried = [each for decision in decisions(*RATES["photographs"]) for each in decision.tried]
    same = [each for each in tried if each.candidate.run in first]
    apart = grouped(same, lambda each: each.candidate.factor)
    differences = {
        factor: [abs(each.percent["total"] - first[each.candidate.run]) for each in apart[factor]]
        for factor in sorted(apart)
    }
    (rows,) = set(map(len, differences.values()))
    header = ["rate, times the recipe's", *(f"{factor:g}" for factor in differences)]
    largest = [f"{max(values):.2f}" for values in differences.values()]
    agree = [str(sum(value < 0.01 for value in values)) for values in differences.values()]
    lines = [
        [f"largest difference between the two sweeps, of {rows} rows", *largest],
        ["rows that agree within 0.01", *agree],
    ]
    return markdown_table(header, lines)


def parts() -> dict[str, str]:
    """Name of a part of the page -> its table."""
    found = {}
    for subject, runs in RATES.items():
        tried = [row for row in decisions(*runs) if any(each.status == "finished" for each in row.tried)]
        found[f"rates, {subject}"] = rates_table(tried, gains(tried))
    for subject in TEST_SET:
        found[f"tuned, {subject}"] = tuned_table(tuned(subject)[0])
    for subject, runs in CHOICES.items():
        tried = decisions(*runs)
        found[f"choices, {subject}"] = candidates_table(tried, gains(tried))
    return {**found, "two sweeps": two_sweeps()}


if __name__ == "__main__":
    for name, table in parts().items():
        PAGE.write_text(page_with(PAGE, name, table.strip()), encoding="utf-8")
