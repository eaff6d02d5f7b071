"""Whatever a table or a report shows beyond the metrics is part of its definition."""

import shutil

import pytest
from test_rooms import MODULES, imports

from ltmlc.plan.grid import load_grid
from ltmlc.plan.lookup import PACKAGE, PROJECT
from ltmlc.workflow import definitions
from ltmlc.workflow.contents import Contents


@pytest.fixture
def defined(tmp_path, monkeypatch):
    """``defined()``: the hashes of a table, of the report and of the plan now, with a copy of the code."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(definitions, "PACKAGE", tmp_path / "package")
    grid = load_grid({"datasets": ["digits20-lt"], "tables": ["table2"]})

    def hashes():
        found = definitions.Definitions(grid, Contents(tmp_path / "memory.json"))
        return found.of_table("table2"), found.of_all(), found.of_plan()

    return hashes


@pytest.mark.parametrize("file", ["report.html.j2", "report.css", "report.js"])
def test_a_template_of_the_page_is_code_of_the_evidence(defined, tmp_path, file):
    before = defined()
    path = tmp_path / "package/evidence/report/html/templates" / file
    path.write_text(path.read_text() + "\n")
    assert defined()[1] != before[1]


@pytest.mark.parametrize("file", ["metrics/labels.py", "data/augment/draws.py", "data/longtail.py"])
def test_what_numbers_and_pictures_are_computed_with_is_code_of_every_table_and_figure(defined, tmp_path, file):
    before = defined()
    path = tmp_path / "package" / file
    path.write_text(path.read_text() + "\nEDITED = 1\n")
    assert not set(defined()) & set(before)


ASKED_OTHERWISE = (
    *("disk", "errors", "plan"),  # what files, sentences and settings are, which stand in the definitions by value
    *("data.download", "data.sources", "data.pack"),  # what is there, and pixels, which are input
    "losses",  # of Fig. 3, whose rule watches them
)


def test_no_code_that_evidence_uses_is_forgotten():
    """Else a table would keep a number that its code does not give any more."""
    used = {other for module in MODULES if module.startswith("ltmlc.evidence") for other in imports(module)}
    names = [f"ltmlc.{name.removesuffix('.py').replace('/', '.')}" for name in definitions.CODE]
    names += [f"ltmlc.{name}" for name in ASKED_OTHERWISE]
    assert [name for name in sorted(used) if not any(f"{name}.".startswith(f"{known}.") for known in names)] == []


@pytest.mark.parametrize("methods", [["LSEP + CW", "LSEP"], ["LSEP", "table2: LSEP + CW"]])
def test_order_and_names_of_the_compared_methods_are_part_of_what_compares_them(tmp_path, methods):
    def of_methods(rows):
        grid = load_grid({"datasets": ["digits20-lt"], "tables": ["table2"], "methods": rows})
        return definitions.Definitions(grid, Contents(tmp_path / "memory.json")).of_methods("digits20-lt")

    assert of_methods(["LSEP", "LSEP + CW"]) == of_methods(["LSEP", "LSEP + CW"]) != of_methods(methods)


@pytest.mark.parametrize("file", [*definitions.QUOTED, "workflow/report/fig3.rst"])
def test_what_a_report_quotes_is_part_of_it_and_of_no_table(defined, tmp_path, file):
    before = defined()
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text((PROJECT / file).read_text() + "\na word\n")
    assert (defined()[0] == before[0], defined()[1] == before[1]) == (True, False)


def test_a_comment_is_no_change(defined, tmp_path):
    before = defined()
    path = tmp_path / "package/evidence/tables/cells.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    assert defined() == before


def test_an_earlier_run_is_part_of_the_plan_alone(defined, tmp_path):
    """Time and noise are taken from every CSV in config/reference."""
    before = defined()
    folder = tmp_path / "config" / "reference"
    folder.mkdir(parents=True)
    seen = {before[2]}
    for content in ("dataset,run\n", "dataset,run,seed\n"):
        (folder / "mine.csv").write_text(content)
        after = defined()
        assert after[:2] == before[:2] and after[2] not in seen
        seen.add(after[2])


@pytest.mark.parametrize(("old", "new", "part"), [("74.93", "74.94", True), ("rows:", "rows: # a comment", False)])
def test_a_table_that_is_not_asked_for_is_part_of_claims_and_audit(defined, tmp_path, old, new, part):
    before, text = defined(), (PROJECT / "config" / "tables" / "table4.yaml").read_text()
    assert old in text
    (tmp_path / "config" / "tables").mkdir(parents=True)
    (tmp_path / "config" / "tables" / "table4.yaml").write_text(text.replace(old, new, 1))
    after = defined()
    assert after[0] == before[0] and (after[1] != before[1]) == part
