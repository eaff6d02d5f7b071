"""The committed evidence on real photographs: the pages are what the metrics files say."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_tables import rows_of
from page import main as write_page
from page_prose import missing, prose_of

from ltmlc.cli import main

ROOT = Path(__file__).parents[1]
ABSOLUTE_PATH = re.compile(r"(?<![\w.-])/[\w.-]+/")
IMAGE_ID = re.compile(r"(?<![\w.+-])\d{6}(?!\w|\.\d)")  # of VOC2007
ARCHIVES = sorted(path for path in (ROOT / "config" / "reference").iterdir() if path.is_dir())
KEPT = {"metrics.json", "statistics.json", "linear_probe.json"}
KEPT |= {"first-sweep.csv", "first-tuned.csv"}  # of a sweep whose runs are not kept


class Evidence(NamedTuple):
    """A page, the tables on it, and the options that say what it is made from."""

    page: str
    tables: tuple[str, ...]
    config: str
    results: str

    @property
    def options(self) -> list[str]:
        return ["--config", self.config, "--results", self.results]

    @property
    def text(self) -> str:
        return (ROOT / self.page).read_text(encoding="utf-8")


SHORT = Evidence(
    "docs/photographs-96px.md",
    ("photographs",),
    "config/voc07-short-evidence.yaml",
    "config/reference/voc07-lt-96px-short",
)
FROZEN = Evidence(
    "docs/photographs-frozen.md",
    ("photographs", "table1", "table2", "table3", "table4", "table5", "table6", "fig4"),
    "config/voc07-frozen-evidence.yaml",
    "config/reference/voc07-lt-frozen",
)
WHOLE = Evidence(
    "docs/photographs.md",
    ("photographs", "table1", "table2"),
    "config/voc07-evidence.yaml",
    "config/reference/voc07-lt-224px",
)


@pytest.fixture(params=[SHORT, FROZEN, WHOLE], ids=["short", "frozen", "whole"])
def evidence(request, monkeypatch) -> Evidence:
    monkeypatch.chdir(ROOT)
    return request.param


def test_the_page_is_what_the_metrics_files_say(evidence, tmp_path):
    out = tmp_path / "page.md"
    write_page([*evidence.tables, *evidence.options, "--out", str(out)])
    assert out.read_text().replace(str(out), evidence.page) == evidence.text


@pytest.mark.parametrize(
    ("verb", "files"),
    [
        (["tabulate", "photographs"], ["photographs.csv", "photographs.md", "photographs.sha256", "photographs.tex"]),
        (["claims"], ["claims.csv", "claims.md", "claims.sha256"]),
    ],
)
def test_tables_and_claims_are_made_from_them_and_nothing_is_written_there(verb, files, evidence, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in Path(evidence.results).rglob("*")}
    assert main([*verb, *evidence.options, "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert {path: path.stat().st_mtime_ns for path in Path(evidence.results).rglob("*")} == before


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name)
def test_nothing_but_small_files_of_numbers_is_kept(archive):
    files = [path for path in archive.rglob("*") if path.is_file()]
    assert {path.name for path in files} <= KEPT
    assert all(path.stat().st_size < 50_000 for path in files)
    texts = {path: path.read_text() for path in files}
    assert [path for path, text in texts.items() if ABSOLUTE_PATH.search(text) or IMAGE_ID.search(text)] == []


def test_rows_stand_beside_the_papers_and_the_two_orders_are_compared():
    numbers = {"RS": "63.7 / 75.4", "DB Focal": "70.7 / 78.3"}  # Table 1 of the paper
    beside = section(FROZEN, "Beside the paper's VOC-LT")
    for label, both in numbers.items():
        assert f"| {label} | {both} |" in beside
    assert "Kendall's tau between the two orders of these rows: total +0." in beside


def test_what_other_pages_say_of_the_noise_stands_on_these():
    noise = {evidence: section(evidence, "Noise between seeds, measured") for evidence in (FROZEN, WHOLE)}
    spread = {row["row"]: row["total"].split(" ")[0] for row in rows_of(noise[FROZEN])}
    own = spread["of it a row's own"]
    (precision,) = [row for row in rows_of(section(WHOLE, "In another precision")) if row["run"] == "DB Focal, seed 0"]
    lower = re.search(r": -(\d\.\d\d) \(", precision["total"])[1]
    (seeds,) = [row["total"] for row in rows_of(noise[WHOLE]) if row["row"] == "DB Focal"]
    assert not missing(
        prose_of("docs/verdicts.md"),
        f"seeds alone move a run by {spread['one run, all rows']} mAP",
        f"{spread['of it shared by all rows of a seed']} together with all other rows of that seed and {own} by itself",
    )
    assert not missing(
        prose_of("docs/run-on-photographs.md"),
        f"its total is {lower} lower; the sd of this row's three seeds is {seeds}.",
    )


def section(evidence: Evidence, title: str) -> str:
    return evidence.text.split(f"## {title}\n")[1].split("\n## ")[0]
