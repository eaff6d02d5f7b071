"""README's numbers are what the committed runs say."""

import re
from pathlib import Path
from statistics import fmean, stdev

import pytest
from committed_runs import REFERENCE, lead, totals
from markdown_tables import cells_of
from page_prose import WORDS, missing, prose_of

from ltmlc.evidence.claims.file import load_claims
from ltmlc.evidence.results.archive import read_probe, read_splits
from ltmlc.evidence.results.reference import read_reference
from ltmlc.evidence.tables.controls import split_controls
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FINDINGS = prose_of("README.md").split("What came out so far")[1].split("```")[0]
LSEP, C_LSEP, DR = "lsep", "c_lsep_gamma-5", "dr_gamma1-5_gamma2-7"
ROWS = {
    "LSEP": LSEP,
    "+ class-wise, gamma 5": C_LSEP,
    "+ negative gradient constraint (DR)": DR,
    "+ DB Focal": f"{DR}+db_focal",
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
    assert cells_of(section) == expected
    assert re.findall(r"\d\.\d", re.sub(r"(?m)^\|.*$", "", section)) == [], "numbers of runs stand in the table"


def at_rate(run: str, rate: float) -> str:
    return f"{run}_recipe-dr_lr-{rate:g}"


def beside_lsep(points: float) -> str:
    return f"{abs(points):.2f} {'above' if points > 0 else 'below'} LSEP"


def gains(points: float) -> str:
    return f"{'gains' if points > 0 else 'loses'} {abs(points):.2f}"


def test_the_lead_with_a_fixed_backbone():
    folder = "voc07-lt-frozen"
    assert f"DR is {beside_lsep(lead(folder, DR, LSEP))}" in FINDINGS
    assert f"its negative gradient constraint {gains(lead(folder, DR, C_LSEP))}" in FINDINGS


def test_what_is_left_of_it_at_chosen_rates_and_with_sums():
    left = lead("voc07-lt-frozen-tuned", at_rate(DR, 0.009), at_rate(LSEP, 0.09))
    assert f"{left:.2f} of that lead is left" in FINDINGS
    sums = lead("voc07-lt-frozen-choices", f"20x{DR}", f"32x{LSEP}")
    assert sums <= 0 and "the lead is gone" in FINDINGS


@pytest.mark.parametrize("rate", [0.03, 0.09])
def test_what_each_step_gains_at_chosen_rates(rate):
    folder = "voc07-lt-frozen-tuned"
    step = gains(lead(folder, at_rate(C_LSEP, rate), at_rate(LSEP, 0.09)))
    constraint = gains(lead(folder, at_rate(DR, 0.009), at_rate(C_LSEP, rate)))
    assert re.search(rf"with {rate} the (class-wise )?step {step} and the constraint {constraint}", FINDINGS)


def test_class_wise_above_sample_wise_is_shown_under_no_reading():
    """By docs/specifications.md, which another test holds to the runs."""
    assert "Class-wise above sample-wise at gamma 1 and 3 is shown under no reading." in FINDINGS
    page = (ROOT / "docs" / "specifications.md").read_text(encoding="utf-8")
    for claim in load_claims(root=ROOT):
        if claim.id in ("class-wise-gamma-1", "class-wise-gamma-3"):
            (row,) = [line for line in page.splitlines() if line.startswith(f"| {claim.statement} |")]
            assert row.split(" | ")[2].startswith("0 of "), row  # the column "shown"


def test_the_lead_with_a_trained_backbone_beside_the_papers():
    folder = "voc07-lt-224px"
    table = load_grid({"datasets": ["voc-lt"], "tables": ["table2"]}, ROOT).tables["table2"]
    lsep, c_lsep, dr = (row.published["voc-lt"][0] for row in table.rows[:3])
    assert f"DR {beside_lsep(lead(folder, DR, LSEP))}, where the paper has {dr - lsep:.2f}" in FINDINGS
    step = f"{lead(folder, C_LSEP, LSEP):.2f} by the class-wise step ({c_lsep - lsep:.2f})"
    assert f"{step} and {lead(folder, DR, C_LSEP):.2f} by the constraint ({dr - c_lsep:.2f})" in FINDINGS


def test_the_lead_with_a_trained_backbone_at_the_recipes_and_at_the_best_rates():
    """On held-out photographs, as far as rates have been tried."""
    folder = "voc07-lt-128px-sweep"
    assert f"DR is {beside_lsep(lead(folder, DR, LSEP))} at the recipe's rate" in FINDINGS
    best = {}
    for run in (LSEP, DR):
        tried = [run, *(path.name for path in (REFERENCE / folder / "runs").glob(f"*/{at_rate(run, 0)[:-1]}*"))]
        best[run] = max(tried, key=lambda name: fmean(totals(folder, name).values()))
    assert f"{beside_lsep(lead(folder, best[DR], best[LSEP]))} at" in FINDINGS
    assert best[DR] == DR and "DR itself is best at the recipe's rate" in FINDINGS


def test_what_is_left_of_the_lead_with_a_trained_backbone_at_the_rate_chosen_for_lsep():
    """On the test set; DR's best rate is the recipe's."""
    tuned = totals("voc07-lt-224px-tuned", at_rate(LSEP, 0.003))
    first, dr = totals("voc07-lt-224px", LSEP), totals("voc07-lt-224px", DR)
    gain = gains(fmean(tuned[seed] - first[seed] for seed in tuned))
    left = fmean(dr[seed] - tuned[seed] for seed in tuned)
    assert f"the best of four, {gain}, which leaves {left:.2f} of the lead" in FINDINGS


def test_the_lead_on_other_draws_of_the_training_images():
    folder = "voc07-lt-frozen-draws"
    draws = [path.name for path in (REFERENCE / folder / "runs").iterdir()]
    leads = [lead(folder, DR, LSEP, dataset=draw) for draw in draws]
    assert f"on which the lead is {min(leads):.2f} to {max(leads):.2f}." in FINDINGS


def test_how_many_rows_are_not_trained_yet():
    """Of the paper's protocol: rows of Tables 1 and 2, each run once."""
    (runs,) = load_grid({"datasets": ["voc07-lt"], "tables": ["table1", "table2"]}, ROOT).runs.values()
    seeds = [len(totals("voc07-lt-224px", run)) for run in runs]
    trained = [number for number in seeds if number]
    several = sum(number > 1 for number in trained)
    assert not missing(
        prose_of("README.md"),
        f"{WORDS[seeds.count(0)]} of the {WORDS[len(seeds)]} rows of Tables 1 and 2 are still to be trained on "
        f"VOC07-LT, and all but {WORDS[several]} of the others with more than one seed",
    )
