"""docs/draws.md against the committed runs."""

import math
from pathlib import Path

import pytest
from committed_runs import REFERENCE
from markdown_tables import rows_of
from page_prose import WORDS, missing, prose_of
from scripts import load_script

from ltmlc.evidence.results.archive import read_splits
from ltmlc.evidence.uncertainty.noise import t_quantile

ROOT = Path(__file__).parents[1]
PROSE = prose_of("docs/draws.md")
DIFFERENCES, SCORES = (ROOT / "docs" / "draws.md").read_text(encoding="utf-8").split("<!-- draws -->")[1].split("\n\n")
DR = "LSEP + CW + NGC"


@pytest.fixture(scope="module")
def maker():
    return load_script("docs/draws.py")


def test_the_page_is_what_the_runs_say(maker):
    page = maker.PAGE.read_text(encoding="utf-8")
    assert page == maker.page_with(maker.PAGE, "draws", maker.text())


def test_a_draw_beyond_the_seeds_is_counted_either_way(maker):
    line = maker._line(10.0, [8.9, 10.9, 11.1], 1.0)
    assert line == ["10.00", "8.90", "10.90", "11.10", "10.30 ± 1.22", "± 1.00", "2 of 3"]


def test_every_draw_has_the_construction_of_the_paper_and_other_images(maker):
    """A seed of its own, and no checksum of the published list."""
    grid, _ = maker.drawn()
    (dataset,) = maker.paper().datasets.values()
    subsets = [settings["subset"] for settings in grid.datasets.values()]
    assert len({subset["seed"] for subset in subsets}) == len(subsets) == 5
    for subset in subsets:
        differing = {key for key in subset | dataset["subset"] if subset.get(key) != dataset["subset"].get(key)}
        assert differing <= {"seed", "sha256"}


def test_what_is_said_of_the_effects_is_in_the_tables():
    lines = {row["comparison"]: row for row in rows_of(DIFFERENCES)}
    step, tail, constraint, lead = (
        lines[name]
        for name in (
            "LSEP + CW against LSEP (total)",
            "LSEP + CW against LSEP (tail)",
            "LSEP + CW + NGC against LSEP + CW (total)",
            "LSEP + CW + NGC against LSEP (total)",
        )
    )
    directions = [lines[f"LSEP + CW against LSEP ({group})"] for group in ("head", "medium", "tail")]
    assert min(map(float, (cell for row in (step, constraint, lead, *directions) for cell in drawn(row)))) > 0
    (beyond, among) = map(int, lead["beyond seeds"].split(" of "))
    assert not missing(
        PROSE,
        f"the class-wise step in total ({extremes(step, 'to')}), the negative gradient constraint "
        f"({extremes(constraint, 'to')}), DR's lead over LSEP ({extremes(lead, 'to')})",
        f"DR's lead is {lead['draws']} over the draws, where seeds alone would move it by up to "
        f"{lead['seeds alone'][2:]} (95 %); {WORDS[beyond]} of {WORDS[among]} lie further off",
        f"The class-wise step in the tail lies between {extremes(tail, 'and')}, the constraint's gain between "
        f"{extremes(constraint, 'and')}.",
        "The first subset ({}, {} and {})".format(*(row["first subset"] for row in (lead, tail, constraint))),
        f"lead over LSEP ± {one_more(lead):.1f}, the constraint's gain ± {one_more(constraint):.1f}",
    )
    assert all(float(lead[f"draw {number}"]) < float(lead["first subset"]) for number in (1, 2, 4))


def test_what_is_said_of_the_level_is_in_the_tables():
    lines = {(row["row"], row["column"]): row for row in rows_of(SCORES)}
    dr, tail, lsep = (lines[at] for at in ((DR, "total"), (DR, "tail"), ("LSEP", "tail")))
    others = [float(dr["first subset"]) - float(dr[f"draw {number}"]) for number in (1, 2, 4, 5)]
    assert float(dr["first subset"]) > max(map(float, drawn(dr))) and dr["beyond seeds"] == "4 of 5"
    assert not missing(
        PROSE,
        f"DR is {dr['draws']} on the five draws and {dr['first subset']} on the first subset, in the tail "
        f"{tail['draws']} and {tail['first subset']} (draw 3: {tail['draw 3']}); draw 3 comes near it "
        f"({dr['draw 3']}), the others lie {min(others):.1f} to {max(others):.1f} below",
        f"LSEP's tail falls to {lsep['draw 5']} on draw 5.",
        f"(the 95 % interval of one more draw: DR ± {one_more(dr):.1f}",
        f"the 95 % interval of such a mean is {t_quantile(0.95, 4) / math.sqrt(5):.2f} times the sd",
    )


def test_every_draw_has_classes_of_nearly_the_same_size(maker):
    (first,) = read_splits(REFERENCE / "voc07-lt-frozen", ["voc07-lt-frozen"]).values()
    _, draws = maker.drawn()
    splits = read_splits(maker.DRAWS, draws).values()
    assert all(split.groups == first.groups for split in splits) and len(splits) == 5
    apart = [max(abs(split.class_counts[k] - size) for split in splits) for k, size in enumerate(first.class_counts)]
    tail = first.groups["tail"]
    sizes = [first.class_counts[k] for k in tail]
    assert not missing(
        PROSE,
        f"its tail classes have {min(sizes)} to {max(sizes)} images",
        f"tail classes within {max(apart[k] for k in tail)} photographs of these sizes, the others within {max(apart)}",
    )


def drawn(row: dict[str, str]) -> list[str]:
    return [row[f"draw {number}"] for number in range(1, 6)]


def extremes(row: dict[str, str], between: str) -> str:
    return f"{min(drawn(row), key=float)} {between} {max(drawn(row), key=float)}"


def one_more(row: dict[str, str]) -> float:
    """Half the 95 % interval of one more draw, by the five."""
    return t_quantile(0.95, 4) * float(row["draws"].split(" ± ")[1]) * math.sqrt(1 + 1 / 5)
