import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from evidence.report.html.test_page import HOSTILE
from evidence.report_pages import ROOT, small_evidence, small_grid, small_results
from evidence.synthetic import grid, row, table

from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.latex_numbers import distinct, numbers_tex, words
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.grid import load_grid

MACRO = re.compile(r"\\newcommand\{\\([A-Za-z]+)\}\{(\d+|[+-]?\d+\.\d\d|\\ltmlcMissing)\}")


def macros(text: str) -> dict[str, str]:
    """Name -> value; every line must be a comment, empty, or one valid macro, and no name may be used twice."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith(("%", r"\providecommand{\ltmlcMissing}")):
            match = MACRO.fullmatch(line)
            assert match, f"not a macro with a name of letters and a number: {line}"
            assert match[1] not in found, f"{match[1]} is defined twice"
            found[match[1]] = match[2]
    return found


@pytest.fixture
def numbers(tmp_path):
    small_results(tmp_path)
    return macros(numbers_tex(small_evidence(tmp_path)))


def test_every_number_of_a_cell_has_its_macro(numbers):
    stem = "ltmlcTableOneRowDrOnVocLtTotal"
    assert {kind: numbers[stem + kind] for kind in ("Mean", "Sd", "N", "Gain", "Published", "Difference")} == {
        "Mean": "61.20",
        "Sd": "0.28",
        "N": "2",
        "Gain": "+9.20",
        "Published": "50.00",
        "Difference": "+11.20",
    }
    assert numbers["ltmlcTableOneRowLsepOnVocLtHeadPublished"] == "50.00"
    assert numbers["ltmlcFigFourRowGammaOneOneOnVocLtTotalMean"] == "50.20"
    assert numbers["ltmlcTableOneOracleOnVocLtTotal"] == "100.00"


def test_counts_have_macros_too(numbers):
    assert (numbers["ltmlcRunsFinished"], numbers["ltmlcRunsFailed"], numbers["ltmlcRunsMissing"]) == ("6", "2", "4")
    assert numbers["ltmlcCellsInconclusive"] == "4"
    assert numbers["ltmlcClaimsMissing"].isdigit()
    for verdict in CLAIM_VERDICTS:
        assert f"ltmlcClaims{words(verdict)}" in numbers, "a verdict that does not occur has its zero"


def test_claims_are_counted_as_on_the_other_pages(tmp_path):
    evidence = small_evidence(tmp_path)
    evidence.verdicts[:] = [replace(evidence.verdicts[0], same_as=same, verdict="holds") for same in ("", "x")]
    assert macros(numbers_tex(evidence))["ltmlcClaimsHolds"] == "1"


def test_what_is_not_there_is_a_macro_all_the_same(numbers):
    assert numbers["ltmlcTableOneRowFailedOnVocLtTotalMean"] == r"\ltmlcMissing"
    assert numbers["ltmlcTableOneRowNotRunOnVocLtTailDifference"] == r"\ltmlcMissing"


def test_names_spell_digits_points_and_greek_letters():
    assert words("C-LSEP (γ = 1)") == "CLsepGammaOne"
    assert words("BS = 16") == "BsOneSix"
    assert words("1.5") == "OnePointFive"
    assert words("digits20-lt") == "DigitsTwoZeroLt"
    assert words("naïve") == "Naive"
    assert words("损失 + %") == ""


def test_labels_that_read_alike_are_told_apart():
    assert distinct(["A+B", "a b", "C"]) == ["ABPlaceOne", "ABPlaceTwo", "C"]
    assert distinct(["损失", "x"]) == ["PlaceOne", "X"]


@pytest.mark.parametrize("hostile", [*HOSTILE, "line\nbreak}\\input{x}", "\u2028\\end", ""])
def test_no_label_breaks_the_file(tmp_path, hostile):
    small_results(tmp_path)
    asked = small_grid(label=hostile, title=hostile)
    assert len(macros(numbers_tex(small_evidence(tmp_path, asked=asked)))) > 50


def test_every_name_is_valid_and_distinct_over_all_tables_of_the_paper(tmp_path):
    asked = load_grid({"datasets": ["voc-lt", "coco-lt"], "results": str(tmp_path), "figures": str(tmp_path)}, ROOT)
    found = macros(numbers_tex(Evidence(asked, load_results(asked, tmp_path), root=ROOT)))
    published = {name: value for name, value in found.items() if name.endswith("Published")}
    assert len(published) >= 360, "one for each published number"
    assert published["ltmlcTableTwoRowLsepCwNgcOnVocLtTotalPublished"] == "78.01"


def test_a_reference_of_our_own_is_not_called_published(tmp_path):
    asked = grid(table("t", row("A", "a")))
    (tmp_path / "reference.csv").write_text("dataset,run,seed,total,head,medium,tail\nvoc-lt,a,0,50,50,50,50\n")
    asked.config["reference"] = str(tmp_path / "reference.csv")
    found = macros(numbers_tex(small_evidence(tmp_path, asked=asked)))
    assert found["ltmlcTRowAOnVocLtTotalReference"] == "50.00"
    assert not any(name.endswith("Published") for name in found)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex here: numbers.tex is not compiled")
def test_latex_compiles_it(tmp_path):
    small_results(tmp_path)
    (tmp_path / "numbers.tex").write_text(numbers_tex(small_evidence(tmp_path)), encoding="utf-8")
    body = r"$\ltmlcTableOneRowDrOnVocLtTotalMean$ \ltmlcTableOneRowNotRunOnVocLtTailMean"
    text = rf"\documentclass{{article}}\input{{numbers.tex}}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "text.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "text.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
