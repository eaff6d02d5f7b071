"""README's numbers are what the committed runs say."""

import re
from pathlib import Path
from statistics import fmean, stdev

from committed_runs import REFERENCE, totals

from ltmlc.evidence.results.archive import read_probe, read_splits
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.tables.controls import split_controls

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = {
    "LSEP": "lsep",
    "+ class-wise, gamma 5": "c_lsep_gamma-5",
    "+ negative gradient constraint (DR)": "dr_gamma1-5_gamma2-7",
    "+ DB Focal": "dr_gamma1-5_gamma2-7+db_focal",
    "BCE, class-aware sampler (RS)": "bce_recipe-db",
    "DB Focal": "db_focal_recipe-db",
}
CONTROLS = "chance; a linear probe on all 2501 images"
EMBEDDED = "backbone fixed, `make photographs`"
COLUMNS = {  # folder of config/reference and the data set there
    "backbone fixed, five seeds": ("voc07-lt-frozen", "voc07-lt-frozen"),
    "backbone trained, 96 px, 4 epochs": ("voc07-lt-96px-short", "voc07-lt-96px-short"),
    "backbone trained, 224 px": ("voc07-lt-224px", "voc07-lt"),
}


def table_of(text: str) -> dict[tuple[str, str], str]:
    """The cells of the Markdown table of a text, by label of the row and head of the column."""
    lines = [re.split(r"\s*\|\s*", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    header, _, *rows = lines
    return {(row[0], head): cell for row in rows for head, cell in zip(header[1:], row[1:], strict=True)}


def shown(values: list[float]) -> str:
    """Mean ± sd; the mean alone of one, nothing of none."""
    return " ± ".join(f"{each(values):.2f}" for each in (fmean, stdev)[: len(values)])


def controls(folder: str, dataset: str) -> str:
    """Chance, and the linear probe where there is one."""
    chance = split_controls(read_splits(REFERENCE / folder, [dataset])[dataset])["chance"]["total"]
    probe = read_probe(REFERENCE / folder, dataset)
    return "; ".join(f"{each:.2f}" for each in (chance, *([100 * probe["map"]["total"]] if probe else [])))


def test_the_table_of_photographs_is_that_of_the_committed_runs():
    section = README.split("<!-- photographs -->")[1].split("<!-- /photographs -->")[0]
    embedded = read_reference(REFERENCE / "voc07-lt-pooled-measured.csv")
    expected = {(CONTROLS, EMBEDDED): controls(*COLUMNS["backbone fixed, five seeds"]).split(";")[0]}
    for label, run in ROWS.items():
        expected[label, EMBEDDED] = shown([embedded["voc07-lt-pooled", run][0]["total"]])  # one seed
    for head, (folder, dataset) in COLUMNS.items():
        expected[CONTROLS, head] = controls(folder, dataset)
        for label, run in ROWS.items():
            expected[label, head] = shown(list(totals(folder, run).values()))
    assert table_of(section) == expected
    assert re.findall(r"\d\.\d", re.sub(r"(?m)^\|.*$", "", section)) == [], "numbers of runs stand in the table"
