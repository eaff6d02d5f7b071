import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from evidence.report_pages import ROOT, Page, draw, small_evidence, small_grid, small_page, small_results
from evidence.synthetic import grid, row, table, write_seeds
from fresh_interpreter import imported

from ltmlc.evidence.claims.report import ABOUT_NONE
from ltmlc.evidence.claims.verdict import CLAIM_VERDICTS
from ltmlc.evidence.comparison.verdicts import CELL_VERDICTS
from ltmlc.evidence.report.html.look import CELLS, CLAIMS
from ltmlc.evidence.report.html.page import report_html
from ltmlc.evidence.report.html.pictures import inline
from ltmlc.evidence.report.html.runs_view import command_of
from ltmlc.evidence.report.html.tables_view import lines_behind
from ltmlc.evidence.report.markdown import evidence_markdown
from ltmlc.evidence.results.results import RunResult

HOSTILE = (
    '"><script>window.hacked = 1</script>',
    "</script><img src=x onerror='window.hacked = 1'>",
    "</style>{{ 7 * 7 }}{% raw %}",
    "javascript:window.hacked=1//",
    "' onfocus='window.hacked = 1' autofocus x='",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    small_results(folder)
    (folder / "figures").mkdir()
    draw(folder / "figures" / "fig4.png")
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return small_page(folder)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_verdict_counts_come_first_then_every_section(page):
    headings = page.texts_of("h2")
    assert headings == [
        "Verdicts",
        "Tables",
        "The paper’s sentences",
        "The paper’s own numbers",
        "Cost",
        "Environment",
        "What is missing",
        "What the paper leaves open",
        "Runs",
        "How to cite",
    ]
    counts = page.texts_of("table", class_="plain counts")[0]
    assert "? inconclusive outside its own interval, but among so many rows some are by chance4" in counts
    assert "✗ failed the training failed; its log says why4" in counts


def test_a_number_shows_ours_the_reference_the_difference_and_its_verdict_as_sign_and_word(page):
    cells = page.texts_of("a", class_="cell")
    assert cells[0] == "52.00 ±0.71 published 51.00 difference +1.00 ≈ within noise"
    assert cells[4].startswith("61.20 ±0.28 published 50.00 difference +11.20 ? inconclusive gain +9.20")
    assert cells[8] == "✗ published 40.00 ✗ failed"
    assert cells[12] == "… published 45.00 … missing"


def test_beneath_a_table_stand_its_rank_agreement_and_the_controls(tmp_path):
    rows = [row(label, label.lower(), [float(value)] * 4) for label, value in zip("ABC", (50, 40, 30), strict=True)]
    for label, value in zip("abc", (55, 45, 48), strict=True):
        write_seeds(tmp_path, "voc-lt", label, [value, value + 1])
    foot = Page(small_page(tmp_path, asked=grid(table("t", *rows), seeds=(0, 1)))).texts_of("tfoot")
    assert foot[0].startswith("rank agreement (τ)+0.33+0.33+0.33+0.33 chance")
    assert "oracle100.00100.00100.00100.00" in foot[0]


def test_copies_of_a_seed_count_once_behind_a_number(tmp_path):
    write_seeds(tmp_path, "voc-lt", "a", [50, 50, 53])
    text = small_page(tmp_path, asked=grid(table("t", row("A", "a", [51.0] * 4)), seeds=(0, 1, 2)))
    assert r'"51.50 \u00b1 2.12"' in text and '"0: 50.00, 2: 53.00"' in text
    assert "seeds that both have" not in text


def test_degrees_of_freedom_have_one_decimal(folder):
    evidence = small_evidence(folder)
    (row, cells), *_ = evidence.rows["table1"]
    cell = cells["voc-lt"]
    comparison = replace(evidence.comparisons["table1", row.label, cell.run, "voc-lt", "total"], df=10 / 3)
    lines = lines_behind(evidence, row, cell, "total", comparison, CELLS[comparison.verdict])
    assert dict(lines)["expected"].endswith("(95 %, df 3.3)")


def test_what_is_about_no_single_data_set_is_called_the_same_on_every_page(folder):
    evidence = small_evidence(folder)
    page = Page(report_html(evidence))
    assert ABOUT_NONE in page.texts_of("h3")
    assert ABOUT_NONE in page.texts_of("table", class_="plain counts")[1]
    markdown = evidence_markdown(evidence)
    assert f"### {ABOUT_NONE}\n" in markdown and f"| {ABOUT_NONE} |" in markdown


def test_nothing_is_offered_or_explained_that_no_cell_has(tmp_path):
    write_seeds(tmp_path, "voc-lt", "a", (50, 51))
    text = small_page(tmp_path, asked=grid(table("t", row("A", "a"), row("B", "b")), seeds=(0, 1)))
    page = Page(text)
    assert page.texts_of("fieldset") == [], "there is one quantity to sort by"
    assert [a.get("value") for a in page.all("input")] == []
    how = page.texts_of("div", class_="how")[0]
    assert "ours ± standard deviation over seeds 0, 1 (… missing). The best of a column is underlined." in how
    assert "random ranking" in how and not re.search("Kendall|below it|verdict|failed", how)
    assert "T: ours; mAP in percent" in text and "no row has a published number" in text


def test_what_is_compared_is_offered_and_explained(page):
    assert [a["value"] for a in page.all("input")] == ["ours", "reference", "difference"]
    how = page.texts_of("div", class_="how")[0]
    assert "below it the paper’s, and the difference with the sign of its verdict" in how
    assert "(= match, ≈ within noise, ? inconclusive, … missing, ✗ failed)" in how


def test_what_stands_behind_a_number_is_there_for_the_pop_up(page):
    details = json.loads(page.texts_of("script", type="application/json")[0])
    cell = details["cells"][0]
    lines = dict(cell["lines"])
    assert cell["title"] == "Table1: LSEP" and cell["where"] == "VOC-LT, total"
    assert lines["seeds"] == "0: 51.50, 1: 52.50"
    assert lines["published"] == "51.00 (run by the authors)"
    assert lines["verdict"].startswith("≈ within noise: one more run is expected within")
    run = details["runs"][cell["run"]]
    assert run["run"] == "lsep"
    assert [log[0] for log in run["logs"]] == [0, 1]
    assert run["logs"][0][3] == "./runs/voc-lt/lsep/seed0/train.log"
    assert run["command"].startswith("python -m ltmlc train voc-lt lsep --seed SEED")
    assert len(details["cells"]) == len(page.texts_of("a", class_="cell"))


def test_a_failed_cell_names_its_log_beneath_the_table(page, folder):
    failures = page.texts_of("ul", class_="notes failures")
    assert len(failures) == 1
    assert (
        f"✗ failed voc-lt/asl/seed0: the loss is not finite ({folder}/runs/voc-lt/asl/seed0/train.log)" in failures[0]
    )


def test_without_the_script_a_number_links_to_its_run(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id is used twice"
    targets = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    assert targets and set(targets) <= set(ids)
    assert sum(target.startswith("run-") for target in targets) == 24


def test_everything_is_inside_the_file(text, page):
    loaded = [a[key] for _, a in page.elements for key in ("src", "srcset", "action", "data") if a.get(key)]
    assert loaded and all(each.startswith("data:") for each in loaded)
    assert not re.search(r"@import|url\(", text)
    assert [a["href"] for a in page.all("link")] == ["data:,"]
    outside = {a["href"] for a in page.all("a") if not a["href"].startswith(("#", "./"))}
    assert outside == {"https://doi.org/10.1007/978-3-031-73414-4_24"}


def test_the_policy_admits_this_script_and_no_other(text):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    script = re.search(r"<script>(.*?)</script>", text, flags=re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy


def test_structure_is_what_a_screen_reader_needs(page):
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    assert all(th.get("scope") in ("row", "col") for th in page.all("th"))
    assert page.all("img") and all(image["alt"] for image in page.all("img"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    labelled = {a["aria-labelledby"] for a in page.all("section")}
    assert labelled <= {a.get("id") for _, a in page.elements}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_a_user_becomes_markup(tmp_path, hostile):
    asked = small_grid(label=hostile, note=hostile, title=hostile)
    asked.config["reference"] = "published"
    small_results(tmp_path, error=hostile)
    page = Page(small_page(tmp_path, asked=asked))
    harmless = Page(small_page(tmp_path, asked=small_grid()))
    shape = [(tag, sorted(attributes)) for tag, attributes in page.elements]
    assert shape == [(tag, sorted(attributes)) for tag, attributes in harmless.elements]
    assert hostile in " ".join(page.texts_of("th", scope="row"))
    details = json.loads(page.texts_of("script", type="application/json")[0])
    assert details["cells"][0]["title"] == f"Table1: {hostile}"


def test_a_folder_name_cannot_become_another_address(tmp_path):
    folder = tmp_path / "javascript:alert(1)" / 'a" onclick="b'
    small_results(folder)
    page = Page(small_page(folder))
    links = [a["href"] for a in page.all("a") if not a["href"].startswith(("#", "https://doi.org/"))]
    assert links and all(re.fullmatch(r"\./[\w./-]+", link) for link in links)


def test_nothing_finished_still_makes_a_page(tmp_path):
    page = Page(small_page(tmp_path))
    assert "0 of 12 runs finished, 12 missing." in page.texts_of("header")[0]
    assert "6 runs of VOC-LT not finished" in page.texts_of("section", id="missing")[0]
    assert "No run has finished" in page.texts_of("section", id="environment")[0]
    assert page.texts_of("a", class_="cell")[0] == "… published 51.00 … missing"


def test_without_a_reference_the_page_shows_ours_alone_and_says_why(tmp_path):
    asked = grid(table("t", row("A", "run-a")), seeds=(0, 1))
    asked.config["reference"] = str(tmp_path / "absent.csv")
    page = Page(small_page(tmp_path, asked=asked))
    assert "No reference to compare with yet" in page.texts_of("section", id="verdicts")[0]
    assert page.texts_of("a", class_="cell")[0] == "… missing"


def test_a_folder_without_the_paper_s_files_takes_them_from_this_project(folder, page, tmp_path):
    assert Page(small_page(folder, root=tmp_path)).texts_of("h2") == page.texts_of("h2")


def test_one_seed_shows_differences_and_says_why_there_are_no_verdicts(tmp_path):
    small_results(tmp_path)
    page = Page(small_page(tmp_path, asked=small_grid(seeds=(0,))))
    assert page.texts_of("a", class_="cell")[0] == "51.50 published 51.00 difference +0.50 ○ no verdict"
    assert "One seed: nothing measures the noise" in page.texts_of("section", id="missing")[0]


def test_figures_are_inline_small_and_described(tmp_path):
    small_results(tmp_path)
    figures = tmp_path / "figures"
    figures.mkdir()
    for name in ("fig4", "classes_voc-lt", "images_voc-lt", "changes_voc-lt"):
        draw(figures / f"{name}.png")
    page = Page(small_page(tmp_path))
    images = page.all("img")
    assert [image["src"][:23] for image in images] == ["data:image/webp;base64,"] * 2
    assert images[0]["alt"] == "Total mAP over a parameter of the loss. gamma1 on VOC-LT: best 50.20 at 1 of 1 points."
    assert images[1]["width"] == "60"
    captions = page.texts_of("figcaption")
    assert captions[0].startswith("Fig. 4: total mAP over gamma1")
    missing = page.texts_of("section", id="missing")[0]
    assert (
        "images_voc-lt.png" in missing
        and "changes_voc-lt.png" in missing
        and "photographs are other people's" in missing
    )
    assert "Figure 3: gradients: not drawn yet" in missing


def test_figures_of_another_data_set_whose_name_ends_alike_are_not_taken(tmp_path):
    """It need not be one of the configuration's: another one's may share the folder."""
    (tmp_path / "config" / "datasets").mkdir(parents=True)
    (tmp_path / "config" / "datasets" / "my_voc-lt.yaml").touch()
    (tmp_path / "figures").mkdir()
    for name in ("classes_voc-lt", "classes_my_voc-lt", "of_mine_voc-lt"):
        draw(tmp_path / "figures" / f"{name}.png")
    text = small_page(tmp_path, root=tmp_path)
    assert "my_voc-lt" not in text and "Classes my" not in text
    assert len(Page(text).all("img")) == 1 and "figures/of_mine_voc-lt.png" in text, "what one drew oneself is named"


def test_training_curves_have_a_section_of_their_own_with_one_caption(tmp_path):
    (tmp_path / "figures").mkdir()
    draw(tmp_path / "figures" / "curves_fig4.png")
    page = Page(small_page(tmp_path))
    (section,) = page.texts_of("section", id="curves")
    assert "Curves of" in section and section.count("How each row of the table trained") == 1
    assert "the loss over the epochs" in page.all("img")[0]["alt"]
    assert "not drawn yet" in page.texts_of("section", id="missing")[0], "those of the other tables"
    assert Page(small_page(tmp_path / "none")).texts_of("section", id="curves") == []


def test_a_figure_of_the_methods_is_described_whatever_methods_are_asked_for(tmp_path):
    (tmp_path / "figures").mkdir()
    draw(tmp_path / "figures" / "gain_voc-lt.png")
    (image,) = Page(small_page(tmp_path)).all("img")
    assert image["alt"] == "Bars: average precision of the last method less that of the first, for each class."


def test_an_unreadable_figure_is_named_and_never_an_error(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "fig4.png").write_bytes(b"\x89PNG cut short")
    assert "fig4.png" in Page(small_page(tmp_path)).texts_of("section", id="missing")[0]


def test_the_same_results_give_the_same_bytes(folder, text):
    assert small_page(folder) == text


def test_the_report_verb_writes_four_files_that_say_the_same(tmp_path):
    config = {"datasets": ["digits20-lt"], "tables": ["table4"], "results": str(tmp_path), "figures": str(tmp_path)}
    command = [sys.executable, "-m", "ltmlc", "report", "--config", json.dumps(config), "--out", str(tmp_path / "out")]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    out = tmp_path / "out"
    written = {"report.html", "REPRODUCTION.md", "numbers.tex", "checklist.md"}
    assert {path.name for path in out.iterdir()} == written | {"report.sha256"}
    count = "0 of 4 runs finished, 4 missing."
    assert count in (out / "report.html").read_text() and count in (out / "REPRODUCTION.md").read_text()
    assert r"\newcommand{\ltmlcRunsMissing}{4}" in (out / "numbers.tex").read_text()
    assert "4 asked for: 0 finished, 0 failed, 4 missing" in (out / "checklist.md").read_text()


def test_commands_that_differ_in_the_seed_alone_are_shown_once(tmp_path):
    def result(seed, command):
        return RunResult("d", "r", seed, "finished", tmp_path, metrics={"command": command})

    same = [result(seed, f"train --seed {seed} --out runs/seed{seed}") for seed in (1, 10)]
    assert command_of(same) == "train --seed SEED --out runs/seedSEED\n# SEED: 1, 10"
    other = [same[0], result(10, "train --seed 10 --threads 4")]
    assert command_of(other) == "train --seed 1 --out runs/seed1\ntrain --seed 10 --threads 4"
    assert command_of([same[0]]) == "train --seed 1 --out runs/seed1"


def test_inline_markup_of_captions_becomes_html_and_nothing_else_does():
    assert inline("a *b* ``c*`` **d** <i>") == "a <em>b</em> <code>c*</code> <strong>d</strong> &lt;i&gt;"


def test_every_verdict_has_a_look_in_the_order_of_verdicts():
    assert (tuple(CELLS), tuple(CLAIMS)) == (CELL_VERDICTS, CLAIM_VERDICTS)


def test_the_report_never_imports_torch():
    assert "torch" not in imported("import ltmlc.evidence.report")
