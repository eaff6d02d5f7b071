"""docs/tuning.md against the numbers it was written from: every decimal number in its tables is in a committed CSV."""

import csv
import re
from pathlib import Path
from statistics import fmean

import pytest

from ltmlc.disk.reading import read_json

ROOT = Path(__file__).parents[1]
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
        for path in (ROOT / "config" / "reference" / EVIDENCE[subject]).glob("*.csv")
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


def test_the_open_choices_on_photographs_are_the_means_of_their_metrics_files():
    reference = ROOT / "config" / "reference"
    with (reference / EVIDENCE["photographs"] / "open-choices.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) > 40
    for line in lines:
        seeds = sorted(
            (reference / "voc07-lt-frozen-held-out/runs/voc07-lt-frozen" / line["run"]).glob("seed*/metrics.json")
        )
        assert len(seeds) == int(line["n"]) == 2
        for column, value in read_json(seeds[0])["map"].items():
            both = [value, read_json(seeds[1])["map"][column]]
            assert float(line[column]) == pytest.approx(100 * fmean(both), abs=1e-4)


def test_its_commands_and_links_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    for path in re.findall(r"config/[\w./-]+\.yaml", PAGE):
        assert (ROOT / path).exists(), path
