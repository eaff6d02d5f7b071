from pathlib import Path

import pytest
from evidence.synthetic import grid, row, split, table, write, write_seeds
from fresh_interpreter import imported

from ltmlc.evidence.report import report_files
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.markdown import evidence_markdown, how_to_cite
from ltmlc.evidence.results.results import load_results
from ltmlc.plan.grid import load_grid

ROOT = Path(__file__).parents[3]
HEADINGS = ["Verdicts", "What was run", "Tables", "The numbers", "The paper's own numbers", "How to cite"]

COMMITS = ["a" * 40, "b" * 40 + "-dirty"]


def summary_markdown(grid, results, *, folder=".", **found):
    return evidence_markdown(Evidence(grid, results, **found), folder=folder)


@pytest.fixture
def asked():
    open_choice = ({"value": "rate 0.1", "origin": "not stated"},)
    first = row("A", "run-a", [51.0, 50, 52, 51], choices=open_choice)
    return grid(table("t", first, row("B", "run-b", [50.0] * 4, choices=open_choice)), seeds=(0, 1))


@pytest.fixture
def page(asked, tmp_path):
    write_seeds(tmp_path, "voc-lt", "run-a", [51.5, 52.5])
    write(tmp_path, "voc-lt", "run-b", 0, 50.0, environment={"device": "cpu", "git_commit": COMMITS[0]})
    write(tmp_path, "voc-lt", "run-b", 1, None, environment={"device": "cpu", "git_commit": COMMITS[1]})
    return summary_markdown(asked, load_results(asked, tmp_path), splits={"voc-lt": split()}, root=ROOT)


def test_verdicts_come_first_and_every_section_follows(page):
    places = [page.index(f"\n## {heading}\n") for heading in HEADINGS]
    assert places == sorted(places)
    lead = "0 of 2 statements of the paper hold, 2 the other way round; 7 cannot be judged yet."
    assert (
        page.startswith(f"# Reproduction: VOC-LT\n\n{lead}\n\n8 of ") and "\n\n3 of 4 runs finished, 1 failed." in page
    )


def test_what_was_run_names_sizes_time_versions_and_failures(page):
    assert "| VOC-LT | 3 (1 : 1 : 1) | 6 | 4 | 3 | 1 | 0 | 42 s |" in page
    assert "- device: cpu" in page and f"- commit: {'a' * 12}" in page and "a" * 13 not in page
    assert "- failed: voc-lt/run-b/seed1: the loss is not finite at iteration 3" in page


def test_tables_stand_in_the_page_as_the_tables_do(page):
    assert "### T\n\nCaption of t." in page
    assert "| A | **52.00** ± 0.71 |" in page


def test_what_the_paper_leaves_open_is_listed_once_with_its_users(page):
    assert page.count("| rate 0.1 | T: A; T: B | not stated |") == 1
    assert "| the last epoch is evaluated | recipe dr |" in page


def test_the_paper_s_own_contradictions_and_its_citation_are_in_the_page(page):
    assert "total 70.73, from its splits 72.37" in page
    assert "https://doi.org/10.1007/978-3-031-73414-4_24" in page


def test_one_seed_says_why_there_are_no_verdicts(tmp_path):
    asked = grid(table("t", row("A", "run-a", [50.0] * 4)))
    write_seeds(tmp_path, "voc-lt", "run-a", [51.5])
    page = summary_markdown(asked, load_results(asked, tmp_path), root=ROOT)
    assert "nothing measures the noise between runs" in page
    assert "+1.50 | no verdict |" in page


def test_copies_of_a_seed_in_the_reference_are_said_on_every_page(asked, tmp_path):
    write_seeds(tmp_path, "voc-lt", "run-a", [51.5, 52.5])
    lines = [f"voc-lt,run-a,{seed},50,60,50,40" for seed in (0, 1)]
    (tmp_path / "r.csv").write_text("\n".join(["dataset,run,seed,total,head,medium,tail", *lines]))
    asked.config["reference"] = str(tmp_path / "r.csv")
    pages = report_files(Evidence(asked, load_results(asked, tmp_path), root=ROOT), tmp_path)
    for name in ("report.html", "REPRODUCTION.md", "checklist.md"):
        assert "they count as one seed" in pages[name]


def test_nothing_finished_and_no_reference_yet_still_make_a_page(tmp_path):
    config = {"datasets": ["digits20-lt"], "reference": str(tmp_path / "absent.csv"), "figures": str(tmp_path)}
    asked = load_grid(config, ROOT)
    text = summary_markdown(asked, load_results(asked, tmp_path), root=ROOT)
    assert "0 of 46 runs finished, 46 missing." in text and "No reference to compare with yet" in text
    assert "| missing | 46 | 40 | 6 |" in text


def test_a_folder_without_the_paper_s_files_takes_the_project_s(asked, tmp_path):
    page = summary_markdown(asked, load_results(asked, tmp_path), root=tmp_path)
    assert page == summary_markdown(asked, load_results(asked, tmp_path), root=ROOT)
    assert all(f"## {heading}" in page for heading in ("How to cite", "The paper's own numbers"))


def test_without_a_citation_file_its_section_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("ltmlc.plan.lookup.PROJECT", tmp_path)
    assert how_to_cite(tmp_path) == ""


def test_links_are_relative_to_the_page(asked, tmp_path):
    sweep = grid(table("fig4", row("A", "run-a", panel="p", x=1), kind="figure"))
    sweep.config["figures"] = str(tmp_path / "figures")
    page = summary_markdown(sweep, load_results(sweep, tmp_path), folder=tmp_path / "results", root=tmp_path)
    assert "fig4.png" not in page and "| A | … |" in page, "not drawn: its numbers stand in its place"
    for path in (tmp_path / "figures" / "fig4.png", tmp_path / "results" / "tables" / "fig4.md"):
        path.parent.mkdir(parents=True)
        path.touch()
    page = summary_markdown(sweep, load_results(sweep, tmp_path), folder=tmp_path / "results", root=tmp_path)
    assert "![Fig4](../figures/fig4.png)\n\nIts numbers: [tables/fig4.md](tables/fig4.md)." in page


def test_only_files_that_are_there_are_linked(asked, tmp_path):
    write_seeds(tmp_path, "voc-lt", "run-a", [51.5, 52.5])
    names = ("diff.md", "claims.md", "audit.md")
    page = summary_markdown(asked, load_results(asked, tmp_path), folder=tmp_path, root=ROOT)
    assert not any(f"({name})" in page for name in names)
    for name in names:
        (tmp_path / name).touch()
    page = summary_markdown(asked, load_results(asked, tmp_path), folder=tmp_path, root=ROOT)
    assert all(f"({name})" in page for name in names)


def test_where_nothing_is_compared_or_measured_nothing_explains_it(tmp_path):
    asked = grid(table("t", row("A", "run-a")), seeds=(0, 1))
    page = summary_markdown(asked, load_results(asked, tmp_path), root=ROOT)
    assert "Nothing to compare: no row has a published number" in page
    assert not any(word in page for word in ("Holm", "interval", "in bold", "✗", "Numbers against"))


def test_neither_summary_nor_claims_nor_audit_import_torch():
    assert "torch" not in imported("import ltmlc.evidence.report.markdown, ltmlc.evidence.claims.report")
