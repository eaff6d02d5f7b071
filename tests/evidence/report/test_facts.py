import re
from types import SimpleNamespace

import pytest
from evidence.report_pages import ROOT, small_evidence, small_results
from evidence.synthetic import grid, row, split, table, write

from ltmlc.evidence.markup import count_verdicts
from ltmlc.evidence.report import report_files
from ltmlc.evidence.report.facts import citations, costs, environment_values, judged_datasets, total_time
from ltmlc.evidence.report.gather import Evidence
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.report.lead import lead
from ltmlc.evidence.report.markdown import evidence_markdown
from ltmlc.evidence.results.results import load_results


@pytest.fixture
def evidence(tmp_path):
    small_results(tmp_path)
    write(tmp_path, "voc-lt", "bce", 0, 45.0, peak_memory={"host_bytes": 3 * 2**30, "device_bytes": None})
    return small_evidence(tmp_path)


def test_the_cost_of_a_data_set_is_that_of_its_finished_runs(evidence):
    (cost,) = costs(evidence)
    assert cost.runs == {"finished": 7, "failed": 2, "missing": 3}
    assert (cost.seconds, cost.median_seconds, cost.images_per_second) == (98.0, 14.0, 10.0)
    assert (cost.classes, cost.groups, cost.train_images, cost.test_images) == (3, (1, 1, 1), 6, 4)
    assert cost.memory == {"host_bytes": 3 * 2**30, "device_bytes": 0}
    assert cost.devices == ("cpu",)
    assert total_time(evidence.results) == "2 min"


def test_one_seed_has_verdicts_where_the_seeds_of_a_reference_measure_the_noise(tmp_path):
    reference = tmp_path / "reference.csv"
    lines = [f"voc-lt,a,{seed},{50 + seed},50,50,{50 - seed}" for seed in range(3)]
    reference.write_text("\n".join(["dataset,run,seed,total,head,medium,tail", *lines]))
    asked = grid(table("t", row("A", "a")))
    asked.config.update(reference=str(reference), figures=str(tmp_path))
    write(tmp_path, "voc-lt", "a", 0, 50.4)
    evidence = Evidence(asked, load_results(asked, tmp_path), {"voc-lt": split()}, ROOT)
    assert evidence.diff.tested
    for page in (evidence_markdown(evidence), report_html(evidence, folder=tmp_path)):
        assert "One seed" not in page and "no verdicts on numbers" not in page


def test_every_value_of_a_version_is_counted(evidence):
    assert environment_values(evidence.results.with_status("finished"), "torch") == {"2.14.1": 7}
    assert environment_values(evidence.results.runs.values(), "no such key") == {}


def test_verdicts_are_counted_in_their_order_over_the_data_sets_that_have_any():
    judged = [SimpleNamespace(verdict=verdict, dataset=name) for verdict, name in (("b", "x"), ("a", "x"), ("b", "y"))]
    assert judged_datasets(judged, ["y", "x", "z"]) == ["y", "x"]
    assert count_verdicts(("a", "b", "c"), judged, ["y", "x"]) == [("a", 1, [0, 1]), ("b", 2, [1, 1])]


def test_the_year_is_named_once_in_a_citation():
    paper, software = citations(ROOT)
    assert paper.place == "Computer Vision – ECCV 2024"
    assert software.place == "0.1.0"


def test_a_citation_is_there_for_bibtex_as_well():
    paper, software = (citation.bibtex for citation in citations(ROOT))
    assert paper.startswith("@inproceedings{lin2024,\n  title = {{Distributionally Robust Loss")
    assert "author = {Lin, Dekun and Peng, Tailai and" in paper
    assert "doi = {10.1007/978-3-031-73414-4_24}," in paper and paper.count("{") == paper.count("}")
    assert software.startswith("@misc{ltmlc,") and "author = {{The ltmlc developers}}," in software


def test_page_and_markdown_say_the_same(evidence, tmp_path):
    html, markdown, _, _ = report_files(evidence, tmp_path / "out").values()
    assert markdown == evidence_markdown(evidence, folder=tmp_path / "out")
    for sentence in lead(evidence):
        assert sentence in markdown and sentence in html
    for number in re.findall(r"\*?\*?(\d\d\.\d\d)\*?\*? ± ", markdown):
        assert number in html
    for verdict, count in evidence.diff.counts.items():
        if count:
            assert f"| {verdict} | {count} |" in markdown and f'strong">{count}</td>' in html


def test_every_caption_of_the_workflow_s_own_report_is_there():
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    captions = re.findall(r'caption="\.\./report/(\w+\.rst)"', rules)
    assert {"report.rst", "numbers.rst", "checklist.rst"} <= set(captions)
    assert all((ROOT / "workflow" / "report" / name).read_text().strip() for name in captions)
