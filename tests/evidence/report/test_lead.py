from types import SimpleNamespace

import pytest
from evidence.report_pages import small_evidence, small_grid, small_page, small_results

from ltmlc.evidence.comparison.compare import Diff
from ltmlc.evidence.report.lead import lead, not_asked
from ltmlc.evidence.results.results import Results


def said(verdicts=(), cells=(), *, published=True, problem=""):
    """The lead of an evidence that has these verdicts; its last sentence, on the runs, is left out."""
    return lead(
        SimpleNamespace(
            counted=[SimpleNamespace(verdict=verdict) for verdict in verdicts],
            diff=Diff(tuple(SimpleNamespace(verdict=cell) for cell in cells), (), {}, {}, (), (), (), "demo.csv"),
            published=published,
            problem=problem,
            results=Results({}, (0, 1)),
        )
    )[:-1]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["holds", "holds"], "2 of 2 statements of the paper hold."),
        (
            ["holds", "reversed", "direction only", "not distinguishable", "missing"],
            "1 of 4 statements of the paper hold, 1 as stated without proof, 1 cannot be told apart, "
            "1 the other way round; 1 cannot be judged yet.",
        ),
        (["missing"] * 3, "None of 3 statements of the paper can be judged yet."),
    ],
)
def test_the_first_sentence_counts_the_statements_that_hold(verdicts, sentence):
    assert said(verdicts) == [sentence]


def test_numbers_are_compared_with_the_paper_or_called_an_installation_check():
    cells = ["match", "within noise", "below", "missing", "no verdict"]
    assert said(cells=cells) == ["2 of 3 numbers agree with the published ones."]
    assert said(cells=cells, published=False)[0].startswith("Installation check: 2 of 3 numbers agree with our own")
    assert said(cells=cells, problem="not there") == said(cells=["missing"]) == []


def test_statements_of_tables_that_are_not_asked_for_are_one_sentence_and_none_is_missing(tmp_path):
    small_results(tmp_path)
    evidence = small_evidence(tmp_path)
    assert not_asked(evidence).endswith(
        "statements of the paper speak of tables that this configuration does not ask for."
    )
    assert not any("not in the configuration" in verdict.reason for verdict in evidence.verdicts)
    assert not_asked(evidence) in small_page(tmp_path)


def test_the_legend_has_the_verdicts_that_occur(tmp_path):
    small_results(tmp_path)
    page = small_page(tmp_path, asked=small_grid())
    legend = page[page.index("the sign of its verdict") : page.index("The best of a column")]
    assert "failed" in legend and "missing" in legend and "no verdict" not in legend
