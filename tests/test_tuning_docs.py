"""docs/tuning.md against the numbers it was written from: every decimal number in its tables is in a committed CSV."""

import csv
import re
from pathlib import Path
from statistics import fmean

import pytest

from ltmlc.disk.reading import read_json
from ltmlc.evidence.results.results import COLUMNS

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "config" / "reference"
PAGE = (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8")
EVIDENCE = {"digits": "digits20-lt-tuning", "photographs": "voc07-lt-frozen-tuning"}


@pytest.fixture(params=EVIDENCE)
def subject(request) -> str:
    return request.param


def tables(subject: str) -> list[str]:
    """The lines of the tables under the headings that name the subject."""
    sections = re.split(r"^## ", PAGE, flags=re.M)
    found = [section for section in sections if subject in section.splitlines()[0]]
    assert found
    return [line for section in found for line in section.splitlines() if line.startswith("|")]


def committed(subject: str) -> tuple[set[str], list[dict[str, str]]]:
    """Every value as it prints with two decimals, and the lines of the sweep. Files have four decimals, so that a value
    in the middle can have been printed either way.
    """
    lines = {
        path.stem: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in (REFERENCE / EVIDENCE[subject]).glob("*.csv")
    }
    values = {value for each in lines.values() for line in each for value in line.values()}
    numbers = [abs(float(value)) for value in values if re.fullmatch(r"-?\d+\.\d+", value)]
    printed = {f"{number + rounding:.2f}" for number in numbers for rounding in (-5e-5, 0, 5e-5)}
    return printed, lines["sweep"]


def test_every_number_of_the_tables_is_committed(subject):
    printed, sweep = committed(subject)
    totals = [float(line["total"]) for line in sweep if line["total"]]
    gains = {f"{abs(a - b):.2f}" for a in totals for b in totals}  # the column `gain`: chosen less present
    numbers = {number for line in tables(subject) for number in re.findall(r"(?<![\d.])\d+\.\d\d(?!\d)", line)}
    assert len(numbers) > 50
    assert numbers - printed - gains == set()


def test_what_the_page_calls_chosen_is_what_the_sweep_chose(subject):
    _, sweep = committed(subject)
    for line in (line for line in sweep if line["chosen"]):
        row = next(row for row in tables(subject) if row.startswith(f"| {line['choice']} |") and "**" in row)
        assert f"**{float(line['total']):.2f}**" in row


@pytest.mark.parametrize(
    ("table", "runs", "seeds"),
    [("open-choices", "voc07-lt-frozen-held-out", 2), ("sweep", "voc07-lt-frozen-sweep", 1)],
)
def test_what_is_tried_on_photographs_are_means_of_metrics_files(table, runs, seeds):
    lines = photographs(table)
    assert len(lines) > 40
    for line in lines:
        each = scores(runs, line["run"])
        assert len(each) == int(line["n"]) == seeds
        for column in COLUMNS:
            assert float(line[column]) == pytest.approx(fmean(score[column] for score in each), abs=1e-4)


def test_rows_at_recipes_and_chosen_rates_are_means_of_five_metrics_files():
    lines = photographs("tuned")
    assert len(lines) == 16
    for line in lines:
        for prefix, run in (("", line["run"]), ("tuned_", line["tuned_run"])):
            each = scores("voc07-lt-frozen", run) or scores("voc07-lt-frozen-tuned", run)
            assert len(each) == int(line[f"{prefix}n"]) == 5
            for column in COLUMNS:
                mean = fmean(score[column] for score in each)
                assert float(line[f"{prefix}{column}"]) == pytest.approx(mean, abs=1e-4)


def photographs(table: str) -> list[dict[str, str]]:
    with (REFERENCE / EVIDENCE["photographs"] / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def scores(folder: str, run: str) -> list[dict[str, float]]:
    """Percent by column, of each seed that is kept of the run."""
    files = sorted((REFERENCE / folder / "runs" / "voc07-lt-frozen" / run).glob("seed*/metrics.json"))
    return [{column: 100 * value for column, value in read_json(file)["map"].items()} for file in files]


def test_its_commands_and_links_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    for path in re.findall(r"config/[\w./-]+\.yaml", PAGE):
        assert (ROOT / path).exists(), path
